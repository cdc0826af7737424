import { retryAfter } from './retry-later.ts'
import { outstandingGreens } from './services/check-runs.ts'
import type { Queryable } from './services/database.ts'
import { writeLoad } from './services/writes.ts'

/**
 * GitHub documents 80 content writes a minute and 500 an hour for an installation. A little is left for retries and
 * for the writes of others with the same token.
 */
export const writesAMinute = 75
export const writesAnHour = 490
/** The pace that closing is planned with, below the one that is kept, so that it ends in time. */
const plannedAMinute = 60

/** How long it takes to take so many green checks back, in milliseconds: closing begins at least so long before its time. */
export function takeBackTime(greens: number): number {
  return Math.ceil(greens / plannedAMinute) * 60_000
}

/** The take-back time of an installation's outstanding green checks, one that is about to be added included. */
export async function takeBackTimeOf(db: Queryable, installationId: number): Promise<number> {
  return takeBackTime((await outstandingGreens(db, installationId)) + 1)
}

/**
 * Whether another check may turn green: never more may be outstanding than the writes left in the hour can take back
 * (`shared/rules/release-window.md`, "Closing time").
 */
export async function mayTurnGreen(db: Queryable, installationId: number, now: Date): Promise<boolean> {
  const { lastHour } = await writeLoad(db, installationId, now)
  const greens = await outstandingGreens(db, installationId)
  return lastHour + 1 + greens + 1 <= writesAnHour
}

/** Keeps the pace of GitHub's limit: throws `retryAfter` with the time at which a write is free again. */
export async function awaitTurn(db: Queryable, installationId: number, now: Date): Promise<void> {
  const { lastMinute, oldestOfMinute } = await writeLoad(db, installationId, now)
  if (lastMinute < writesAMinute) return
  const free = new Date((oldestOfMinute ?? now).getTime() + 60_000)
  throw retryAfter(free, `${lastMinute} writes in a minute are what GitHub allows`)
}
