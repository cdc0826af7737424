import { ensureSuite } from './check-suites.ts'
import type { By } from './context.ts'
import { record } from './events.ts'
import { commitsBetween, isAncestor, mergeBase } from './git-history.ts'
import { noCommit, shaOf } from './git-reading.ts'
import { moveRef } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { retargetPull } from './pull-edits.ts'
import { emitPull, openPulls } from './pull-facts.ts'
import { closePull, keepHead } from './pulls.ts'
import { branchOf, emitPush, type Move } from './push-event.ts'
import type { ActivityType, PullIssue, Repository } from './repository-state.ts'
import { requirementsFor } from './rules.ts'

/** Everything that GitHub does once a branch moved: activity, `push`, heads of pull requests, merges by push. */
export async function branchMoved(hub: Hub, repository: Repository, move: Move): Promise<void> {
  if (!move.ref.startsWith('refs/heads/') || move.before === move.after) return
  const forced = await isForced(repository, move)
  writeActivity(hub, repository, move, forced)
  repository.pushedAt = hub.clock()
  await emitPush(hub, repository, move, forced)
  if (move.after === noCommit) return branchDeleted(hub, repository, move)
  ensureSuite(hub, repository, hub.appId, move.after, {
    branch: branchOf(move.ref),
    before: move.before,
    by: move.by,
  })
  await moveHeads(hub, repository, move, forced)
  await closeMergedByPush(hub, repository, move)
  for (const issue of openPulls(repository)) {
    if (issue.pull.autoMerge && `refs/heads/${issue.pull.baseRef}` === move.ref)
      hub.background.autoMerge(repository, issue)
  }
  if (repository.queues.has(branchOf(move.ref)) && move.type !== 'merge_queue_merge') {
    hub.background.rebuildQueue(repository, branchOf(move.ref))
  }
}

async function isForced({ git }: Repository, { before, after }: Move): Promise<boolean> {
  if (before === noCommit || after === noCommit) return false
  return !(await isAncestor(git, before, after))
}

function writeActivity(hub: Hub, repository: Repository, move: Move, forced: boolean): void {
  repository.activity.push({
    id: hub.world.nextId('activity'),
    before: move.before,
    after: move.after,
    ref: move.ref,
    timestamp: hub.clock(),
    activityType: move.type ?? activityType(move, forced),
    actorId: move.by.userId,
  })
}

function activityType({ before, after }: Move, forced: boolean): ActivityType {
  if (before === noCommit) return 'branch_creation'
  if (after === noCommit) return 'branch_deletion'
  return forced ? 'force_push' : 'push'
}

/** Pull requests anywhere whose head is this branch; those of other repositories belong to forks. */
function pullsFrom(hub: Hub, repository: Repository, ref: string): { base: Repository; issue: PullIssue }[] {
  return [...hub.world.repositories.values()].flatMap((base) =>
    openPulls(base)
      .filter(({ pull }) => pull.headRepositoryId === repository.id && `refs/heads/${pull.headRef}` === ref)
      .map((issue) => ({ base, issue })),
  )
}

async function moveHeads(hub: Hub, repository: Repository, move: Move, forced: boolean): Promise<void> {
  for (const { base, issue } of pullsFrom(hub, repository, move.ref)) {
    const task = () => moveHead(hub, base, issue, repository, move, forced)
    await (base === repository ? task() : hub.exclusive(base, task))
  }
}

async function moveHead(
  hub: Hub,
  base: Repository,
  issue: PullIssue,
  head: Repository,
  { before, after, ref, by }: Move,
  forced: boolean,
): Promise<void> {
  await keepHead(base, issue.number, head, ref, after)
  issue.pull.headSha = after
  issue.pull.baseSha = (await shaOf(base.git, issue.pull.baseRef)) ?? issue.pull.baseSha
  if (forced) record(hub, issue, 'head_ref_force_pushed', by, { commitId: after })
  issue.updatedAt = hub.clock()
  dismissStale(hub, base, issue, by)
  await emitPull(hub, base, issue, 'synchronize', by, { before, after })
  if (base.queues.has(issue.pull.baseRef)) {
    hub.background.rebuildQueue(base, issue.pull.baseRef, { leaving: issue.number, by })
  }
}

function dismissStale(hub: Hub, repository: Repository, issue: PullIssue, by: By): void {
  const rules = requirementsFor(hub, repository, issue.pull.baseRef)
  if (!rules.some((rule) => rule.dismissStale)) return
  for (const review of issue.pull.reviews.filter(({ state }) => state === 'APPROVED')) {
    review.state = 'DISMISSED'
    const detail = { dismissed_review: { state: 'approved', review_id: review.id, dismissal_message: null } }
    record(hub, issue, 'review_dismissed', by, { detail })
  }
}

/** A push that brings a pull request's whole head into its base merges it. */
async function closeMergedByPush(hub: Hub, repository: Repository, move: Move): Promise<void> {
  if (move.type === 'pr_merge' || move.type === 'merge_queue_merge' || move.before === noCommit) return
  const waiting = openPulls(repository).filter(({ pull }) => `refs/heads/${pull.baseRef}` === move.ref)
  if (waiting.length === 0) return
  const commits = await commitsBetween(repository.git, move.before, move.after)
  const arrived = new Set(commits.map(({ sha }) => sha))
  for (const issue of waiting.filter(({ pull }) => arrived.has(pull.headSha))) {
    issue.pull.baseSha = (await mergeBase(repository.git, move.before, issue.pull.headSha)) ?? move.before
    await closePull(hub, repository, issue, move.by, { mergeCommitSha: move.after })
  }
}

async function branchDeleted(hub: Hub, repository: Repository, move: Move): Promise<void> {
  const branch = branchOf(move.ref)
  const merged = [...repository.issues.values()].findLast(
    ({ pull }) => pull?.mergedAt && pull.headRef === branch && pull.headRepositoryId === repository.id,
  )
  for (const issue of openPulls(repository).filter(({ pull }) => pull.baseRef === branch)) {
    if (merged?.pull) await retargetPull(hub, repository, issue, merged.pull.baseRef, move.by, true)
    else await closePull(hub, repository, issue, move.by)
  }
  for (const { base, issue } of pullsFrom(hub, repository, move.ref)) {
    const task = async () => {
      record(hub, issue, 'head_ref_deleted', move.by)
      await closePull(hub, base, issue, move.by)
    }
    await (base === repository ? task() : hub.exclusive(base, task))
  }
}

/** Moves a branch and lets everything follow; false when it was somewhere else by now. */
export async function moveBranch(hub: Hub, repository: Repository, move: Move): Promise<boolean> {
  if (!(await moveRef(repository.git, move.ref, move.after, move.before))) return false
  await branchMoved(hub, repository, move)
  return true
}
