import type { JobWithMetadata, PgBoss } from 'pg-boss'
import { DEAD_LETTERS, JOBS_SCHEMA } from './queues.ts'

type Orphan = { id: string; name: string; singleton_key: string | null; retry_count: number; kills: number }

/** From so many kills on, jobs are started again one after the other: the one that kills the process is then alone with it. */
const suspectAfter = 3
const apart = 5_000

/** After so many kills a job is given up: it would kill the process for ever. */
const KILL_LIMIT = 50

/**
 * Gives the jobs that a killed process left active back to the queue, due at once. Only for a database of one process:
 * elsewhere an active job may be alive, and its heartbeat decides.
 *
 * A kill is not an attempt: a machine that restarts again and again says nothing about the jobs that it cut off. They are
 * counted apart, so that a job that kills the process ends as a dead letter all the same.
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
  // Taken up again, it counts one more: from a job that has run before one is taken off, the first run is forgotten.
  const counted = kills < KILL_LIMIT ? 'greatest(retry_count - 1, 0)' : 'retry_limit'
  await db.executeSql(`UPDATE ${JOBS_SCHEMA}.job SET retry_count = ${counted} WHERE id = $1`, [id])
  const times = kills === 1 ? '' : `, for the ${kills}th time`
  await boss.fail(name, id, { message: `The process ended while this job ran${times}.`, kills })
  if (retries === 0)
    await db.executeSql(`UPDATE ${JOBS_SCHEMA}.job SET started_on = NULL WHERE id = $1 AND state = 'retry'`, [
      id,
    ])
  // Where another attempt with this key waits already, the orphan has joined it, and that one comes forward.
  const target = key === null ? { id } : { singletonKey: key, match: 'all' as const }
  await boss.update(name, undefined, { ...target, startAfter: at })
}

/** A job is started anew so many times a day when the processes that run it fall silent; then it is an alert. */
const LOST_LIMIT = 3

/**
 * Whether a dead letter is only one because the processes that ran the job ended, each time, and it should be started anew.
 * Where many processes share a database, pg-boss counts a heartbeat that stopped as an attempt.
 */
export async function isLostToKills(boss: PgBoss, dead: JobWithMetadata<object>): Promise<boolean> {
  if (!isHeartbeatTimeout(dead.sourceOutput)) return false
  const { rows } = await boss.getDb().executeSql(
    `SELECT count(*)::int AS times FROM ${JOBS_SCHEMA}.job
     WHERE name = '${DEAD_LETTERS}' AND source_name = $1 AND singleton_key IS NOT DISTINCT FROM $2
       AND source_output->'value'->>'message' = $3 AND created_on > now() - interval '1 day'`,
    [dead.sourceName, dead.singletonKey, heartbeatTimeout],
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
