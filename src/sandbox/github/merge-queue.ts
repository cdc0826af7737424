import type { By } from './context.ts'
import { record } from './events.ts'
import type { Hub, Leaver } from './hub.ts'
import { buildGroups, destroyGroups, firstBy, leave, mergeGroups } from './merge-groups.ts'
import { mergeBlock } from './merging.ts'
import { emitPull } from './pull-facts.ts'
import type { MergeQueue, PullIssue, Repository } from './repository-state.ts'
import { checkState } from './requirements.ts'
import { requirementsFor } from './rules.ts'

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

/** Every group goes, and is rebuilt on the tip of now; with `leaving`, without that pull request. */
export async function rebuildQueue(
  hub: Hub,
  repository: Repository,
  branch: string,
  leaver?: Leaver,
): Promise<void> {
  const queue = queueOf(repository, branch)
  const by = leaver?.by ?? firstBy(queue)
  if (leaver && !queue.entries.some(({ number }) => number === leaver.leaving)) return
  if (leaver) await leave(hub, repository, queue, leaver.leaving, 'MANUAL', leaver.by)
  else await destroyGroups(hub, repository, queue, 'invalidated', by)
  await advance(hub, repository, branch)
}

/** Builds the groups that are missing, then merges or drops what its checks have decided. */
export async function advance(hub: Hub, repository: Repository, branch: string): Promise<void> {
  const queue = queueOf(repository, branch)
  const rule = queueRule(hub, repository, branch) ?? {}
  await buildGroups(hub, repository, branch, queue, rule)
  const checks = requirementsFor(hub, repository, branch).flatMap((requirement) => requirement.checks)
  const states = queue.groups.map((group) => groupState(repository, group.headSha, checks))
  const { merge, drop } = evaluateGroups(states, rule.grouping_strategy === 'HEADGREEN')
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
export function evaluateGroups(states: GroupState[], headGreen: boolean): { merge: number; drop?: number } {
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

/** A check on the head of a group changed. */
export function groupChecked(hub: Hub, repository: Repository, sha: string): void {
  for (const [branch, { groups }] of repository.queues) {
    if (groups.some(({ headSha }) => headSha === sha))
      hub.later(repository, () => advance(hub, repository, branch))
  }
}
