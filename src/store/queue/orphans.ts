import type { PgBoss } from 'pg-boss'
import { JOBS_SCHEMA } from './queues.ts'

type Orphan = { id: string; name: string; singleton_key: string | null }

/**
 * Gives the jobs that a killed process left active back to the queue, due at once (rules/ingest.md, "Queue": "fail
 * orphaned active jobs on start"). Only for a database of one process: elsewhere an active job may be alive, and its
 * heartbeat decides.
 *
 * Each of them counts as a failed attempt, so that a job that kills the process ends as a dead letter and not in an
 * endless row of crashes.
 *
 * @returns how many there were.
 */
export async function reviveOrphans(boss: PgBoss, now: Date): Promise<number> {
  const { rows } = await boss
    .getDb()
    .executeSql(`SELECT id, name, singleton_key FROM ${JOBS_SCHEMA}.job WHERE state = 'active'`)
  for (const orphan of rows as Orphan[]) await revive(boss, orphan, now)
  return rows.length
}

async function revive(boss: PgBoss, { id, name, singleton_key: key }: Orphan, now: Date): Promise<void> {
  await boss.fail(name, id, { message: 'The process ended while this job ran.' })
  // Where another attempt with this key waits already, the orphan has joined it, and that one comes forward.
  const target = key === null ? { id } : { singletonKey: key, match: 'all' as const }
  await boss.update(name, undefined, { ...target, startAfter: now })
}
