import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Queryable } from './database.ts'

/**
 * Does `work` while no other process does work under the same key; waits a second at most for whoever does. A lease outlives a
 * handler's expiry of 60 s, so it is never taken from one that still runs; it expires when its process has died.
 * @returns undefined if another process keeps the lease.
 */
export async function withLease<Result>(
  db: Queryable,
  key: string,
  now: () => Date,
  work: () => Promise<Result>,
): Promise<{ result: Result } | undefined> {
  const holder = randomUUID()
  for (let tries = 0; !(await takeLease(db, key, holder, now())); tries++) {
    if (tries === 20) return undefined
    await setTimeout(50)
  }
  try {
    return { result: await work() }
  } finally {
    await db.query(`DELETE FROM release_gate.leases WHERE key = $1 AND holder = $2`, [key, holder])
  }
}

async function takeLease(db: Queryable, key: string, holder: string, now: Date): Promise<boolean> {
  const taken = await db.query(
    `INSERT INTO release_gate.leases AS lease (key, holder, expires_at) VALUES ($1, $2, $4)
     ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE lease.expires_at < $3 RETURNING 1`,
    [key, holder, now, new Date(now.getTime() + 90_000)],
  )
  return taken.length > 0
}

/** For a database that only this process uses: whoever held a lease is dead. */
export async function releaseLeases(db: Queryable): Promise<void> {
  await db.query('DELETE FROM release_gate.leases')
}
