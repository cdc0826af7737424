import type { By } from './context.ts'
import { record } from './events.ts'
import { commitsBetween, isAncestor } from './git-history.ts'
import { shaOf } from './git-reading.ts'
import { moveRef } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { invalid } from './problems.ts'
import { setAutoMerge } from './pull-edits.ts'
import { emitPull, openPulls } from './pull-facts.ts'
import type { Issue, PullIssue, Repository } from './repository-state.ts'
import { userById } from './shapes/account.ts'

export type NewPull = {
  title: string
  body: string | null
  base: string
  headRepository: Repository
  headRef: string
  draft: boolean
  maintainerCanModify: boolean
}

/** Issues and pull requests share their numbers. */
function nextNumber({ issues, movedIssues }: Repository): number {
  return Math.max(0, ...issues.keys(), ...(movedIssues?.keys() ?? [])) + 1
}

export function newIssue(
  hub: Hub,
  repository: Repository,
  by: By,
  title: string,
  body: string | null,
): Issue {
  const now = hub.clock()
  const number = nextNumber(repository)
  const issue: Issue = {
    id: hub.world.nextId('issue'),
    number,
    title,
    body,
    userId: by.userId,
    state: 'open',
    stateReason: null,
    labels: [],
    assignees: [],
    locked: false,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedBy: null,
    comments: [],
    events: [],
  }
  repository.issues.set(number, issue)
  return issue
}

export async function openPull(
  hub: Hub,
  repository: Repository,
  by: By,
  params: NewPull,
): Promise<PullIssue> {
  const { headRepository, headRef } = params
  const baseSha = await shaOf(repository.git, `refs/heads/${params.base}`)
  const headSha = await shaOf(headRepository.git, `refs/heads/${headRef}`)
  if (!baseSha) throw invalid([{ resource: 'PullRequest', field: 'base', code: 'invalid' }])
  if (!headSha) throw invalid([{ resource: 'PullRequest', field: 'head', code: 'invalid' }])
  const twin = openPulls(repository).find(
    ({ pull }) =>
      pull.baseRef === params.base && pull.headRef === headRef && pull.headRepositoryId === headRepository.id,
  )
  const label = `${userById(hub, headRepository.ownerId).login}:${headRef}`
  const custom = (message: string) =>
    invalid([{ resource: 'PullRequest', field: '', code: 'custom', message }])
  if (twin) throw custom(`A pull request already exists for ${label}.`)
  const number = nextNumber(repository)
  await keepHead(repository, number, headRepository, `refs/heads/${headRef}`, headSha)
  const ahead = await commitsBetween(repository.git, baseSha, headSha)
  if (ahead.length === 0) throw custom(`No commits between ${params.base} and ${headRef}`)
  const issue = newIssue(hub, repository, by, params.title, params.body)
  issue.pull = newPull(hub, params, baseSha, headSha)
  const opened = issue as PullIssue
  await emitPull(hub, repository, opened, 'opened', by)
  return opened
}

/** Makes the head known to the base repository as `refs/pull/{n}/head`, also when it lives in a fork. */
export async function keepHead(base: Repository, number: number, head: Repository, ref: string, sha: string) {
  const kept = `refs/pull/${number}/head`
  if (base !== head) await base.git.run(['fetch', '--quiet', '--no-tags', head.git.folder, `+${ref}:${kept}`])
  else if (!(await moveRef(base.git, kept, sha))) throw new Error(`${kept} could not be set to ${sha}`)
}

function newPull(hub: Hub, params: NewPull, baseSha: string, headSha: string): PullIssue['pull'] {
  return {
    id: hub.world.nextId('pull'),
    baseRef: params.base,
    baseSha,
    headRepositoryId: params.headRepository.id,
    headRef: params.headRef,
    headSha,
    draft: params.draft,
    mergedAt: null,
    mergedBy: null,
    mergeCommitSha: null,
    maintainerCanModify: params.maintainerCanModify,
    requestedReviewers: new Set(),
    requestedTeams: new Set(),
    reviews: [],
    autoMerge: null,
  }
}

/** Closes a pull request; with `mergeCommitSha` it counts as merged. */
export async function closePull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
  merged?: { mergeCommitSha: string },
): Promise<void> {
  const now = hub.clock()
  if (!merged) issue.pull.baseSha = (await shaOf(repository.git, issue.pull.baseRef)) ?? issue.pull.baseSha
  Object.assign(issue, { state: 'closed', closedAt: now, closedBy: by.userId })
  if (merged) {
    Object.assign(issue.pull, { mergedAt: now, mergedBy: by.userId, mergeCommitSha: merged.mergeCommitSha })
    record(hub, issue, 'merged', by, { commitId: merged.mergeCommitSha })
  } else if (issue.pull.autoMerge) await setAutoMerge(hub, repository, issue, null, by)
  record(hub, issue, 'closed', by)
  const queued = repository.queues
    .get(issue.pull.baseRef)
    ?.entries.some(({ number }) => number === issue.number)
  if (queued && !merged) {
    hub.background.rebuildQueue(repository, issue.pull.baseRef, { leaving: issue.number, by })
  }
  await emitPull(hub, repository, issue, 'closed', by)
}

export async function reopenPull(hub: Hub, repository: Repository, issue: PullIssue, by: By): Promise<void> {
  const { pull } = issue
  const custom = (message: string) =>
    invalid([{ resource: 'PullRequest', field: 'state', code: 'custom', message }])
  if (pull.mergedAt !== null) throw custom('state cannot be changed. The pull request cannot be reopened.')
  const headRepository = hub.world.repositories.get(pull.headRepositoryId ?? -1)
  const head = headRepository && (await shaOf(headRepository.git, `refs/heads/${pull.headRef}`))
  if (!headRepository || !head)
    throw custom(`state cannot be changed. The ${pull.headRef} branch has been deleted.`)
  if (!(await isAncestor(headRepository.git, pull.headSha, head))) {
    throw custom(`state cannot be changed. The ${pull.headRef} branch was force-pushed or recreated.`)
  }
  await keepHead(repository, issue.number, headRepository, `refs/heads/${pull.headRef}`, head)
  pull.headSha = head
  Object.assign(issue, { state: 'open', closedAt: null, closedBy: null })
  record(hub, issue, 'reopened', by)
  await emitPull(hub, repository, issue, 'reopened', by)
}
