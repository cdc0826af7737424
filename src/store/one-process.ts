import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Queryable } from './database.ts'

/** How long a lease lasts without being renewed, and how often it is renewed or asked for. A dead process is replaced after their sum. */
const usual = { leaseMs: 15_000, renewMs: 5_000 }

/** Work that goes on until it is stopped; `stop` resolves once nothing of it runs anymore. */
export type Running = { stop: () => Promise<void> }

export type Candidate<Work extends Running> = {
  /** What `begin` returned, while this process holds the lease. */
  running: () => Work | undefined
  /** Stops the work, and lets another process begin at once. */
  leave: () => Promise<void>
}

/**
 * Runs `begin` in one process at a time: the one that holds the lease `key`. A process that dies is replaced within 20 seconds. One that
 * cannot renew its lease in time stops by its own clock, before anyone else can begin.
 *
 * Expiry is by the clock of the database, since clocks differ. A session's advisory lock was the alternative: the server frees it at
 * once, but behind a connection pooler it belongs to nobody or to everybody.
 */
export async function inOneProcess<Work extends Running>(
  db: Queryable,
  key: string,
  begin: () => Work,
  options: { log: Pick<Logger, 'info' | 'warn'>; leaseMs?: number; renewMs?: number },
): Promise<Candidate<Work>> {
  const { log, leaseMs, renewMs } = { ...usual, ...options }
  const holder = `${hostname()} ${process.pid} ${randomUUID()}`
  let work: Work | undefined
  let expiry: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined
  let ending: Promise<void> | undefined
  const end = async (): Promise<void> => {
    clearTimeout(expiry)
    ending ??= work?.stop().finally(() => {
      ending = undefined
    })
    work = undefined
    await ending
  }
  const lose = () => {
    if (work) log.warn({ lease: key }, 'This process lost its lease: another one runs the periodic tasks')
    return end()
  }
  const look = async (): Promise<void> => {
    const asked = performance.now()
    const held = await takeLease(db, key, holder, leaseMs).catch(() => undefined)
    // Not known: the expiry decides.
    if (held === undefined) return
    const left = leaseMs - (performance.now() - asked)
    if (!held || left <= 0) return lose()
    clearTimeout(expiry)
    expiry = setTimeout(lose, left)
    if (work || ending) return
    log.info({ lease: key }, 'This process runs the periodic tasks')
    work = begin()
  }
  let looking = look()
  const again = () => {
    timer = setTimeout(() => {
      looking = look()
      void looking.then(again)
    }, renewMs)
  }
  await looking
  again()
  return {
    running: () => work,
    leave: async () => {
      clearTimeout(timer)
      await looking
      clearTimeout(timer)
      await end()
      const release = 'DELETE FROM release_gate.leases WHERE key = $1 AND holder = $2'
      // Without the database it ends on its own.
      await db.query(release, [key, holder]).catch(() => undefined)
    },
  }
}

async function takeLease(db: Queryable, key: string, holder: string, leaseMs: number): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO release_gate.leases AS lease (key, holder, expires_at)
     VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
     ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE lease.holder = excluded.holder OR lease.expires_at < clock_timestamp() RETURNING 1`,
    [key, holder, leaseMs],
  )
  return rows.length > 0
}
