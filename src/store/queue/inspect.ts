import type { Queryable } from '../database.ts'
import { DEAD_LETTERS, JOBS_SCHEMA, RETRY_LIMIT, RUN_REGRESSION } from './queues.ts'

/** The jobs waiting in one queue; a delayed job is `later` until it is due. */
export type QueueDepth = {
  queue: string
  due: number
  running: number
  later: number
  /** How long the oldest due job has been waiting. */
  oldestSeconds: number
}

/** A job that was given up, or that failed and will be retried. */
export type FailedJob = {
  id: string
  queue: string
  data: object
  problem: unknown
  attempts: number
  at: Date
  state: 'given up' | 'tried again'
  nextAt: Date | null
  key: string | null
}

export function queueDepths(db: Queryable): Promise<QueueDepth[]> {
  return db.query<QueueDepth>(
    `SELECT name AS queue,
       count(*) FILTER (WHERE state < 'active' AND start_after <= ${JOBS_SCHEMA}.job_now())::int AS due,
       count(*) FILTER (WHERE state = 'active')::int AS running,
       count(*) FILTER (WHERE state < 'active' AND start_after > ${JOBS_SCHEMA}.job_now())::int AS later,
       coalesce(extract(epoch FROM ${JOBS_SCHEMA}.job_now() - min(start_after) FILTER
         (WHERE state < 'active' AND start_after <= ${JOBS_SCHEMA}.job_now())), 0)::float AS "oldestSeconds"
     FROM ${JOBS_SCHEMA}.job WHERE state <= 'active' AND name <> '${DEAD_LETTERS}' GROUP BY name ORDER BY name`,
  )
}

/** Whether a run of the staging regression with this key waits or is under way. */
export async function isRunPending(db: Queryable, key: string): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM ${JOBS_SCHEMA}.job
     WHERE name = '${RUN_REGRESSION}' AND singleton_key = $1 AND state <= 'active' LIMIT 1`,
    [key],
  )
  return rows.length > 0
}

/**
 * Which jobs were given up. Dead letters stay for 30 days. One with attempts left was not given up, since an older attempt continues;
 * nor one that was started anew.
 */
export const givenUp = `name = '${DEAD_LETTERS}' AND source_retry_count >= ${RETRY_LIMIT} AND output->'startedAnew' IS NULL`

const failed = `
  SELECT id::text, source_name AS queue, data, source_output AS problem, source_retry_count + 1 AS attempts,
    created_on AS at, 'given up' AS state, NULL::timestamptz AS "nextAt", singleton_key AS key
  FROM ${JOBS_SCHEMA}.job WHERE ${givenUp}
  UNION ALL
  SELECT id::text, name, data, output, retry_count + 1, coalesce(started_on, created_on), 'tried again', start_after, singleton_key
  FROM ${JOBS_SCHEMA}.job WHERE state = 'retry'`

/** The newest first. */
export function failedJobs(db: Queryable, limit: number): Promise<FailedJob[]> {
  return db.query<FailedJob>(`SELECT * FROM (${failed}) f ORDER BY state, at DESC LIMIT $1`, [limit])
}

export async function countGivenUp(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${JOBS_SCHEMA}.job WHERE ${givenUp}`,
  )
  return row?.count ?? 0
}

/** The failed jobs whose id starts with this text. */
export function failedJobsById(db: Queryable, id: string): Promise<FailedJob[]> {
  return db.query<FailedJob>(`SELECT * FROM (${failed}) f WHERE starts_with(id, $1) LIMIT 2`, [id])
}

/** Removes a dead letter, so that it is not started twice. False: it was already removed. */
export async function removeDeadLetter(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    `DELETE FROM ${JOBS_SCHEMA}.job WHERE name = '${DEAD_LETTERS}' AND id = $1 RETURNING id`,
    [id],
  )
  return rows.length > 0
}

export async function bringForward(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    `UPDATE ${JOBS_SCHEMA}.job SET start_after = ${JOBS_SCHEMA}.job_now() WHERE id = $1 AND state = 'retry' RETURNING id`,
    [id],
  )
  return rows.length > 0
}
