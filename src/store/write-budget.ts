import { waitingForTurnReport } from '../decision/report.ts'
import { greensOf, isRevoking, readyNotQueued } from './check-runs.ts'
import type { Queryable, Transaction } from './database.ts'
import { retryAfterError } from './retry-after-error.ts'

/**
 * How many writes GitHub takes: it documents 80 content-creating requests a minute and 500 an hour for an installation
 * (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api). A little is left for retries and for
 * whoever else writes with the same token.
 */
export const writesAMinute = 75
export const writesAnHour = 490
/** Kept of each minute for revoking green checks: closing may begin right after a full minute. */
const keptForRevoking = 15
const ordinaryAMinute = writesAMinute - keptForRevoking
/** At most so many writes are reserved for checks that say that they are queued, or nothing could turn green. */
const queuedAtMost = 150
/** Left of the hour for what is counted without being reserved: issues, review requests, checks of merge groups. */
const keptForOtherWrites = 10
const minute = 60_000
const hour = 60 * minute
/** Longer than any closing takes: what left green within it still counts for when closing begins. */
const closingLasts = 10 * minute

/** How many milliseconds it takes to revoke so many green checks. Closing begins at least so long before its time. */
export function revocationTime(greens: number): number {
  const later = Math.max(0, greens - keptForRevoking)
  return Math.ceil(later / ordinaryAMinute) * minute + 15_000
}

/** The revocation time of an installation's green checks, with one that is about to be added. */
export async function revocationTimeOf(db: Queryable, installationId: number, now: Date): Promise<number> {
  const lately = new Date(now.getTime() - closingLasts)
  const { outstanding, leftLately } = await greensOf(db, installationId, lately)
  return revocationTime(outstanding + leftLately + 1)
}

/**
 * Whether another check may turn green. Never more are green than the writes left in the hour can revoke, and those that
 * have to wait must be able to say so. Outside of `reserveWrite` the answer is only a hint: somebody else may be faster.
 */
export async function hasRoomForGreen(db: Queryable, installationId: number, now: Date): Promise<boolean> {
  return isRoomForGreen(db, installationId, await writeLoad(db, installationId, now))
}

async function isRoomForGreen(
  db: Queryable,
  installationId: number,
  { lastHour, outstanding }: WriteLoad,
): Promise<boolean> {
  const others = (await readyNotQueued(db, installationId, waitingForTurnReport().title)) - 1
  const promised = outstanding + Math.min(Math.max(others, 0), queuedAtMost)
  return lastHour + 1 + promised + 1 <= writesAnHour - keptForOtherWrites
}

/** Whether to skip writes that change only wording, since half of the hour is used or promised. */
export async function isCrowded(db: Queryable, installationId: number, now: Date): Promise<boolean> {
  const { lastHour, outstanding } = await writeLoad(db, installationId, now)
  return lastHour + outstanding > writesAnHour / 2
}

/** Heads of people without write access get no more of the hour and of a minute: a fork can be pushed to without end. */
const hourForOutsiders = Math.floor(writesAnHour / 4)
const minuteForOutsiders = 15

/**
 * What a write is for, in order: revoking a green check, turning one green, updating what another check says, and updating
 * one on a commit of people without write access alone.
 */
export type Purpose = 'revoke green' | 'turn green' | 'update' | 'update for outsiders'

const NO_ROOM = Symbol.for('release-gate.no-room-for-green')

/** Whether `reserveWrite` refused because the writes that are left could not revoke another green check. */
export function isNoRoomForGreen(error: unknown): boolean {
  return error instanceof Error && NO_ROOM in error
}

/**
 * Takes one of the writes that GitHub's limits allow. Everyone who writes for an installation does so one after the other, so
 * that neither the last write nor the last room for a green check is taken twice: a green check is to be kept as outstanding
 * in the same transaction.
 * @throws `retryAfterError` with the time at which one is free again; an error that `isNoRoomForGreen` knows.
 */
