import { GraphQLError } from 'graphql'
import { mayRead } from './access.ts'
import type { Actor } from './context.ts'
import { type Commit, findCommit } from './git-reading.ts'
import { treeEntries } from './git-trees.ts'
import { fullName, type Hub, isoTime } from './hub.ts'
import { isPull, pullCommits } from './pull-facts.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import { accountOfEmail } from './shapes/commit.ts'
import { nodeId } from './shapes/links.ts'
import type { Account } from './world.ts'

/** GraphQL's view of the same world. Fields that cost git work are functions, so that only what is asked for is done. */
export function repositoryObject(hub: Hub, repository: Repository, actor: Actor) {
  const requires = (permission: string) => {
    if (!mayRead(hub, actor, permission)) throw refuse('Resource not accessible by integration', 'FORBIDDEN')
  }
  return {
    __typename: 'Repository',
    id: nodeId('R', repository.id),
    databaseId: repository.id,
    nameWithOwner: fullName(hub, repository),
    isArchived: repository.archived,
    isDisabled: false,
    async defaultBranchRef() {
      const commit = await findCommit(repository.git, `refs/heads/${repository.defaultBranch}`)
      return commit ? { name: repository.defaultBranch } : null
    },
    pullRequest({ number }: { number: number }) {
      const issue = repository.issues.get(number)
      return issue?.pull ? pullObject(hub, repository, issue as PullIssue) : null
    },
    pullRequests({ states, orderBy, ...range }: Range & { states?: string[]; orderBy?: Order }) {
      requires('pull_requests')
      const pulls = [...repository.issues.values()].filter(isPull)
      const wanted = pulls.filter((issue) => !states || states.includes(stateOf(issue)))
      return pullConnection(wanted, orderBy, range, hub, repository)
    },
    async object({ expression, oid }: { expression?: string; oid?: string }) {
      requires('contents')
      const name = oid ?? expression ?? ''
      if (name.includes(':')) return fileObject(repository, name)
      const commit = await findCommit(repository.git, name)
      return commit ? commitObject(hub, repository, commit) : oid ? fileObject(repository, oid) : null
    },
  }
}

export function userObject({ id, login }: Account) {
  return { __typename: 'User', id: nodeId('U', id), databaseId: id, login }
}

export function pullObject(hub: Hub, repository: Repository, issue: PullIssue) {
  const { pull } = issue
  const params = pull.autoMerge
  const enabler = params && hub.world.accounts.get(params.userId)
  const position = queuePosition(repository, issue)
  return {
    __typename: 'PullRequest',
    id: nodeId('PR', repository.id, issue.number),
    databaseId: pull.id,
    number: issue.number,
    title: issue.title,
    isDraft: pull.draft,
    updatedAt: isoTime(issue.updatedAt),
    state: stateOf(issue),
    headRefOid: pull.headSha,
    baseRefName: pull.baseRef,
    autoMergeRequest: params && {
      enabledBy: enabler ? userObject(enabler) : null,
      mergeMethod: params.method.toUpperCase(),
    },
    isInMergeQueue: position > 0,
    mergeQueueEntry: position > 0 ? { id: nodeId('MQE', repository.id, issue.number), position } : null,
    async commits(range: Range) {
      const commits = await pullCommits(repository, issue)
      return connection(commits, range, (commit) => ({ commit: commitObject(hub, repository, commit) }))
    },
  }
}

function stateOf({ state, pull }: PullIssue): string {
  return pull.mergedAt === null ? state.toUpperCase() : 'MERGED'
}

export function queuePosition(repository: Repository, issue: PullIssue): number {
  const entries = repository.queues.get(issue.pull.baseRef)?.entries ?? []
  return entries.findIndex(({ number }) => number === issue.number) + 1
}

/** GitHub's answer to a query that it does not carry out. */
export function refuse(message: string, type = 'UNPROCESSABLE'): GraphQLError {
  return new GraphQLError(message, { extensions: { type } })
}

type Range = { first?: number; last?: number; after?: string }

