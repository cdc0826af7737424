import type { MergeFacts } from '../../decision/change-record.ts'
import type { ReadRun } from '../../decision/checks-at-merge.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import { activityOn } from './branch-activity.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import { personOf } from './people.ts'
import { readPull } from './pulls.ts'

/** What GitHub says of a merge; the rest of the change record is what the gate knew. */
export type ReadMerge = Omit<
  MergeFacts,
  'standing' | 'posted' | 'policy' | 'atMerge' | 'rules' | 'checks'
> & {
  defaultBranch: string
  /** Every run on the head. */
  runs: ReadRun[]
}

/** Reads a merged pull request and the checks on its head. Undefined: there is no such one, or it is not merged. */
export async function readMerge(github: GitHub, ref: PullRef): Promise<ReadMerge | undefined> {
  const pull = await readPull(github, ref)
  if (!pull?.merged_at) return undefined
  return {
    pull: ref,
    url: pull.html_url,
    title: pull.title,
    body: pull.body ?? '',
    author: personOf(pull.user),
    base: { ref: pull.base.ref, sha: pull.base.sha },
    head: { ref: pull.head.ref, sha: pull.head.sha },
    defaultBranch: pull.base.repo.default_branch,
    mergeCommit: pull.merge_commit_sha,
    openedAt: new Date(pull.created_at).toISOString(),
    mergedBy: personOf(pull.merged_by),
    mergedAt: new Date(pull.merged_at).toISOString(),
    runs: await readRuns(github, ref, pull.head.sha),
  }
}

/**
 * The tip of a branch before a merge, by the repository's activity; where that does not name the merge, since a queue
 * merged several at once, by the first parent of the merge commit. With a rebase that may be a commit of the change itself.
 */
export async function tipBefore(
  github: GitHub,
  { owner, repo }: PullRef,
  { branch, mergeCommit }: { branch: string; mergeCommit: string },
): Promise<string | undefined> {
  const rows = await activityOn(github, { owner, repo }, branch)
  const move = rows.find(({ after }) => after === mergeCommit)
  if (move) return move.before
  const answer = await orAbsent(github.rest.git.getCommit({ owner, repo, commit_sha: mergeCommit }))
  return answer?.data.parents[0]?.sha
}

async function readRuns(github: GitHub, { owner, repo }: PullRef, ref: string): Promise<ReadRun[]> {
  const query = { owner, repo, ref, filter: 'all' as const, per_page: 100 }
  const runs = await github.paginate(github.rest.checks.listForRef, query)
  return runs.map(({ id, name, app, conclusion, started_at: startedAt, completed_at: completedAt }) => ({
    ...{ id, name, app: app?.slug ?? null, conclusion },
    ...{ startedAt, completedAt },
  }))
}
