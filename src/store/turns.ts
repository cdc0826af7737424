import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Queryable } from './database.ts'

const RENEW_MS = 20_000
const LOOK_MS = 500

/**
 * Does `work` while nobody else, in any process, does work under the same key, and waits for its turn as long as it takes (so
 * that a staging environment has a single run). The turn is renewed while the work goes on and expires a minute after
 * its process died; where it was lost, the signal that `work` gets aborts. Times are those of the database's own clock, since a
 * story's clock jumps.
 */
export async function waitForTurn<Result>(
  db: Queryable,
  key: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const holder = randomUUID()
  while (!(await take(db, key, holder))) await wait(LOOK_MS, undefined, { signal })
  const lost = new AbortController()
  const renewal = setInterval(() => {
    take(db, key, holder).then(
      (kept) => kept || lost.abort(new Error('the turn on the staging environment was lost')),
      () => undefined,
    )
  }, RENEW_MS)
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    clearInterval(renewal)
    await db.query('DELETE FROM release_gate.leases WHERE key = $1 AND holder = $2', [key, holder])
  }
}

/** Takes or renews. */
async function take(db: Queryable, key: string, holder: string): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.leases AS lease (key, holder, expires_at)
     VALUES ($1, $2, clock_timestamp() + interval '60 seconds')
     ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE lease.holder = excluded.holder OR lease.expires_at < clock_timestamp() RETURNING 1`,
    [key, holder],
  )
  return rows.length > 0
}
