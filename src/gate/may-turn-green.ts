import { isDeepStrictEqual } from 'node:util'
import { isClockWrong } from '../decision/clock-offset.ts'
import { readingFreshForGreen } from '../decision/gates/production-health.ts'
import { isRecent } from '../decision/recent.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { freshFor } from './calendar/schedule.ts'

/** What a passed verdict is based on. */
export type GreenBasis = {
  /** When its facts were read. */
  readAt: Date
  /** Seconds by which the clock that tells the time is ahead of GitHub's, or behind if negative; left out where the verdict was just decided by it. */
  clockAhead?: number | undefined
  /** Something changed after they were read. */
  changedSince: boolean
  /** When the calendar changes the verdict; left out where it was decided just now. */
  nextAt?: Date | undefined
  /** The freeze that it was decided under and that of now; left out where a transaction has compared them already. */
  freeze?: { at: Snapshot['frozen']; now: Snapshot['frozen'] }
}

/**
 * Why no check may turn green on a passed verdict; undefined if it may. The single rule for heads, for calendar changes and for
 * merge groups: the clock is right, the facts are fresh, nothing changed since they were read, the verdict is not past its time,
 * and no freeze began or ended meanwhile. The last is asked in the transaction that keeps the verdict, under `lockFreezes`, or a
 * freeze could slip in between.
 */
export function reasonNotToTurnGreen(
  { readAt, clockAhead, changedSince, nextAt, freeze }: GreenBasis,
  now: Date,
): string | undefined {
  if (changedSince) return 'it changed after it was read'
  if (clockAhead !== undefined && isClockWrong(clockAhead)) return "the clock is not GitHub's"
  if (!isRecent(readAt, now, freshFor)) return 'it was read too long ago'
  if (nextAt !== undefined && nextAt <= now) return 'the calendar changed after it was read'
  if (freeze && !isDeepStrictEqual(freeze.at, freeze.now)) return 'a freeze began or ended after it was read'
  return undefined
}

/** Of the monitors that a verdict is based on, those that must be read again before a check turns green on it. */
export function staleMonitors(monitors: { id: number; readAt: Date | null }[], now: Date): number[] {
  const isStale = (readAt: Date | null) => readAt === null || !isRecent(readAt, now, readingFreshForGreen)
  return monitors.filter(({ readAt }) => isStale(readAt)).map(({ id }) => id)
}
