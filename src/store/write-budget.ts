import { waitingForTurnReport } from '../decision/report.ts'
import { greensOf, readyUntold, takingBack } from './check-runs.ts'
import type { Queryable, Transaction } from './database.ts'
import { retryAfter } from './retry-later.ts'
import { noteWrite, type WriteLoad, writeLoad } from './writes.ts'

/**
 * GitHub documents 80 content writes a minute and 500 an hour for an installation. A little is left for retries and
 * for the writes of others with the same token.
 */
export const writesAMinute = 75
export const writesAnHour = 490
/** What is left of a minute for taking back whatever else is written: closing may begin right after a full minute. */
const keptForTakingBack = 15
const ordinaryAMinute = writesAMinute - keptForTakingBack
/** So many of those that wait for their turn are sure to say so; the reserve for it is not larger, or nothing turned green. */
const toldAtMost = 150
/** Several ask at once whether they may turn green, before any of them has written. */
const askedAtOnce = 10
const minute = 60_000
/** Longer than any closing takes: what left green within it still counts for when closing begins. */
const closingLasts = 10 * minute

/** How long it takes to take so many green checks back, in milliseconds: closing begins at least so long before its time. */
export function takeBackTime(greens: number): number {
  const later = Math.max(0, greens - keptForTakingBack)
  return Math.ceil(later / ordinaryAMinute) * minute + 15_000
}

/** The take-back time of an installation's green checks, one that is about to be added included. */
export async function takeBackTimeOf(db: Queryable, installationId: number, now: Date): Promise<number> {
  const lately = new Date(now.getTime() - closingLasts)
  const { outstanding, leftLately } = await greensOf(db, installationId, lately)
  return takeBackTime(outstanding + leftLately + 1)
}

/**
 * Whether another check may turn green: never more may be outstanding than the writes left in the hour can take back,
 * and those that wait must be able to say so (`shared/rules/release-window.md`, "Closing time").
 */
export async function mayTurnGreen(db: Queryable, installationId: number, now: Date): Promise<boolean> {
  const { lastHour } = await writeLoad(db, installationId, now)
  const others = (await readyUntold(db, installationId, waitingForTurnReport().title)) - 1
  const promised = (await outstandingOf(db, installationId, now)) + Math.min(Math.max(others, 0), toldAtMost)
  return lastHour + 1 + promised + 1 <= writesAnHour - askedAtOnce
}

/** Whether what only says the same in other words is to be left out, since half of the hour is written or promised. */
export async function isCrowded(db: Queryable, installationId: number, now: Date): Promise<boolean> {
  const { lastHour } = await writeLoad(db, installationId, now)
  return lastHour + (await outstandingOf(db, installationId, now)) > writesAnHour / 2
}

async function outstandingOf(db: Queryable, installationId: number, now: Date): Promise<number> {
  return (await greensOf(db, installationId, now)).outstanding
}

/** Heads of those who may not write take no more than this of the hour and of a minute: a fork can be pushed to without end. */
const hourForOutsiders = Math.floor(writesAnHour / 4)
const minuteForOutsiders = 15

/**
 * Taking a green check back comes before turning one green, and before whatever else a check says; last what it says on a
 * commit that nobody offers who may write.
 */
export type Purpose = 'take back' | 'turn green' | 'say' | 'say to outsiders'

/**
 * Takes one of the writes that GitHub's limits allow, or throws `retryAfter` with the time at which one is free again.
 * Everybody who writes for an installation does so one after the other, so that the last one is not taken twice.
 */
export async function reserveWrite(
  tx: Transaction,
  installationId: number,
  now: Date,
  purpose: Purpose,
): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('release-gate writes ' || $1::text, 0))`, [
    String(installationId),
  ])
  const load = await writeLoad(tx, installationId, now)
  if (purpose !== 'take back') await refuseOthers(tx, installationId, now, purpose, load)
  if (purpose === 'say to outsiders') refuseOutsiders(load, now)
  refuseOver(load, purpose === 'take back' ? writesAMinute : ordinaryAMinute, now)
  await noteWrite(tx, installationId, now)
}

function refuseOutsiders({ lastHour, lastMinute }: WriteLoad, now: Date): void {
  if (lastHour < hourForOutsiders && lastMinute < minuteForOutsiders) return
  throw retryAfter(new Date(now.getTime() + minute), 'the rest of the writes is kept for those who may write')
}

async function refuseOthers(
  tx: Transaction,
  installationId: number,
  now: Date,
  purpose: Purpose,
  { lastHour }: WriteLoad,
): Promise<void> {
  const recently = new Date(now.getTime() - closingLasts)
  if (await takingBack(tx, installationId, recently)) {
    throw retryAfter(new Date(now.getTime() + 15_000), 'green checks are being taken back first')
  }
  const promised = (await outstandingOf(tx, installationId, now)) + (purpose === 'turn green' ? 1 : 0)
  if (lastHour + 1 + promised > writesAnHour) {
    throw retryAfter(
      new Date(now.getTime() + minute),
      "the hour's writes are kept for taking green checks back",
    )
  }
}

/** Keeps the pace of GitHub's limit for a write that nothing else may delay: throws `retryAfter` where it must wait. */
export async function awaitTurn(db: Queryable, installationId: number, now: Date): Promise<void> {
  refuseOver(await writeLoad(db, installationId, now), writesAMinute, now)
}

function refuseOver({ lastMinute, oldestOfMinute }: WriteLoad, limit: number, now: Date): void {
  if (lastMinute < limit) return
  const free = new Date((oldestOfMinute ?? now).getTime() + minute)
  throw retryAfter(free, `${lastMinute} writes in a minute are what GitHub allows`)
}
