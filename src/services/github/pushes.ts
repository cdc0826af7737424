import type { Commit, Push } from '../../decision/contributors.ts'
import type { Contributor, Person } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'
import { commitsAddedByPush, parentsOf } from './history.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** A push with the time at which GitHub took it, which nobody but GitHub writes. */
export type DatedPush = Push & { at: string }

/** A thousand pushes of one person to one repository within three months are more than people make. */
const maximumPages = 10

/**
 * Who pushed what to the head branch, newest first, as far back as it takes to name a push for every commit: a branch
 * may be years old. Older pushes of these commits bar whoever made them too; `pushersElsewhere` finds those. While
 * GitHub does not list a push yet, the gate can't pass with an unknown pusher.
 */
export async function readPushes(
  github: GitHub,
  repository: RepositoryName,
  branch: string,
  commits: readonly Commit[],
): Promise<DatedPush[]> {
  const parents = parentsOf(commits)
  const missing = new Set(parents.keys())
  const options = { ...nameOf(repository), ref: `refs/heads/${branch}`, per_page: 100 }
  return github.paginate(github.rest.repos.listActivities, options, ({ data }, done) => {
    const pushes = data.map(pushOf)
    for (const push of pushes) for (const sha of commitsAddedByPush(push, parents)) missing.delete(sha)
    if (missing.size === 0) done()
    return pushes
  })
}

/**
 * Who of these people pushed a commit of the change to any branch before it came to the head branch: they had a hand in
 * it. A later push of it brings nothing new. Looks three months back, and at the tips of pushes: a commit in the middle
 * of a push whose tip is not part of the change is not seen. Somebody with more pushes than can be read is taken for one.
 */
export async function pushersElsewhere(
  github: GitHub,
  repositories: RepositoryName[],
  people: Person[],
  change: { commits: readonly Commit[]; cleanMerges: ReadonlySet<string>; pushes: DatedPush[] },
): Promise<Contributor[]> {
  const wasThereBefore = arrivals(change)
  const isTheirs = (sha: string, at: string) => !change.cleanMerges.has(sha) && !wasThereBefore(sha, at)
  const parents = parentsOf(change.commits)
  const searches = repositories.flatMap((repository) => people.map((person) => ({ repository, person })))
  const found = await Promise.all(
    searches.map(async ({ repository, person }) => {
      const pushes = await pushesBy(github, repository, person)
      if (pushes === 'too many') return { person, as: 'pusher' as const }
      const brought = pushes.flatMap((push) =>
        commitsAddedByPush(push, parents).filter((sha) => isTheirs(sha, push.at)),
      )
      return brought.map((commit) => ({ person, as: 'pusher' as const, commit }))
    }),
  )
  return found.flat()
}

async function pushesBy(
  github: GitHub,
  repository: RepositoryName,
  person: Person,
): Promise<DatedPush[] | 'too many'> {
  let pages = 0
  const options = {
    ...nameOf(repository),
    actor: person.login,
    time_period: 'quarter' as const,
    per_page: 100,
  }
  const pushes = await github.paginate(github.rest.repos.listActivities, options, ({ data }, done) => {
    pages += 1
    if (pages > maximumPages) done()
    return data.map(pushOf)
  })
  if (pages > maximumPages) return 'too many'
  // The login may belong to somebody else by now: the id decides.
  return pushes.filter(({ actor }) => actor?.id === person.id)
}

/** Tells whether a commit had come to the head branch before a time. */
export function arrivals({ commits, pushes }: { commits: readonly Commit[]; pushes: readonly DatedPush[] }) {
  const parents = parentsOf(commits)
  const first = new Map<string, number>()
  for (const push of pushes) {
    for (const sha of commitsAddedByPush(push, parents)) {
      first.set(sha, Math.min(first.get(sha) ?? Number.POSITIVE_INFINITY, Date.parse(push.at)))
    }
  }
  return (sha: string, at: string) => (first.get(sha) ?? Number.POSITIVE_INFINITY) < Date.parse(at)
}

type Activity = Awaited<ReturnType<GitHub['rest']['repos']['listActivities']>>['data'][number]

function pushOf({ actor, before, after, timestamp: at, activity_type: type }: Activity): DatedPush {
  const merge = type === 'pr_merge' || type === 'merge_queue_merge'
  return { actor: personOf(actor), before, after, at, ...(merge && { merge }) }
}

/**
 * As `readPushes`, for a fork: it may be private, or not let the App read its activity. Where the repository of the pull
 * request itself refuses, that is a failure and no answer. A reached limit, a 403 too, has no status anymore when it
 * comes here.
 */
export async function readForkPushes(
  ...args: Parameters<typeof readPushes>
): Promise<DatedPush[] | 'hidden'> {
  try {
    return await readPushes(...args)
  } catch (error) {
    if ([403, 404].includes(statusOfError(error) ?? 0)) return 'hidden'
    throw error
  }
}
