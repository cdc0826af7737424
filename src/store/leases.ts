import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Queryable } from './database.ts'

const lasts = 90_000

/** A work that hangs for longer than any handler may run is not waited for. */
const longest = 600_000

/**
 * Does `work` while no other process does work under the same key; waits a second at most for whoever does. A lease is renewed while its
 * work runs, so it is never taken from one that still runs; it expires when its process has died. One that would expire much later than any does
 * was taken while the clock was ahead.
 * @returns undefined if another process keeps the lease.
 */
export async function tryWithLease<Result>(
  db: Queryable,
  key: string,
  now: () => Date,
  work: () => Promise<Result>,
  renewedEvery = 30_000,
): Promise<{ result: Result } | undefined> {
  const holder = randomUUID()
  for (let tries = 0; !(await takeLease(db, key, holder, now())); tries++) {
    if (tries === 20) return undefined
    await setTimeout(50)
  }
  const until = now().getTime() + longest
  const renewing = setInterval(() => {
    if (now().getTime() < until) renewLease(db, key, holder, now()).catch(() => undefined)
  }, renewedEvery)
  try {
    return { result: await work() }
  } finally {
    clearInterval(renewing)
    await db.query(`DELETE FROM release_gate.leases WHERE key = $1 AND holder = $2`, [key, holder])
  }
}

async function takeLease(db: Queryable, key: string, holder: string, now: Date): Promise<boolean> {
  const taken = await db.query(
    `INSERT INTO release_gate.leases AS lease (key, holder, expires_at) VALUES ($1, $2, $4)
     ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE lease.expires_at < $3 OR lease.expires_at > $5 RETURNING 1`,
    [key, holder, now, new Date(now.getTime() + lasts), new Date(now.getTime() + longest)],
  )
  return taken.length > 0
}

async function renewLease(db: Queryable, key: string, holder: string, now: Date): Promise<void> {
  await db.query('UPDATE release_gate.leases SET expires_at = $3 WHERE key = $1 AND holder = $2', [
    key,
    holder,
    new Date(now.getTime() + lasts),
  ])
}

/** For a database that only this process uses: whoever held a lease is dead. */
export async function releaseLeases(db: Queryable): Promise<void> {
  await db.query('DELETE FROM release_gate.leases')
}
