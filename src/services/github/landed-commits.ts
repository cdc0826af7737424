import type { PushedRange, RepositoryRef } from '../../decision/merge-task.ts'
import type { Person } from '../../decision/snapshot.ts'
import { type GitHub, orAbsent } from './client.ts'
import { readOwnLine } from './own-line.ts'
import { personOf } from './people.ts'

/** What a push brought to a branch. */
export type ReadPush = {
  by: Person | null
  at: string | undefined
  /** The history of the branch was rewritten. */
  forced: boolean
  /** Commits that belong to no pull request that was merged into the branch. */
  strangers: string[]
}

const noCommit = /^0+$/

/** More commits than these in one push are not asked for one by one; those beyond count as strangers. */
const mostAsked = 250

/**
 * Reads who pushed, and which commits on the branch's own line belong to no merged pull request. What came in through the
 * second parent of a merge belongs to whatever the merge belongs to. A new branch is compared with the default branch.
 * Undefined: the repository is new, and so is its first branch.
 */
export async function readPush(
  github: GitHub,
  repository: RepositoryRef,
  { branch, before, after }: PushedRange,
  defaultBranch: string,
): Promise<ReadPush | undefined> {
  const { owner, repo } = repository
  const fresh = noCommit.test(before)
  if (fresh && branch === defaultBranch) return undefined
  const from = fresh ? await tipOf(github, repository, defaultBranch) : before
  if (from === undefined) return undefined
  // Where GitHub cannot compare them any more, the tip alone tells.
  const { line, behind } = (await readOwnLine(github, repository, from, after)) ?? {
    line: [{ sha: after }],
    behind: 0,
  }
  const shas = line.map(({ sha }) => sha)
  const strangers: string[] = []
  for (const sha of shas.slice(0, mostAsked)) {
    if (!(await belongs(github, repository, branch, sha))) strangers.push(sha)
  }
  const activity = await actorOf(github, { owner, repo }, branch, after)
  return {
    by: activity?.by ?? null,
    at: activity?.at,
    forced: !fresh && behind > 0,
    strangers: [...strangers, ...shas.slice(mostAsked)],
  }
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

/** Who pushed, by the repository's activity: the only place that names them. */
async function actorOf(
  github: GitHub,
  repository: { owner: string; repo: string },
  branch: string,
  after: string,
): Promise<{ by: Person | null; at: string | undefined } | undefined> {
  const options = { ...repository, ref: `refs/heads/${branch}`, per_page: 100 }
  const answer = await orAbsent(github.rest.repos.listActivities(options))
  const row = answer?.data.find((each) => each.after === after)
  return row && { by: personOf(row.actor), at: row.timestamp }
}
