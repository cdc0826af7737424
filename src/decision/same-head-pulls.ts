import type { FindingState } from './gate.ts'
import type { Snapshot } from './snapshot.ts'
import { worst } from './verdict.ts'

/** One of the pull requests with the same head. */
type SameHeadPull = { baseRef: string; state: FindingState; snapshot: Pick<Snapshot, 'author' | 'access'> }

/**
 * Which of the pull requests with the same head decide its check, since a check run belongs to a commit. For each base
 * they are those whose author has write access: otherwise an outsider could block a release by opening a second pull request
 * with its head. Where there are none, it is the best one, as all of them are the same commit on the same branch. Each
 * base decides, whoever opened its pull requests, so that a lax branch never turns the check green. The view `speaking`
 * (migrations/0007_follow_ups.sql) selects the same in the database; a test compares the two.
 */
export function decisivePulls<Each extends SameHeadPull>(pulls: Each[]): Each[] {
  const decisive = [...Map.groupBy(pulls, ({ baseRef }) => baseRef).values()].flatMap(ofOneBase)
  return pulls.filter((pull) => decisive.includes(pull))
}

function ofOneBase<Each extends SameHeadPull>(pulls: Each[]): Each[] {
  const writers = pulls.filter(hasWriteAccess)
  if (writers.length > 0) return writers
  const [best] = pulls.toSorted((a, b) =>
    a.state === b.state ? 0 : worst([a.state, b.state]) === b.state ? -1 : 1,
  )
  return best ? [best] : []
}

/** Whether the author has write access. A deleted account has none, and neither has a bot, whose role is not read. */
export function hasWriteAccess({ snapshot: { author, access } }: Pick<SameHeadPull, 'snapshot'>): boolean {
  return author !== null && access[author.id]?.write === true
}
