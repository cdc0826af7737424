import type { Policy } from '../../decision/policy.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { decide, type Verdict } from '../../decision/verdict.ts'
import type { Times } from '../../store/verdicts/due.ts'
import { readUntil } from '../kept-facts.ts'

/** How long facts can turn a check green without being read again. */
export const freshFor = 10 * 60_000

/**
 * How long before an opening its candidates are read. Reading them all takes minutes, and so does writing their checks at GitHub's
 * pace: those that were read first are still fresh when the last one is written.
 */
const readAhead = 5 * 60_000

/** When the calendar next changes a verdict, and when the facts are to be read again before it turns green. */
export function scheduleOf(
  verdict: Verdict,
  snapshot: Snapshot,
  policy: Policy | undefined,
  now: Date,
): Times {
  const times = verdict.next.flatMap((step) => (step.kind === 'recheck' ? [Date.parse(step.at)] : []))
  if (times.length === 0 || !policy) return { nextAt: undefined, prepareAt: undefined }
  const nextAt = new Date(Math.min(...times))
  const prepareAt = new Date(nextAt.getTime() - readAhead)
  const turnsGreen =
    prepareAt > now &&
    verdict.state === 'waiting' &&
    decide({ ...snapshot, ...readUntil(snapshot, nextAt), takenAt: nextAt.toISOString() }, policy).state ===
      'passed'
  return { nextAt, prepareAt: turnsGreen ? prepareAt : undefined }
}
