import type { By } from './context.ts'
import { emit } from './events.ts'
import { type ChangedFile, changedFiles } from './git-diff.ts'
import { commitsBetween, mergeBase } from './git-history.ts'
import { mergeTrees } from './git-merging.ts'
import { type Commit, shaOf } from './git-reading.ts'
import type { Hub } from './hub.ts'
import type { Issue, PullIssue, Repository } from './repository-state.ts'
import { userOrNull } from './shapes/account.ts'
import { pullShape } from './shapes/pull.ts'

export function isPull(issue: Issue): issue is PullIssue {
  return issue.pull !== undefined
}

export function openPulls(repository: Repository): PullIssue[] {
  return [...repository.issues.values()].filter(isPull).filter(({ state }) => state === 'open')
}

/** The tip that a pull request is compared with: the base branch now, or as it was when the pull request ended. */
export async function baseTip(repository: Repository, { state, pull }: PullIssue): Promise<string> {
  if (state === 'closed') return pull.baseSha
  return (await shaOf(repository.git, pull.baseRef)) ?? pull.baseSha
}

export async function pullCommits(repository: Repository, issue: PullIssue): Promise<Commit[]> {
  return commitsBetween(repository.git, await baseTip(repository, issue), issue.pull.headSha)
}

/** The three-dot change: from the common ancestor to the head. */
export async function pullRange(repository: Repository, issue: PullIssue) {
  const tip = await baseTip(repository, issue)
  const ancestor = await mergeBase(repository.git, tip, issue.pull.headSha)
  return { before: ancestor ?? tip, after: issue.pull.headSha }
}

export async function pullFiles(repository: Repository, issue: PullIssue): Promise<ChangedFile[]> {
  const { before, after } = await pullRange(repository, issue)
  return changedFiles(repository.git, before, after)
}

export async function mergesCleanly(repository: Repository, issue: PullIssue): Promise<boolean> {
  const tip = await baseTip(repository, issue)
  return (await mergeTrees(repository.git, tip, issue.pull.headSha)).tree !== undefined
}

export type Mergeability = { mergeable: boolean | null; rebaseable: boolean | null; mergeable_state: string }
const unknown: Mergeability = { mergeable: null, rebaseable: null, mergeable_state: 'unknown' }

/** A pull request as the single answer and webhooks give it, with its size. */
export async function fullPull(hub: Hub, repository: Repository, issue: PullIssue, mergeability = unknown) {
  const files = await pullFiles(repository, issue)
  const commits = await pullCommits(repository, issue)
  const sum = (count: (file: ChangedFile) => number) => files.reduce((total, file) => total + count(file), 0)
  return {
    ...pullShape(hub, repository, issue),
    merged: issue.pull.mergedAt !== null,
    ...mergeability,
    merged_by: userOrNull(hub, issue.pull.mergedBy),
    comments: issue.comments.length,
    review_comments: 0,
    maintainer_can_modify: issue.pull.maintainerCanModify,
    commits: commits.length,
    additions: sum((file) => file.additions),
    deletions: sum((file) => file.deletions),
    changed_files: files.length,
  }
}

/** The `pull_request` webhook. */
export async function emitPull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  action: string,
  by: By,
  extra: Record<string, unknown> = {},
): Promise<void> {
  const pull = await fullPull(hub, repository, issue)
  emit(hub, repository, 'pull_request', by, { action, number: issue.number, pull_request: pull, ...extra })
}
