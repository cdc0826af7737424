import { isSharedRepository } from '../../decision/shared-repository.ts'
import { activitySince, noCommit, type Span, tipsWithin } from './branch-activity.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import type { Pull } from './pulls.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** The text of a policy file and its location. */
export type PolicyFile = { text: string; where: string; blob: string }

/**
 * The policy file of a repository on its default branch, never that of the pull request, and the one in the organization's
 * `.github` repository. Where one is undefined there is none, or the App may not read it.
 */
export async function readPolicyFiles(
  github: GitHub,
  repository: RepositoryName,
  path: string,
): Promise<{ own: PolicyFile | undefined; shared: PolicyFile | undefined }> {
  const [own, shared] = await Promise.all([
    readFile(github, repository, path),
    readSharedFile(github, repository, path),
  ])
  return { own, shared }
}

/** The file of the organization's `.github` repository, now or at a commit; that repository itself falls back to no other. */
export async function readSharedFile(
  github: GitHub,
  { owner, repo }: RepositoryName,
  path: string,
  ref?: string,
): Promise<PolicyFile | undefined> {
  if (isSharedRepository(repo)) return undefined
  const shared = await readFile(github, { owner, repo: '.github' }, path, ref)
  return shared && { ...shared, where: sharedPlace(owner, path) }
}

/**
 * The organization's file as it stood at any instant of a span: several where it changed within it, or where GitHub does not list yet
 * what brought the file of now. `undefined` among them: there was none.
 */
export async function sharedFilesWithin(
  github: GitHub,
  repository: RepositoryName,
  path: string,
  { span, now }: { span: Span; now: PolicyFile | undefined },
): Promise<(PolicyFile | undefined)[]> {
  const shared = { owner: repository.owner, repo: '.github' }
  const answer = await orAbsent(github.rest.repos.get(shared))
  if (!answer) return [now]
  const { default_branch: branch, created_at } = answer.data
  const madeAt = new Date(created_at ?? 0)
  const rows = await activitySince(github, shared, branch, span.from)
  const { first = branch, moves } = tipsWithin(rows, span)
  const tips = madeAt < span.to ? [first, ...moves] : []
  const readAt = (tip: string) =>
    noCommit.test(tip) ? undefined : readSharedFile(github, repository, path, tip)
  const files = await Promise.all(tips.map(readAt))
  const isNewest = rows[0]?.after === tips.at(-1)
  const lagging = isNewest && files.at(-1)?.blob !== now?.blob ? [now] : []
  return [...(madeAt < span.from ? [] : [undefined]), ...files, ...lagging]
}

/** How the organization's file is named to readers. */
export function sharedPlace(owner: string, path: string): string {
  return `${owner}/.github: ${path}`
}

/** The id of the organization's `.github` repository; undefined where there is none, or the App may not see it. */
export async function sharedRepositoryId(github: GitHub, owner: string): Promise<number | undefined> {
  return (await orAbsent(github.rest.repos.get({ owner, repo: '.github' })))?.data.id
}

/** A file of a repository at a ref, by default the default branch. A folder or a submodule is not a file. */
export async function readFile(
  github: GitHub,
  repository: RepositoryName,
  path: string,
  ref?: string,
): Promise<PolicyFile | undefined> {
  const answer = await orAbsent(
    github.rest.repos.getContent({ ...nameOf(repository), path, ...(ref ? { ref } : {}) }),
  )
  const data = answer?.data
  if (!data || Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined
  if (data.encoding !== 'base64') throw new Error(`${path} is larger than 1 MB, and GitHub does not show it`)
  return { text: Buffer.from(data.content, 'base64').toString('utf8'), where: path, blob: data.sha }
}

/** The paths of all files at a ref. Undefined: there is no such ref, or GitHub cuts the list. */
export async function listFiles(
  github: GitHub,
  repository: RepositoryName,
  ref: string,
): Promise<string[] | undefined> {
  const options = { ...nameOf(repository), tree_sha: ref, recursive: '1' }
  const answer = await orAbsent(github.rest.git.getTree(options))
  if (!answer || answer.data.truncated) return undefined
  return answer.data.tree.flatMap(({ path, type }) => (type === 'blob' && path ? [path] : []))
}

/** Every path that a pull request touches, including old names of renamed files, and the pull request itself. */
export async function listPullFiles(
  github: GitHub,
  pull: RepositoryName & { number: number },
): Promise<{ paths: string[]; data: Pull }> {
  const at = { owner: pull.owner, repo: pull.repo, pull_number: pull.number }
  const { data } = await github.rest.pulls.get(at)
  const files = await github.paginate(github.rest.pulls.listFiles, { ...at, per_page: 100 })
  const paths = files.flatMap(({ filename, previous_filename: old }) => (old ? [filename, old] : [filename]))
  return { paths, data }
}