/** GitHub asks for a page of 1 to 100 rows by name. */
function connection<T, R>(rows: T[], { first, last, after }: Range, shape: (row: T) => R) {
  const size = first ?? last
  if (size === undefined)
    throw refuse('You must provide a `first` or `last` value to properly paginate the connection.')
  if (size < 1 || size > 100) throw refuse(`Requesting ${size} records exceeds the limit of 100 records.`)
  const start = after ? Number(after) : last === undefined ? 0 : Math.max(rows.length - last, 0)
  const end = Math.min(start + size, rows.length)
  return {
    totalCount: rows.length,
    nodes: rows.slice(start, end).map(shape),
    pageInfo: { hasNextPage: end < rows.length, endCursor: String(end) },
  }
}

type Order = { field: string; direction: 'ASC' | 'DESC' }

function inOrder(issues: PullIssue[], order: Order): PullIssue[] {
  const key = ({ createdAt, updatedAt }: PullIssue) => (order.field === 'UPDATED_AT' ? updatedAt : createdAt)
  const sign = order.direction === 'ASC' ? 1 : -1
  return issues.toSorted((a, b) => sign * (key(a) - key(b) || a.number - b.number))
}

/** In the order of creation GitHub's cursor names a row, so that one which is closed between two pages moves no other one. */
function pullConnection(
  rows: PullIssue[],
  order: Order | undefined,
  { after, ...range }: Range,
  hub: Hub,
  repository: Repository,
) {
  const shape = (issue: PullIssue) => pullObject(hub, repository, issue)
  if (order && (order.field !== 'CREATED_AT' || order.direction !== 'ASC'))
    return connection(inOrder(rows, order), { ...range, ...(after && { after }) }, shape)
  const last = Number(after?.split(':')[1] ?? 0)
  const page = connection(
    rows.filter(({ number }) => number > last),
    range,
    shape,
  )
  const end = page.nodes.at(-1)
  const endCursor = end ? `pull:${end.number}` : null
  return { ...page, totalCount: rows.length, pageInfo: { ...page.pageInfo, endCursor } }
}

/** `HEAD:path`, or the id of an object: a file or a folder. */
async function fileObject({ id, git, defaultBranch }: Repository, name: string) {
  const object = await git.read(name.replace(/^HEAD:/, `refs/heads/${defaultBranch}:`))
  if (object?.type === 'tree') {
    const entries = () => treeFields(git, object.id)
    return { __typename: 'Tree', id: nodeId('Tree', id, object.id), oid: object.id, entries }
  }
  if (object?.type !== 'blob') return null
  const blob = { __typename: 'Blob', id: nodeId('Blob', id, object.id), oid: object.id }
  return { ...blob, ...textFields(object.content) }
}

async function treeFields(git: Repository['git'], tree: string) {
  const entries = await treeEntries(git, tree, false)
  return entries.map(({ path: name, mode, sha: oid, size = 0, type }) => ({
    ...{ name, oid, size, type },
    mode: Number.parseInt(mode, 8),
  }))
}

/** GitHub gives no text of a binary file, and cuts a long one. */
const longestText = 512 * 1024

function textFields(content: Buffer) {
  const isBinary = content.subarray(0, 8000).includes(0)
  const text = isBinary ? null : content.subarray(0, longestText).toString('utf8')
  return { byteSize: content.length, isBinary, isTruncated: content.length > longestText, text }
}

function commitObject(hub: Hub, repository: Repository, commit: Commit) {
  return {
    __typename: 'Commit',
    id: nodeId('C', repository.id, commit.sha),
    oid: commit.sha,
    message: commit.message,
    authors: (range: Range) => connection(authorsOf(commit), range, (person) => gitActor(hub, person)),
  }
}

/** The author and everybody in a `Co-authored-by` trailer, each address once. */
function authorsOf({ author, message }: Commit): { name: string; email: string }[] {
  const trailers = [...message.matchAll(/^co-authored-by:\s*(.*?)\s*<([^>]+)>\s*$/gim)]
  const all = [author, ...trailers.map(([, name = '', email = '']) => ({ name, email }))]
  return [...new Map(all.map((person) => [person.email.toLowerCase(), person])).values()]
}

function gitActor(hub: Hub, { name, email }: { name: string; email: string }) {
  const account = accountOfEmail(hub, email)
  return { name, email, user: account ? userObject(account) : null }
}
