import type { By } from './context.ts'
import { emit, record } from './events.ts'
import { findCommit, noCommit, shaOf } from './git-reading.ts'
import { moveRef } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { deleteMergedBranch, mergedTip } from './merging.ts'
import { emitPull, isPull } from './pull-facts.ts'
import { closePull } from './pulls.ts'
import { branchMoved } from './pushes.ts'
import type { MergeGroup, MergeMethod, MergeQueue, Repository } from './repository-state.ts'
import { headCommit } from './shapes/commit.ts'

type Reason = 'merged' | 'invalidated' | 'dequeued'
export type DequeueReason = 'MANUAL' | 'CI_FAILURE' | 'MERGE_CONFLICT' | 'MERGE' | 'BRANCH_PROTECTIONS'

/** The one whose pull request is first in the queue. */
export function firstBy(queue: MergeQueue): By {
  return { userId: queue.entries[0]?.userId ?? 0, appId: null }
}

/** Takes one pull request out; its group counts as dequeued and those behind it as invalidated. */
export async function leave(
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

export async function destroyGroups(
  hub: Hub,
  repository: Repository,
  queue: MergeQueue,
  reason: Reason,
  by: By,
) {
  for (const group of queue.groups.splice(0)) await destroy(hub, repository, group, reason, by)
}

async function destroy(hub: Hub, repository: Repository, group: MergeGroup, reason: Reason, by: By) {
  await moveRef(repository.git, group.headRef, noCommit, group.headSha)
  await emitGroup(hub, repository, group, 'destroyed', by, { reason })
}

export async function buildGroups(
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
    const params = { method, title: null, message: null }
    const headSha = await mergedTip(hub, repository, issue, by, params, baseSha)
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

export async function mergeGroups(
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
