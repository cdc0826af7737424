import { createHash } from 'node:crypto'
import { type Database, inTransaction, type Queryable, type Transaction } from './database.ts'

/** A delivery as it came in: `guid` and `event` are unsigned, only `body` is what GitHub signed. */
export type Received = { guid: string; event: string; body: Uint8Array }

/** A stored delivery. */
export type Delivery = Received & { id: string; state: 'received' | 'processed' | 'failed'; receivedAt: Date }

/**
 * Writes a delivery and calls `enqueue` in the same transaction, so that there is never a row without what follows from it
 * (durable write first, then 2xx).
 *
 * One that is stored already, the same id and event with the same body, is not taken again, except where its processing failed:
 * then a redelivery starts it anew. The same id with another body or event is another delivery, since neither the id nor the event is
 * signed: whoever replays an old body under a new id, or sends a body as another event, must not keep the true one out.
 *
 * `state`: what it is once all of this is committed. Most are processed by then, and a second statement would cost each a fifth more.
 *
 * @returns whether a job was asked for.
 */
export async function storeDelivery(
  db: Database | Transaction,
  received: Received,
  at: Date,
  enqueue: (id: string, tx: Transaction) => Promise<void>,
  state: 'received' | 'processed' = 'received',
): Promise<boolean> {
  const digest = createHash('sha256').update(`${received.event}\n`).update(received.body).digest('hex')
  return inTransaction(db, async (tx) => {
    const [row] = await tx.query<{ id: number }>(
      `INSERT INTO release_gate.deliveries AS d (guid, body_digest, event, body, received_at, state, settled_at)
       VALUES ($1, $2, $3, decode($4, 'base64'), $5, $6, CASE WHEN $6 = 'processed' THEN $5::timestamptz END)
       ON CONFLICT (guid, body_digest) DO UPDATE
         SET state = excluded.state, event = excluded.event, received_at = excluded.received_at, settled_at = excluded.settled_at,
           problem = CASE WHEN excluded.state = 'processed' THEN NULL ELSE d.problem END
         WHERE d.state = 'failed'
       RETURNING id`,
      [received.guid, digest, received.event, base64Of(received.body), at, state],
    )
    if (!row) return false
    await enqueue(String(row.id), tx)
    return true
  })
}

/** Reads a stored delivery, or nothing when it was pruned. */
export async function readDelivery(db: Queryable, id: string): Promise<Delivery | undefined> {
  const [row] = await db.query<Omit<Delivery, 'id' | 'body'> & { body: string }>(
    `SELECT guid, event, encode(body, 'base64') AS body, state, received_at AS "receivedAt" FROM release_gate.deliveries WHERE id = $1`,
    [id],
  )
  return row && { ...row, id, body: Buffer.from(row.body, 'base64') }
}

/** Marks a delivery as done; its redeliveries are then not taken again. */
export async function markProcessed(db: Queryable, id: string, at: Date): Promise<void> {
  await db.query(
    `UPDATE release_gate.deliveries SET state = 'processed', problem = NULL, settled_at = $2 WHERE id = $1`,
    [id, at],
  )
}

/** Marks a delivery as given up, so that a redelivery is accepted. `problem` is a text without secrets. */
export async function markFailed(db: Queryable, id: string, problem: string, at: Date): Promise<void> {
  await db.query(
    `UPDATE release_gate.deliveries SET state = 'failed', problem = $2, settled_at = $3
     WHERE id = $1 AND state <> 'processed'`,
    [id, problem.slice(0, 2_000), at],
  )
}

/** Lets a delivery that was given up be processed again. */
export async function reopenDelivery(db: Queryable, id: string): Promise<void> {
  await db.query(
    `UPDATE release_gate.deliveries SET state = 'received', settled_at = NULL WHERE id = $1 AND state = 'failed'`,
    [id],
  )
}

/** Whether one of some deliveries is an event with one of these names. */
export async function isAnyEventOf(db: Queryable, guids: string[], events: string[]): Promise<boolean> {
  if (guids.length === 0) return false
  const rows = await db.query(
    `SELECT 1 FROM release_gate.deliveries WHERE guid = ANY ($1::text[]) AND event = ANY ($2::text[]) LIMIT 1`,
    [guids, events],
  )
  return rows.length > 0
}

/** Whether a delivery is unprocessed, so that facts that were read before may be outdated. */
export async function isAnyUnread(db: Queryable): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM release_gate.deliveries WHERE state = 'received' AND event NOT IN ('check_run', 'check_suite') LIMIT 1`,
  )
  return rows.length > 0
}

/** Removes settled deliveries that came in before a time, and tells how many. GitHub keeps its own for 3 days. */
export async function pruneDeliveries(db: Queryable, before: Date): Promise<number> {
  const rows = await db.query(
    `DELETE FROM release_gate.deliveries WHERE received_at < $1 AND state <> 'received' RETURNING id`,
    [before],
  )
  return rows.length
}

/** PGlite writes and reads bytes one by one: 25 MB took over 10 s, in which nothing else ran. As base64 it takes about one. */
function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
