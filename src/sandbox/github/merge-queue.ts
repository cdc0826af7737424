import { type By, emit, record } from './events.ts'
import { findCommit, noCommit, shaOf } from './git-reading.ts'
import { moveRef } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { deleteMergedBranch, mergeBlock, mergedTip } from './merging.ts'
import { emitPull, isPull } from './pull-facts.ts'
import { closePull } from './pulls.ts'
import { branchMoved } from './pushes.ts'
import { checkState } from './requirements.ts'
import { requirementsFor } from './rules.ts'
import { headCommit } from './shapes/commit.ts'
import type { PullIssue } from './shapes/pull.ts'
import type { MergeGroup, MergeMethod, MergeQueue, Repository } from './world.ts'

type Reason = 'merged' | 'invalidated' | 'dequeued'
export type DequeueReason = 'MANUAL' | 'CI_FAILURE' | 'MERGE_CONFLICT' | 'MERGE' | 'BRANCH_PROTECTIONS'

/** The queue's settings on a branch; undefined where no active ruleset has a `merge_queue` rule. */
export function queueRule(
  hub: Hub,
  repository: Repository,
  branch: string,
): Record<string, unknown> | undefined {
  return (
    requirementsFor(hub, repository, branch).find(({ mergeQueue }) => mergeQueue)?.mergeQueue ?? undefined
  )
}

/** Puts a pull request into the queue of its base; throws GitHub's refusal when it does not meet the rules itself. */
export async function enqueue(hub: Hub, repository: Repository, issue: PullIssue, by: By, jump = false) {
  const queue = queueOf(repository, issue.pull.baseRef)
  if (queue.entries.some(({ number }) => number === issue.number)) return
  const block = await mergeBlock(hub, repository, issue, undefined, { ignoreQueue: true })
  if (block) throw block
  const entry = { number: issue.number, userId: by.userId, enqueuedAt: hub.clock(), jump }
  if (jump) queue.entries.unshift(entry)
  else queue.entries.push(entry)
  issue.pull.autoMerge = null
  record(hub, issue, 'added_to_merge_queue', by)
  await emitPull(hub, repository, issue, 'enqueued', by)
  if (jump) await destroyGroups(hub, repository, queue, 'invalidated', by)
  await advance(hub, repository, issue.pull.baseRef)
}

export async function dequeue(hub: Hub, repository: Repository, issue: PullIssue, by: By): Promise<void> {
  await rebuildQueue(hub, repository, issue.pull.baseRef, { leaving: issue.number, by })
}

function queueOf(repository: Repository, branch: string): MergeQueue {
  const queue = repository.queues.get(branch) ?? { entries: [], groups: [] }
  repository.queues.set(branch, queue)
  return queue
}

/** Every group goes, and is built anew on the tip of now; with `leaving`, without that pull request. */
export async function rebuildQueue(
  hub: Hub,
  repository: Repository,
  branch: string,
  leaver?: { leaving: number; by: By },
): Promise<void> {
  const queue = queueOf(repository, branch)
  const by = leaver?.by ?? firstBy(queue)
  if (leaver && !queue.entries.some(({ number }) => number === leaver.leaving)) return
  if (leaver) await leave(hub, repository, queue, leaver.leaving, 'MANUAL', leaver.by)
  else await destroyGroups(hub, repository, queue, 'invalidated', by)
  await advance(hub, repository, branch)
}

function firstBy(queue: MergeQueue): By {
  return { userId: queue.entries[0]?.userId ?? 0, appId: null }
}

/** Takes one pull request out; its group counts as dequeued and those behind it as invalidated. */
async function leave(
  hub: Hub,
  repository: Repository,
  queue: MergeQueue,
  number: number,
  reason: DequeueReason,
  by: By,
): Promise<void> {
  const from = queue.groups.findIndex((group) => group.number === number)
  const gone = from < 0 ? [] : queue.groups.splice(from)
  for (const group of gone) {
    await destroy(hub, repository, group, group.number === number ? 'dequeued' : 'invalidated', by)
  }
  queue.entries = queue.entries.filter((entry) => entry.number !== number)
  const issue = repository.issues.get(number)
  if (!issue || !isPull(issue)) return
  record(hub, issue, 'removed_from_merge_queue', by)
  await emitPull(hub, repository, issue, 'dequeued', by, { reason })
}

async function destroyGroups(hub: Hub, repository: Repository, queue: MergeQueue, reason: Reason, by: By) {
  for (const group of queue.groups.splice(0)) await destroy(hub, repository, group, reason, by)
}

async function destroy(hub: Hub, repository: Repository, group: MergeGroup, reason: Reason, by: By) {
  await moveRef(repository.git, group.headRef, noCommit, group.headSha)
  await emitGroup(hub, repository, group, 'destroyed', by, { reason })
}

