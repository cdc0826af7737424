import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../decision/snapshot.ts'
import { freshFor } from './calendar/schedule.ts'

/** What a passed verdict rests on. */
export type GreenBasis = {
  /** When its facts were read. */
  readAt: Date
  /** Something changed after they were read. */
  changedSince: boolean
  /** When the calendar changes the verdict. */
  nextAt: Date | undefined
  /** The freeze that it was decided under. */
  frozen: Snapshot['frozen']
}

/**
 * Why no check may turn green on a passed verdict; undefined where it may. The one rule for pull requests and merge groups:
 * the facts are fresh, nothing changed since they were read, the verdict is not past its time, and no freeze began or
 * ended meanwhile. Whatever asks must do so in the transaction in which it commits to the green check, with
 * `lockFreezes`, or a freeze could slip in between.
 */
export function whyNotGreen(
  { readAt, changedSince, nextAt, frozen }: GreenBasis,
  { now, frozen: frozenNow }: { now: Date; frozen: Snapshot['frozen'] },
): string | undefined {
  if (changedSince) return 'it changed after it was read'
  if (now.getTime() - readAt.getTime() > freshFor) return 'it was read too long ago'
  if (nextAt !== undefined && nextAt <= now) return 'the calendar changed after it was read'
  if (!isDeepStrictEqual(frozen, frozenNow)) return 'a freeze began or ended after it was read'
  return undefined
}
