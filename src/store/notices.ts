import type { Queryable } from './database.ts'

/** A notice that Slack has taken. `permalink` is null until it was asked for. */
export type SentNotice = { key: string; channel: string; ts: string; permalink: string | null; sentAt: Date }

export async function sentNotice(db: Queryable, key: string): Promise<SentNotice | undefined> {
  const [row] = await db.query<SentNotice>(
    'SELECT key, channel, ts, permalink, sent_at AS "sentAt" FROM release_gate.notices WHERE key = $1',
    [key],
  )
  return row
}

/** Notes that Slack has taken a notice. What was noted first stays. */
export async function saveSent(db: Queryable, sent: Omit<SentNotice, 'permalink'>): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.notices (key, channel, ts, sent_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (key) DO NOTHING`,
    [sent.key, sent.channel, sent.ts, sent.sentAt],
  )
}

/** The message of a notice is gone: the next one takes its place. */
export async function forgetSent(db: Queryable, key: string): Promise<void> {
  await db.query('DELETE FROM release_gate.notices WHERE key = $1', [key])
}

export async function savePermalink(db: Queryable, key: string, permalink: string): Promise<void> {
  await db.query('UPDATE release_gate.notices SET permalink = $2 WHERE key = $1', [key, permalink])
}

/** When sending a notice began of which it is not known whether Slack has taken it. */
export async function attemptSince(db: Queryable, key: string): Promise<Date | undefined> {
  const [row] = await db.query<{ at: Date }>(
    'SELECT began_at AS at FROM release_gate.notice_attempts WHERE key = $1',
    [key],
  )
  return row?.at
}

/** Notes that a notice is about to be sent. The first attempt counts. */
export async function saveAttempt(db: Queryable, key: string, at: Date): Promise<void> {
  await db.query(
    'INSERT INTO release_gate.notice_attempts (key, began_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [key, at],
  )
}

export async function endAttempt(db: Queryable, key: string): Promise<void> {
  await db.query('DELETE FROM release_gate.notice_attempts WHERE key = $1', [key])
}

/** Claims the enqueueing of a notice. False: it was enqueued before. */
export async function takeRequest(db: Queryable, key: string, at: Date): Promise<boolean> {
  const rows = await db.query(
    'INSERT INTO release_gate.notice_requests (key, requested_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
    [key, at],
  )
  return rows.length > 0
}

/** Removes the claims from before a time: nothing that old is enqueued again. */
export async function pruneRequests(db: Queryable, before: Date): Promise<void> {
  await db.query('DELETE FROM release_gate.notice_requests WHERE requested_at < $1', [before])
}

/** The notice was not true anymore when it came to be sent: it may be enqueued again. */
export async function dropRequest(db: Queryable, key: string): Promise<void> {
  await db.query('DELETE FROM release_gate.notice_requests WHERE key = $1', [key])
}

/** Milliseconds between two messages in a channel: https://docs.slack.dev/apis/web-api/rate-limits/ */
const SPACING = 1_000

/**
 * Asks whether a message may go to a channel now: one a second, across jobs and processes. Of two that ask at once one is
 * let through.
 *
 * @returns nothing when it may go, else when to come back: those that wait get times a second apart.
 */
export async function reserveMessage(db: Queryable, channel: string, now: Date): Promise<Date | undefined> {
  const taken = await db.query(
    `INSERT INTO release_gate.notice_channels AS pace (channel, posted_at, promised_at) VALUES ($1, $2, $2)
     ON CONFLICT (channel) DO UPDATE SET posted_at = excluded.posted_at WHERE pace.posted_at <= $3 RETURNING 1`,
    [channel, now, new Date(now.getTime() - SPACING)],
  )
  if (taken.length > 0) return undefined
  const [line] = await db.query<{ promisedAt: Date }>(
    `UPDATE release_gate.notice_channels
     SET promised_at = greatest(promised_at, posted_at) + make_interval(secs => $2)
     WHERE channel = $1 RETURNING promised_at AS "promisedAt"`,
    [channel, SPACING / 1000],
  )
  return line?.promisedAt ?? new Date(now.getTime() + SPACING)
}

/** Lets nothing go to a channel before a time that Slack has named. */
export async function pauseChannel(db: Queryable, channel: string, until: Date): Promise<void> {
  await db.query('UPDATE release_gate.notice_channels SET posted_at = $2 WHERE channel = $1', [
    channel,
    new Date(until.getTime() - SPACING),
  ])
}

/** A channel that Slack takes nothing for, as the policy names it, and as it is paced (`line`). */
export type RefusedChannel = { line: string; channel: string; why: string; since: Date }

/** Its notices ask again within minutes: where none has for so long, none waits. */
const WAITED_FOR = 60 * 60_000

/**
 * Notes that Slack takes nothing for a channel, and lets nothing go there before a time. `line`: the channel as it is paced.
 * @returns whether that is news.
 */
export async function refuseChannel(
  db: Queryable,
  line: string,
  { channel, why, at, until }: { channel: string; why: string; at: Date; until: Date },
): Promise<boolean> {
  await pauseChannel(db, line, until)
  const [row] = await db.query<{ since: Date }>(
    `UPDATE release_gate.notice_channels SET refused_as = $2, refused_why = $3, refused_at = $4,
       refused_since = CASE WHEN refused_at >= $5 AND refused_why = $3 THEN refused_since ELSE $4 END
     WHERE channel = $1 RETURNING refused_since AS since`,
    [line, channel, why, at, new Date(at.getTime() - WAITED_FOR)],
  )
  return row?.since.getTime() === at.getTime()
}

export async function acceptChannel(db: Queryable, lines: string[]): Promise<void> {
  await db.query(
    'UPDATE release_gate.notice_channels SET refused_at = NULL WHERE channel = ANY($1) AND refused_at IS NOT NULL',
    [lines],
  )
}

/** The channels that notices wait for. */
export function refusedChannels(db: Queryable, now: Date): Promise<RefusedChannel[]> {
  return db.query<RefusedChannel>(
    `SELECT channel AS line, refused_as AS channel, refused_why AS why, refused_since AS since FROM release_gate.notice_channels
     WHERE refused_at >= $1 ORDER BY refused_as`,
    [new Date(now.getTime() - WAITED_FOR)],
  )
}