export async function reserveWrite(
  tx: Transaction,
  installationId: number,
  now: Date,
  purpose: Purpose,
): Promise<void> {
  const recently = new Date(now.getTime() - closingLasts)
  const [, load, revoking] = await Promise.all([
    tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('release-gate writes ' || $1::text, 0))`, [
      String(installationId),
    ]),
    writeLoad(tx, installationId, now),
    purpose !== 'revoke green' && isRevoking(tx, installationId, recently),
  ])
  if (revoking)
    throw retryAfterError(new Date(now.getTime() + 15_000), 'green checks are being revoked first')
  if (purpose !== 'revoke green') await refuseOthers(tx, installationId, now, purpose, load)
  if (purpose === 'update for outsiders') refuseOutsiders(load, now)
  refuseOver(load, purpose === 'revoke green' ? writesAMinute : ordinaryAMinute, now)
  await noteWrite(tx, installationId, now)
}

function noRoomForGreen(): Error {
  const why = 'the writes left in this hour could not revoke another green check'
  return Object.assign(new Error(why), { [NO_ROOM]: true as const })
}

function refuseOutsiders({ lastHour, lastMinute }: WriteLoad, now: Date): void {
  if (lastHour < hourForOutsiders && lastMinute < minuteForOutsiders) return
  throw retryAfterError(
    new Date(now.getTime() + minute),
    'the remaining writes are reserved for people with write access',
  )
}

async function refuseOthers(
  tx: Transaction,
  installationId: number,
  now: Date,
  purpose: Purpose,
  load: WriteLoad,
): Promise<void> {
  if (purpose === 'turn green' && !(await isRoomForGreen(tx, installationId, load))) throw noRoomForGreen()
  if (load.lastHour + 1 + load.outstanding > writesAnHour) {
    throw retryAfterError(
      new Date(now.getTime() + minute),
      'the writes left in this hour are reserved for revoking green checks',
    )
  }
}

/** Keeps the pace of GitHub's limit for a write that nothing else may delay. @throws `retryAfterError` where it must wait. */
export async function requireWriteBudget(db: Queryable, installationId: number, now: Date): Promise<void> {
  refuseOver(await writeLoad(db, installationId, now), writesAMinute, now)
}

function refuseOver({ lastMinute, oldestOfMinute }: WriteLoad, limit: number, now: Date): void {
  if (lastMinute < limit) return
  const free = new Date((oldestOfMinute ?? now).getTime() + minute)
  throw retryAfterError(
    free,
    `${lastMinute} writes were made in the last minute, the most that GitHub allows`,
  )
}

/** Counts a write to GitHub. Those of more than an hour ago do not count anymore. */
export async function noteWrite(db: Queryable, installationId: number, at: Date): Promise<void> {
  await db.query(
    `WITH earlier AS (DELETE FROM release_gate.writes WHERE installation_id = $1 AND at < $3)
     INSERT INTO release_gate.writes (installation_id, at) VALUES ($1, $2)`,
    [installationId, at, new Date(at.getTime() - hour)],
  )
}

/**
 * How much was written in the last minute and hour, when the oldest write of the minute was, and how many checks are green that may have to
 * be revoked.
 */
export type WriteLoad = {
  lastMinute: number
  lastHour: number
  oldestOfMinute: Date | undefined
  outstanding: number
}

export async function writeLoad(db: Queryable, installationId: number, now: Date): Promise<WriteLoad> {
  const [row] = await db.query<{ minute: number; hour: number; oldest: Date | null; outstanding: number }>(
    `SELECT count(*) FILTER (WHERE at > $2) AS minute, count(*) AS hour, min(at) FILTER (WHERE at > $2) AS oldest,
       (SELECT count(*) FROM release_gate.check_runs WHERE installation_id = $1 AND outstanding) AS outstanding
     FROM release_gate.writes WHERE installation_id = $1 AND at > $3`,
    [installationId, new Date(now.getTime() - minute), new Date(now.getTime() - hour)],
  )
  return {
    lastMinute: Number(row?.minute ?? 0),
    lastHour: Number(row?.hour ?? 0),
    oldestOfMinute: row?.oldest ?? undefined,
    outstanding: Number(row?.outstanding ?? 0),
  }
}
