import type { Commit } from '../../decision/contributors.ts'
import type { Contributor, Person } from '../../decision/snapshot.ts'
import { noCommit } from './branch-activity.ts'
import type { CommitRange } from './commits.ts'
import { commitsAddedByPush, parentsOf } from './history.ts'
import { arrivals, type DatedPush } from './pushes.ts'

/** What the head adds to its base, and how it came to the branch. `readRange`: what another commit adds to that base. */
type Change = {
  commits: readonly Commit[]
  cleanMerges: ReadonlySet<string>
  pushes: readonly DatedPush[]
  mergeBase: string | undefined
  readRange: (sha: string) => Promise<CommitRange | undefined>
}

/** More pushes than this, all of them dropped from one branch, are not read: whoever made them is taken for a contributor. */
const mostDropped = 20

/**
 * Who of these people brought commits of the change to the head branch with a push whose tip the branch has lost since. Looks back to
 * when the branch stood on its base, and no further than `pushes`. What can no longer be read is taken for a part of the change.
 */
export async function pushersOfDropped(people: Person[], change: Change): Promise<Contributor[]> {
  const ours = new Set(change.commits.map(({ sha }) => sha))
  const found = await Promise.all(
    people.map(async (person) => {
      const dropped = sinceBase(change).filter(
        ({ actor, after }) => actor?.id === person.id && !ours.has(after) && !noCommit.test(after),
      )
      const part = { person, as: 'pusher' as const }
      if (dropped.length > mostDropped) return [part]
      const brought = await Promise.all(dropped.map((push) => leftOf(push, change)))
      return brought.flatMap((shas) => (shas ? shas.map((commit) => ({ ...part, commit })) : [part]))
    }),
  )
  return found.flat()
}

/** The pushes since the branch last stood on its base, which left nothing of what was before. */
function sinceBase({ pushes, mergeBase }: Change): readonly DatedPush[] {
  const on = pushes.findIndex(({ before, after }) => before === mergeBase || after === mergeBase)
  return on < 0 ? pushes : pushes.slice(0, on + 1)
}

/** The commits of the change that a push brought first; undefined: GitHub does not show anymore what it was. */
async function leftOf(push: DatedPush, change: Change): Promise<string[] | undefined> {
  const { commits, cleanMerges, readRange } = change
  const ends = [push.after, ...(noCommit.test(push.before) ? [] : [push.before])]
  const ranges = await Promise.all(ends.map(readRange))
  if (ranges.some((range) => range === undefined || range.incomplete !== undefined)) return undefined
  const parents = parentsOf([...commits, ...ranges.flatMap((range) => range?.commits ?? [])])
  const brought = new Set(commitsAddedByPush(push, parents))
  const wasThereBefore = arrivals(change)
  return commits
    .map(({ sha }) => sha)
    .filter((sha) => brought.has(sha) && !cleanMerges.has(sha) && !wasThereBefore(sha, push.at))
}
