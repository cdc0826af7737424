import pLimit from 'p-limit'
import type { PushedRange, RepositoryRef } from '../../decision/merge-task.ts'
import type { Person } from '../../decision/snapshot.ts'
import { type Activity, activityOfPush, noCommit, stoodBefore } from './branch-activity.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import { readFirstParents } from './first-parents.ts'
import { personOf } from './people.ts'

/** The commits of a push to a branch. */
export type ReadPush = {
  by: Person | null
  at: string | undefined
  /** GitHub's number of the move among the activities of the repository. */
  activity: number | null
  /** The tip of the branch until then: of one that was made anew, the one at which it had been deleted. */
  before: string
  /** The history of the branch was rewritten. */
  forced: boolean
  /** Commits that belong to no pull request that was merged into the branch. */
  strangers: string[]
}

/** More commits than these in one push are not asked for; those beyond count as strangers. */
const mostAsked = 250
const atOnce = 8

/**
 * Reads who pushed, by what moved the branch lately, and which commits on the branch's own line belong to no merged pull request. What came in through the
 * second parent of a merge belongs to whatever the merge belongs to. A branch that was deleted and made anew is compared
 * with what it was, since that throws its history away as a force push does; a new one with the default branch.
 * Undefined: the repository is new, and so is its first branch.
 */
export async function readPush(
  github: GitHub,
  repository: RepositoryRef,
  { range, rows, defaultBranch }: { range: PushedRange; rows: Activity[]; defaultBranch: string },
  signal: AbortSignal,
): Promise<ReadPush | undefined> {
  const { branch, before, after } = range
  const isNew = noCommit.test(before)
  const stood = isNew ? stoodBefore(rows, range) : before
  const from = stood ?? (await startOf(github, repository, branch, defaultBranch))
  if (from === undefined) return undefined
  const compared = await readFirstParents(github, repository, from, after)
  const row = activityOfPush(rows, range)
  return {
    by: row ? personOf(row.actor) : null,
    at: row?.timestamp,
    activity: row?.id ?? null,
    before: stood ?? before,
    forced: stood !== undefined && isRewritten(compared, isNew, row),
    strangers: await strangersOn(github, repository, branch, lineOf(compared, after), signal),
  }
}

type Compared = Awaited<ReturnType<typeof readFirstParents>>

/** Where GitHub cannot compare the two anymore, or shows a part of the line alone, the tip is asked for in any case. */
function lineOf(compared: Compared, after: string): string[] {
  const shas = (compared?.line ?? []).map(({ sha }) => sha)
  return compared?.complete ? shas : [...new Set([after, ...shas])]
}

/** Where GitHub cannot compare the two anymore its activity tells, and a branch that was made anew is taken for rewritten. */
function isRewritten(compared: Compared, isNew: boolean, row: Activity | undefined): boolean {
  return compared ? compared.behind > 0 : isNew || row?.activity_type === 'force_push'
}

/**
 * Those of the commits that belong to no pull request that was merged into the branch. Several are asked for at a time, so that a push of
 * many is read within the time of a job.
 */
async function strangersOn(
  github: GitHub,
  repository: RepositoryRef,
  branch: string,
  shas: string[],
  signal: AbortSignal,
): Promise<string[]> {
  const limit = pLimit(atOnce)
  const ask = async (sha: string) => {
    signal.throwIfAborted()
    return (await belongs(github, repository, branch, sha)) ? [] : [sha]
  }
  try {
    const asked = await Promise.all(shas.slice(0, mostAsked).map((sha) => limit(ask, sha)))
    return [...asked.flat(), ...shas.slice(mostAsked)]
  } finally {
    // After a failure nobody waits for the others.
    limit.clearQueue()
  }
}

/** What a new branch is compared with; nothing for the first of a repository. */
async function startOf(
  github: GitHub,
  repository: RepositoryRef,
  branch: string,
  defaultBranch: string,
): Promise<string | undefined> {
  return branch === defaultBranch ? undefined : tipOf(github, repository, defaultBranch)
}

/** The tip of a branch, by its full name: a tag may be called the same. */
export async function tipOf(
  github: GitHub,
  { owner, repo }: { owner: string; repo: string },
  branch: string,
): Promise<string | undefined> {
  const answer = await orAbsent(github.rest.git.getRef({ owner, repo, ref: `heads/${branch}` }))
  return answer?.data.object.sha
}

/** Whether GitHub ties a commit to a pull request that was merged into the branch. */
async function belongs(
  github: GitHub,
  { owner, repo, repositoryId }: RepositoryRef,
  branch: string,
  sha: string,
): Promise<boolean> {
  const options = { owner, repo, commit_sha: sha, per_page: 100 }
  const pulls = await github.paginate(github.rest.repos.listPullRequestsAssociatedWithCommit, options)
  return pulls.some(
    ({ merged_at: at, base }) => at !== null && base.ref === branch && base.repo.id === repositoryId,
  )
}