/** Builds the groups that are missing, then merges or drops what its checks have decided. */
export async function advance(hub: Hub, repository: Repository, branch: string): Promise<void> {
  const queue = queueOf(repository, branch)
  const rule = queueRule(hub, repository, branch) ?? {}
  await buildGroups(hub, repository, branch, queue, rule)
  const checks = requirementsFor(hub, repository, branch).flatMap((requirement) => requirement.checks)
  const states = queue.groups.map((group) => groupState(repository, group.headSha, checks))
  const { merge, drop } = judge(states, rule.grouping_strategy === 'HEADGREEN')
  const dropped = drop === undefined ? undefined : queue.groups[drop]
  if (merge > 0) await mergeGroups(hub, repository, branch, queue, merge)
  else if (dropped) await leave(hub, repository, queue, dropped.number, 'CI_FAILURE', firstBy(queue))
  if (merge > 0 || dropped) await advance(hub, repository, branch)
}

type GroupState = 'green' | 'red' | 'open'
function groupState(
  repository: Repository,
  sha: string,
  checks: { context: string; appId: number | null }[],
): GroupState {
  const states = checks.map((check) => checkState(repository, sha, check))
  if (states.includes('failing')) return 'red'
  return states.every((state) => state === 'success') ? 'green' : 'open'
}

/**
 * How many groups from the front may merge, and which one must leave. ALLGREEN needs each group green; HEADGREEN asks
 * only for the last one, and so merges red members before it.
 */
export function judge(states: GroupState[], headGreen: boolean): { merge: number; drop?: number } {
  const firstNotGreen = states.findIndex((state) => state !== 'green')
  const merge = headGreen
    ? states.lastIndexOf('green') + 1
    : firstNotGreen < 0
      ? states.length
      : firstNotGreen
  if (merge > 0) return { merge }
  const mayDrop = headGreen ? !states.includes('open') : states[0] === 'red'
  return states.length > 0 && mayDrop ? { merge, drop: 0 } : { merge }
}

async function buildGroups(
  hub: Hub,
  repository: Repository,
  branch: string,
  queue: MergeQueue,
  rule: Record<string, unknown>,
): Promise<void> {
  const most = Number(rule.max_entries_to_build ?? 5)
  const method = String(rule.merge_method ?? 'MERGE').toLowerCase() as MergeMethod
  for (const entry of queue.entries.slice(queue.groups.length, most)) {
    const issue = repository.issues.get(entry.number)
    const baseSha = queue.groups.at(-1)?.headSha ?? (await shaOf(repository.git, `refs/heads/${branch}`))
    if (!issue || !isPull(issue) || !baseSha) continue
    const by = { userId: entry.userId, appId: null }
    const wish = { method, title: null, message: null }
    const headSha = await mergedTip(hub, repository, issue, by, wish, baseSha)
    if (!headSha) {
      await leave(hub, repository, queue, entry.number, 'MERGE_CONFLICT', by)
      continue
    }
    const headRef = `refs/heads/gh-readonly-queue/${branch}/pr-${entry.number}-${baseSha}`
    await moveRef(repository.git, headRef, headSha, noCommit)
    const group: MergeGroup = {
      number: entry.number,
      headRef,
      headSha,
      baseSha,
      baseRef: `refs/heads/${branch}`,
    }
    queue.groups.push(group)
    await emitGroup(hub, repository, group, 'checks_requested', by)
  }
}

async function mergeGroups(
  hub: Hub,
  repository: Repository,
  branch: string,
  queue: MergeQueue,
  count: number,
) {
  const ref = `refs/heads/${branch}`
  const before = await shaOf(repository.git, ref)
  const merged = queue.groups.splice(0, count)
  const last = merged.at(-1)
  if (!before || !last) return
  const by = firstBy(queue)
  queue.entries.splice(0, count)
  await moveRef(repository.git, ref, last.headSha, before)
  for (const group of merged) {
    const issue = repository.issues.get(group.number)
    if (!issue || !isPull(issue)) continue
    issue.pull.baseSha = group.baseSha
    record(hub, issue, 'removed_from_merge_queue', by)
    await emitPull(hub, repository, issue, 'dequeued', by, { reason: 'MERGE' })
    await closePull(hub, repository, issue, by, { mergeCommitSha: group.headSha })
    await destroy(hub, repository, group, 'merged', by)
    await deleteMergedBranch(hub, repository, issue, by)
  }
  await branchMoved(hub, repository, { ref, before, after: last.headSha, by, type: 'merge_queue_merge' })
}

async function emitGroup(
  hub: Hub,
  repository: Repository,
  group: MergeGroup,
  action: 'checks_requested' | 'destroyed',
  by: By,
  extra: { reason?: Reason } = {},
): Promise<void> {
  const commit = await findCommit(repository.git, group.headSha)
  emit(hub, repository, 'merge_group', by, {
    action,
    ...extra,
    merge_group: {
      head_sha: group.headSha,
      head_ref: group.headRef,
      base_sha: group.baseSha,
      base_ref: group.baseRef,
      head_commit: commit ? headCommit(commit) : null,
    },
  })
}

/** A check on the head of a group changed. */
export function groupChecked(hub: Hub, repository: Repository, sha: string): void {
  for (const [branch, { groups }] of repository.queues) {
    if (groups.some(({ headSha }) => headSha === sha))
      hub.later(repository, () => advance(hub, repository, branch))
  }
}
