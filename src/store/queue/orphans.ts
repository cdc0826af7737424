import type { JobWithMetadata, PgBoss } from 'pg-boss'
import { DEAD_LETTERS, JOBS_SCHEMA } from './queues.ts'

type Orphan = { id: string; name: string; singleton_key: string | null; retry_count: number; kills: number }

/** After this many kills, jobs are restarted one at a time, so that the one that kills the process is isolated. */
const suspectAfter = 3
const apart = 5_000

/** After this many kills a job is given up, since it would kill the process forever. */
const KILL_LIMIT = 50

/**
 * Returns the jobs that a killed process left active to the queue, due immediately. Only for a database with one process:
 * elsewhere an active job may be alive, and its heartbeat decides.
 *
 * A kill is not an attempt: a machine that keeps restarting says nothing about the interrupted jobs. Kills are counted
 * separately, so that a job that kills the process still becomes a dead letter.
 *
 * @returns how many there were.
 */
export async function reviveOrphans(boss: PgBoss, now: Date): Promise<number> {
  const { rows } = await boss.getDb().executeSql(
    `SELECT id, name, singleton_key, retry_count, coalesce((output->>'kills')::int, 0) + 1 AS kills
     FROM ${JOBS_SCHEMA}.job WHERE state = 'active' ORDER BY created_on`,
  )
  let suspects = 0
  for (const orphan of rows as Orphan[]) {
    const wait = orphan.kills > suspectAfter ? apart * suspects++ : 0
    await revive(boss, orphan, new Date(now.getTime() + wait))
  }
  return rows.length
}

async function revive(boss: PgBoss, orphan: Orphan, at: Date): Promise<void> {
  const { id, name, singleton_key: key, retry_count: retries, kills } = orphan
  const db = boss.getDb()
  // Restarting counts as another attempt, so one is subtracted from a job that has run before; the first run is not counted.
  const counted = kills < KILL_LIMIT ? 'greatest(retry_count - 1, 0)' : 'retry_limit'
  await db.executeSql(`UPDATE ${JOBS_SCHEMA}.job SET retry_count = ${counted} WHERE id = $1`, [id])
  const times = kills === 1 ? '' : `, for the ${kills}th time`
  await boss.fail(name, id, { message: `The process ended while this job ran${times}.`, kills })
  if (retries === 0)
    await db.executeSql(`UPDATE ${JOBS_SCHEMA}.job SET started_on = NULL WHERE id = $1 AND state = 'retry'`, [
      id,
    ])
  // If another attempt with this key is already waiting, the orphan joins it, and that one becomes due.
  const target = key === null ? { id } : { singletonKey: key, match: 'all' as const }
  await boss.update(name, undefined, { ...target, startAfter: at })
}

/** How often per day a job is restarted when the processes that run it fall silent. After that it is an alert. */
const LOST_LIMIT = 3

/**
 * Whether a job became a dead letter only because its processes ended each time, so that it should be restarted. With several
 * processes on one database, pg-boss counts a missed heartbeat as an attempt. Jobs without a key are the same one if they carry the same.
 */
export async function isLostToKills(boss: PgBoss, dead: JobWithMetadata<object>): Promise<boolean> {
  if (!isHeartbeatTimeout(dead.sourceOutput)) return false
  const { rows } = await boss.getDb().executeSql(
    `SELECT count(*)::int AS times FROM ${JOBS_SCHEMA}.job
     WHERE name = '${DEAD_LETTERS}' AND source_name = $1 AND singleton_key IS NOT DISTINCT FROM $2
       AND ($2 IS NOT NULL OR data = $4::jsonb) AND source_output->'value'->>'message' = $3 AND created_on > now() - interval '1 day'`,
    [dead.sourceName, dead.singletonKey, heartbeatTimeout, JSON.stringify(dead.data)],
  )
  return rows[0].times <= LOST_LIMIT
}

const heartbeatTimeout = 'job heartbeat timeout'

function isHeartbeatTimeout(output: object | null): boolean {
  const value = output && 'value' in output ? output.value : undefined
  return (
    typeof value === 'object' && value !== null && 'message' in value && value.message === heartbeatTimeout
  )
}
