import { z } from 'zod'
import { isSharedRepository } from '../../decision/shared-repository.ts'
import type { GitHub } from './client.ts'
import type { OpenPull } from './open-pulls.ts'
import { askInParts, type PartError, type Row, rowsOf } from './partial.ts'
import { notBlob } from './policy.ts'

/** A repository as an installation lists it; `nodeId` is its name in GraphQL, which no renaming changes. */
export type ListedRepository = {
  repositoryId: number
  nodeId: string
  owner: string
  repo: string
  archived?: boolean
}

/** What can be seen of a repository without reading it. `policy`: the blobs of its own policy file and of the shared one. */
export type RepositoryView = {
  owner: string
  repo: string
  archived: boolean
  disabled: boolean
  /** Empty where the repository is. */
  defaultBranch: string
  policy: { own: string | undefined; shared: string | undefined }
  /** The id of the repository with the shared policy, where there is one. */
  sharedFrom: number | undefined
}

/** What can be seen of an open pull request without reading it. */
export type PullView = OpenPull & { draft: boolean; updatedAt: string }

/** So many repositories are asked for at once: GitHub takes no more ids. */
export const viewedTogether = 100
/** Fewer where pull requests are listed: GitHub gives up on an answer after 10 s. */
export const listedTogether = 25

/** Every repository that an installation may see; undefined where the list changed while it was read. */
export async function listRepositories(github: GitHub): Promise<ListedRepository[] | undefined> {
  const found = new Map<number, ListedRepository>()
  for (let page = 1; ; page++) {
    const { data } = await github.rest.apps.listReposAccessibleToInstallation({ per_page: 100, page })
    for (const { id, node_id: nodeId, name: repo, owner, archived } of data.repositories)
      found.set(id, { repositoryId: id, nodeId, owner: owner.login, repo, archived })
    if (data.repositories.length < 100 || found.size >= data.total_count)
      return found.size === data.total_count ? [...found.values()] : undefined
  }
}

type ListedInstallation = Awaited<ReturnType<GitHub['rest']['apps']['listInstallations']>>['data'][number]

/**
 * Every installation of the App; undefined where the list changed while it was read. GitHub gives no count, and one that is removed
 * between two pages shifts another out of the list, so a list of several pages is read twice.
 */
export async function listInstallations(app: GitHub): Promise<ListedInstallation[] | undefined> {
  const read = () => app.paginate(app.rest.apps.listInstallations, { per_page: 100 })
  const found = await read()
  if (found.length < 100) return found
  const again = new Set((await read()).map(({ id }) => id))
  const same = again.size === found.length && found.every(({ id }) => again.has(id))
  return same ? found : undefined
}

const limit = 'rateLimit { cost limit remaining resetAt }'

/** The text of a file is named by its blob: an equal blob is an equal policy. */
export const repositoriesQuery = `query ($ids: [ID!]!, $owner: String!, $file: String!) {
  ${limit}
  nodes(ids: $ids) {
    ... on Repository {
      databaseId nameWithOwner isArchived isDisabled
      defaultBranchRef { name }
      policy: object(expression: $file) { __typename oid }
    }
  }
  shared: repository(owner: $owner, name: ".github") {
    databaseId
    policy: object(expression: $file) { __typename oid }
  }
}`

const blob = z
  .object({ __typename: z.string(), oid: z.string() })
  .nullable()
  .transform((object) => (object && object.__typename !== 'Blob' ? notBlob : object?.oid))

const repositoryShape = z.object({
  databaseId: z.number(),
  nameWithOwner: z.string().regex(/^[^/]+\/[^/]+$/),
  isArchived: z.boolean(),
  isDisabled: z.boolean(),
  defaultBranchRef: z.object({ name: z.string() }).nullable(),
  policy: blob,
})

/**
 * Looks at up to 100 repositories of an account with one query. One that GitHub does not give, for whatever reason, has a
 * problem of its own and none of the others has.
 * @throws where the shared policy cannot be read: it may concern all of them.
 */
