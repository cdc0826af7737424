import type { FindingState } from './gate.ts'
import type { Snapshot } from './snapshot.ts'
import { worst } from './verdict.ts'

/** What is known of a pull request that offers a commit. */
type Offer = { baseRef: string; state: FindingState; snapshot: Pick<Snapshot, 'author' | 'access'> }

/**
 * Which pull requests have a say in the check of a commit that several offer (rules/release-window.md, "One check, one
 * commit"): "a pull request by an author without write permission does not worsen another's check to the same base", or
 * anybody could block a release by offering its commit once more. So for each base those of authors who may write have
 * a say. Where there is none of these, the best one has: all of them are the same commit on the same branch. Another
 * base has its own say, whoever asks for it, so that a lax branch never turns the check green. The view `speaking`
 * (migrations/0007_follow_ups.sql) says the same to the database; a test holds them together.
 */
export function withSay<Each extends Offer>(offers: Each[]): Each[] {
  const spoken = [...Map.groupBy(offers, ({ baseRef }) => baseRef).values()].flatMap(ofOneBase)
  return offers.filter((offer) => spoken.includes(offer))
}

function ofOneBase<Each extends Offer>(offers: Each[]): Each[] {
  const writers = offers.filter(mayWrite)
  if (writers.length > 0) return writers
  const [best] = offers.toSorted((a, b) =>
    a.state === b.state ? 0 : worst([a.state, b.state]) === b.state ? -1 : 1,
  )
  return best ? [best] : []
}

/** Whether the author may write. An account that is gone may not, and neither may a bot, whose role is not read. */
export function mayWrite({ snapshot: { author, access } }: Pick<Offer, 'snapshot'>): boolean {
  return author !== null && access[author.id]?.write === true
}
