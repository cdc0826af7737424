import { createHash } from 'node:crypto'
import type { Queryable } from './database.ts'

/**
 * PagerDuty takes about 120 events a minute for each routing key, so 30 are sent at once and then 90 a minute, alerts and changes together.
 * https://developer.pagerduty.com/docs/events-api-v2-overview
 */
const spacing = 667
/** So many may be sent at once. Changes leave the rest to pages, which go first when there are many of both. */
const atOnce = { page: 30, change: 10 }
export type PacedEvent = keyof typeof atOnce

/**
 * Asks whether an event may be sent with a routing key now, across jobs and processes.
 * @returns nothing when it may, else when to come back: those that wait get times one after another.
 */
export async function reserveEvent(
  db: Queryable,
  key: string,
  kind: PacedEvent,
  now: Date,
): Promise<Date | undefined> {
  const line = lineOf(key)
  const ahead = (atOnce[kind] - 2) * spacing
  await forgetTimesAhead(db, [line, `${line} ${kind}`], now)
  const taken = await db.query(
    `INSERT INTO release_gate.notice_channels AS pace (channel, posted_at, promised_at) VALUES ($1, $2, $2)
     ON CONFLICT (channel) DO UPDATE SET posted_at = greatest(pace.posted_at + make_interval(secs => $4), excluded.posted_at)
     WHERE pace.posted_at <= $3 RETURNING 1`,
    [line, now, new Date(now.getTime() + ahead), spacing / 1_000],
  )
  if (taken.length > 0) return undefined
  const [waiting] = await db.query<{ at: Date }>(
    `INSERT INTO release_gate.notice_channels AS pace (channel, posted_at, promised_at)
     SELECT $2, posted_at, posted_at - make_interval(secs => $3) FROM release_gate.notice_channels WHERE channel = $1
     ON CONFLICT (channel) DO UPDATE
       SET promised_at = greatest(pace.promised_at + make_interval(secs => $4), excluded.promised_at)
     RETURNING promised_at AS at`,
    [line, `${line} ${kind}`, ahead / 1_000, spacing / 1_000],
  )
  return waiting?.at ?? new Date(now.getTime() + spacing)
}

/** Nobody waits longer for a turn. What says so was written while this machine's clock was ahead. */
const longestWait = 30 * 60_000

async function forgetTimesAhead(db: Queryable, lines: string[], now: Date): Promise<void> {
  await db.query(
    `UPDATE release_gate.notice_channels SET posted_at = least(posted_at, $2), promised_at = least(promised_at, $2)
     WHERE channel = ANY ($1::text[]) AND greatest(posted_at, promised_at) > $3`,
    [lines, now, new Date(now.getTime() + longestWait)],
  )
}

/** Lets nothing be sent with a routing key before a time that PagerDuty has named, and no more at once right after it. */
export async function pauseEvents(db: Queryable, key: string, until: Date): Promise<void> {
  await db.query(
    'UPDATE release_gate.notice_channels SET posted_at = greatest(posted_at, $2) WHERE channel = $1',
    [lineOf(key), new Date(until.getTime() + (atOnce.page - 2) * spacing)],
  )
}

/** The key is a secret. */
function lineOf(key: string): string {
  return `pagerduty ${createHash('sha256').update(key).digest('hex').slice(0, 16)}`
}
