import type { Clock, PgBoss } from 'pg-boss'
import type { QueueLog } from './handlers.ts'
import { JOBS_SCHEMA } from './queues.ts'
import { type Worker, wakeOne } from './workers.ts'

export const IS_DUE = `(state < 'active' AND start_after <= ${JOBS_SCHEMA}.job_now())`

/** The queues that hold such a job. */
export async function queuesWith(boss: PgBoss, condition: string): Promise<Set<string>> {
  const sql = `SELECT DISTINCT name FROM ${JOBS_SCHEMA}.job WHERE ${condition}`
  const { rows } = await boss.getDb().executeSql(sql)
  return new Set((rows as { name: string }[]).map(({ name }) => name))
}

/** Wakes a worker of each queue with a due job. */
export async function wakeForDueJobs(boss: PgBoss, workers: Worker[]): Promise<void> {
  const due = await queuesWith(boss, IS_DUE)
  for (const queue of due) wakeOne(boss, workers, queue)
}

const HALF_A_SECOND = 500

/**
 * Does so twice a second, since nothing notifies of a job that becomes due. One statement asks for all workers of the process. An
 * outage is logged once.
 *
 * @returns what ends it
 */
export function watchDueJobs(boss: PgBoss, workers: Worker[], clock: Clock, log: QueueLog): () => void {
  let stopped = false
  let failing = false
  let timer: unknown
  const next = () => {
    timer = clock.setTimeout(look, HALF_A_SECOND)
  }
  const look = async () => {
    try {
      await wakeForDueJobs(boss, workers)
      failing = false
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (!stopped && !failing) log.error({ problem }, 'The queue cannot be asked for due jobs')
      failing = true
    }
    if (!stopped) next()
  }
  next()
  return () => {
    stopped = true
    clock.clearTimeout(timer)
  }
}