export async function viewRepositories(
  github: GitHub,
  account: string,
  asked: ListedRepository[],
  path: string,
): Promise<Row<RepositoryView>[]> {
  const variables = { ids: asked.map(({ nodeId }) => nodeId), owner: account, file: `HEAD:${path}` }
  const { data, errors } = await askInParts(github, repositoriesQuery, variables)
  const shared = sharedPolicy(data.shared, errors)
  const ofRows = errors.filter((error) => !isAbsentShared(error))
  return rowsOf({ data, errors: ofRows }, asked.length, repositoryShape).map((row, index) => {
    if ('problem' in row) return row
    const { databaseId, nameWithOwner, isArchived: archived, isDisabled: disabled, ...rest } = row.value
    if (databaseId !== asked[index]?.repositoryId) return { problem: 'GitHub gave another repository' }
    const [owner = '', repo = ''] = nameWithOwner.split('/')
    const { policy: sharedBlob, databaseId: sharedFrom } = isSharedRepository(repo) ? nothingShared : shared
    const policy = { own: rest.policy, shared: sharedBlob }
    const defaultBranch = rest.defaultBranchRef?.name ?? ''
    return { value: { owner, repo, archived, disabled, defaultBranch, policy, sharedFrom } }
  })
}

/** An account without a repository `.github`, or one that the App may not see: no policy is shared. */
function isAbsentShared({ path, type }: PartError): boolean {
  return path.length === 1 && path[0] === 'shared' && type === 'NOT_FOUND'
}

const sharedShape = z.object({ databaseId: z.number(), policy: blob })
const nothingShared = { databaseId: undefined, policy: undefined }

function sharedPolicy(
  shared: unknown,
  errors: PartError[],
): z.output<typeof sharedShape> | typeof nothingShared {
  if (shared === null && errors.some(isAbsentShared)) return nothingShared
  return sharedShape.parse(shared)
}

const pullFields = `nodes { number headRefOid baseRefName isDraft updatedAt } pageInfo { hasNextPage endCursor }`
/** Oldest first, so that one which is opened while the pages are read is on the last of them. */
const inOrder = 'states: OPEN, orderBy: { field: CREATED_AT, direction: ASC }'

export const pullsQuery = `query ($ids: [ID!]!) {
  ${limit}
  nodes(ids: $ids) { ... on Repository { databaseId pullRequests(${inOrder}, first: 50) { ${pullFields} } } }
}`

export const morePullsQuery = `query ($ids: [ID!]!, $after: String!) {
  ${limit}
  nodes(ids: $ids) { ... on Repository { databaseId pullRequests(${inOrder}, first: 100, after: $after) { ${pullFields} } } }
}`

const pageShape = z.object({
  databaseId: z.number(),
  pullRequests: z.object({
    nodes: z.array(
      z
        .object({
          number: z.number(),
          headRefOid: z.string(),
          baseRefName: z.string(),
          isDraft: z.boolean(),
          updatedAt: z.iso.datetime(),
        })
        .transform(
          ({ number, headRefOid: head, baseRefName: base, isDraft: draft, updatedAt }): PullView => ({
            number,
            head,
            base,
            draft,
            updatedAt,
          }),
        ),
    ),
    pageInfo: z.union([
      z.object({ hasNextPage: z.literal(true), endCursor: z.string() }),
      z.object({ hasNextPage: z.literal(false) }).transform(() => ({ hasNextPage: false as const })),
    ]),
  }),
})

type Page = z.output<typeof pageShape>

/** Every open pull request of up to 25 repositories; one whose list cannot be had whole has a problem of its own. */
export async function viewPulls(github: GitHub, asked: ListedRepository[]): Promise<Row<PullView[]>[]> {
  const pages = await askForPages(github, pullsQuery, asked, {})
  return Promise.all(
    pages.map(async (page, index) => {
      const repository = asked[index]
      return 'problem' in page || !repository
        ? (page as { problem: string })
        : allPages(github, repository, page.value)
    }),
  )
}

async function askForPages(
  github: GitHub,
  query: string,
  asked: ListedRepository[],
  more: object,
): Promise<Row<Page>[]> {
  const answer = await askInParts(github, query, { ids: asked.map(({ nodeId }) => nodeId), ...more })
  return rowsOf(answer, asked.length, pageShape).map((row, index) =>
    'value' in row && row.value.databaseId !== asked[index]?.repositoryId
      ? { problem: 'GitHub gave another repository' }
      : row,
  )
}

async function allPages(github: GitHub, repository: ListedRepository, first: Page): Promise<Row<PullView[]>> {
  const found = [...first.pullRequests.nodes]
  let { pageInfo } = first.pullRequests
  while (pageInfo.hasNextPage) {
    const after: string = pageInfo.endCursor
    const [page] = await askForPages(github, morePullsQuery, [repository], { after })
    if (!page || 'problem' in page) return page ?? { problem: 'GitHub gave no page' }
    found.push(...page.value.pullRequests.nodes)
    pageInfo = page.value.pullRequests.pageInfo
    if (pageInfo.hasNextPage && pageInfo.endCursor === after)
      return { problem: 'GitHub gave the same page again' }
  }
  return { value: found }
}
