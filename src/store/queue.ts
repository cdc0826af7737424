import type { ClientBase } from 'pg'
import { type Clock, PgBoss, systemClock } from 'pg-boss'
import { type CommentTask, keyOfComment } from '../decision/comment-task.ts'
import { type IncidentTask, keyOfIncidentTask } from '../decision/incidents/task.ts'
import { keyOfTask, type MergeTask } from '../decision/merge-task.ts'
import { keyOfRegression, type RegressionRequest } from '../decision/regression-request.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { grantJobsToBot, ownsSchema } from './database/grants.ts'
import type { Database, Transaction } from './database.ts'
import { IS_DUE, queuesWith, wakeForDueJobs, watchDueJobs } from './queue/due-jobs.ts'
import type { Delayed, Handlers, QueueLog } from './queue/handlers.ts'
import { reviveOrphans } from './queue/orphans.ts'
import {
  COMMANDS,
  createQueues,
  DELIVERIES,
  EVALUATE,
  INCIDENTS,
  INSIDER_PRIORITY,
  JOBS_SCHEMA,
  LATER,
  MERGING,
  NOTICES,
  RECHECK,
  RUN_REGRESSION,
  TRANSITIONS,
} from './queue/queues.ts'
import { keyOf, sendAll, sendEvaluate, senderOn } from './queue/sender.ts'
import { type Running, startWorkers, type Worker, wakeOne } from './queue/workers.ts'

export type { DeadJob, Handlers, QueueLog } from './queue/handlers.ts'

/** With `tx`, the job exists only if that transaction commits. */
type Within = { tx?: Transaction }

export type Queue = {
  /**
   * Requests one evaluation. A queued one is joined (and takes over `requestedBy`, and a higher `priority`); a running one is
   * followed by another, so that no request is lost.
   */
  enqueueEvaluate: (pull: PullRef, options?: Within & { priority?: number }) => Promise<void>
  /** Like `enqueueEvaluate`, for many at once. Those whose check may be green come first. */
  enqueueAll: (pulls: { pull: PullRef; green: boolean }[], options?: Within) => Promise<void>
  /** Requests an evaluation at a time. Equal requests join; it never delays or absorbs `enqueueEvaluate`. */
  enqueueRecheck: (pull: PullRef, at: Date, options?: Within) => Promise<void>
  /** Requests the calendar changes of a time, immediately if it has passed. Equal requests join. */
  enqueueTransition: (at: Date, options?: Within) => Promise<void>
  /** Requests the processing of a stored delivery; `id` is that of its row. */
  enqueueDelivery: (id: string, options?: Within) => Promise<void>
  /** Requests the processing of a merge, a push, a merge group or an issue, optionally at a time. Equal requests join. */
  enqueueMerging: (task: MergeTask, options?: Within & { at?: Date }) => Promise<void>
  /** Requests work on an incident, optionally at a time. Equal requests join. */
  enqueueIncident: (task: IncidentTask, options?: Within & { at?: Date }) => Promise<void>
  /** Requests that a comment be read for a command. Equal requests join. */
  enqueueComment: (task: CommentTask, options?: Within) => Promise<void>
  /**
   * Requests a run of the staging regression on a head. Joins another request for the same head, waiting or running. Runs on
   * one staging environment go one at a time. Optionally at a time.
   */
  enqueueRegression: (request: RegressionRequest, options?: Within & { at?: Date }) => Promise<void>
  /** A notice for people, as plain JSON. */
  enqueueNotice: (notice: object, options?: Within) => Promise<void>
  /** Restarts a job that was given up, with its data and key. */
  resend: (job: { queue: string; data: object; key: string | null }, options?: Within) => Promise<void>
  /** Starts the workers of this process. Without it, the process only sends. */
  work: (handlers: Handlers) => Promise<void>
  /** True while this process runs a job. */
  busy: () => boolean
  /** True when no job is running and no due job is waiting. Delayed jobs and retries that are not due do not count. */
  idle: () => Promise<boolean>
  /**
   * Wakes a worker of each queue with a due job now instead of within half a second. After a test has moved its clock with
   * `setTime`, this runs what has become due without a tick; a tick would also expire handlers.
   */
  nudge: () => Promise<void>
  /** Returns the jobs of processes that died to the queue. pg-boss does this on its own, except under a simulated clock. */
  supervise: () => Promise<void>
  /** Resolves if the job tables can be read. */
  ping: () => Promise<void>
  /** Takes no more jobs and waits up to 25 s for the running ones; the others go back to the queue. */
  stop: () => Promise<void>
}

/**
 * The job queue: pg-boss on either database.
 *
 * `clock` is for the demo and the tests: jobs become due by it. Timers of a `TestClock` fire only from its `tick`.
 */
export async function openQueue(options: {
  database: Database
  log: QueueLog
  clock?: Clock
}): Promise<Queue> {
  const { database, log, clock = systemClock } = options
  const workers: Worker[] = []
  const boss = await startBoss(database, clock, log, workers)
  const sender = senderOn(boss, clock)
  let stopWatching = () => {}
  const running: Running = { jobs: 0 }
  return {
    enqueueEvaluate: (pull, { tx, priority } = {}) => sendEvaluate(sender, pull, priority, tx),
    enqueueAll: (pulls, { tx } = {}) => sendAll(boss, sender, clock, pulls, tx),
    enqueueRecheck: (pull, at, { tx } = {}) => {
      const { requestedBy: _, ...plain } = pull
      return sender.delay(RECHECK, { queue: EVALUATE, data: plain, key: keyOf(pull) }, at, tx)
    },
    enqueueTransition: async (at, { tx } = {}) => {
      await sender.send(TRANSITIONS, {}, { startAfter: at, singletonKey: at.toISOString() }, tx)
    },
    enqueueDelivery: async (id, { tx } = {}) => {
      await sender.send(DELIVERIES, { id }, { singletonKey: id }, tx)
    },
    enqueueMerging: async (task, { at, tx } = {}) => {
      const key = keyOfTask(task)
      if (at) await sender.delay(LATER, { queue: MERGING, data: task, key }, at, tx)
      else await sender.send(MERGING, task, { singletonKey: key }, tx)
    },
    enqueueIncident: async (task, { at, tx } = {}) => {
      const key = keyOfIncidentTask(task)
      if (at) await sender.delay(LATER, { queue: INCIDENTS, data: task, key }, at, tx)
      else await sender.send(INCIDENTS, task, { singletonKey: key }, tx)
    },
    enqueueComment: async (task, { tx } = {}) => {
      const priority = task.insider === true ? { priority: INSIDER_PRIORITY } : {}
      await sender.send(COMMANDS, task, { singletonKey: keyOfComment(task), ...priority }, tx)
    },
    enqueueRegression: async (request, { at, tx } = {}) => {
      const key = keyOfRegression(request)
      if (at) return sender.delay(LATER, { queue: RUN_REGRESSION, data: request, key }, at, tx)
      const options = { singletonKey: key, group: { id: request.server } }
      await sender.send(RUN_REGRESSION, request, options, tx)
    },
    enqueueNotice: async (notice, { tx } = {}) => {
      await sender.send(NOTICES, notice, {}, tx)
    },
    resend: ({ queue, data, key }, { tx } = {}) => sender.forward(queue, data, key, undefined, tx),
    work: async (handlers) => {
      const later = (delayed: Delayed, at: Date) => sender.delay(LATER, delayed, at)
      const sending = { send: sender.forward, sendLater: later }
      await startWorkers(boss, handlers, sending, log, { running, workers })
      stopWatching = watchDueJobs(boss, workers, clock, log)
    },
    busy: () => running.jobs > 0,
    idle: async () =>
      running.jobs === 0 && (await queuesWith(boss, `state = 'active' OR ${IS_DUE}`)).size === 0,
    nudge: () => wakeForDueJobs(boss, workers),
    supervise: () => boss.supervise(),
    ping: async () => {
      await boss.getDb().executeSql(`SELECT 1 FROM ${JOBS_SCHEMA}.version`)
    },
    stop: () => {
      stopWatching()
      return boss.stop({ graceful: true, timeout: 25_000 })
    },
  }
}

async function startBoss(
  database: Database,
  clock: Clock,
  log: QueueLog,
  workers: Worker[],
): Promise<PgBoss> {
  const alone = database.kind === 'pglite'
  const owns = await ownsSchema(database, JOBS_SCHEMA)
  const boss = new PgBoss({
    ...connectionOf(database),
    ...(clock === systemClock ? {} : ANSWERS_FIRST),
    clock,
    schema: JOBS_SCHEMA,
    useListenNotify: true,
    schedule: false,
    registerInstance: false,
    // Other processes may die while they run a job, so heartbeats are checked as often as they are sent.
    ...(alone ? {} : MONITOR_OFTEN),
    ...(alone || !owns ? { reindex: false, monitorVacuum: false } : {}),
  })
  listenFor(boss, (queue) => wakeOne(boss, workers, queue))
  boss.on('error', (error) => log.error({ problem: error.message }, 'The queue reports an error'))
  boss.on('warning', (warning) => log.warn({ warning: warning.message }, 'The queue warns'))
  await startOrSay(boss)
  await createQueues(boss)
  if (owns) await grantJobsToBot(database, JOBS_SCHEMA)
  const revived = alone ? await reviveOrphans(boss, new Date(clock.now())) : 0
  if (revived > 0) log.info({ jobs: revived }, 'Interrupted jobs run again')
  return boss
}

/** One that several queues can use at once: each listens for itself. */
function connectionOf({ boss }: Database): Database['boss'] {
  return boss.backend === 'pglite' ? { ...boss, db: { ...boss.db } } : boss
}

/** pg-boss itself would wake every worker of the queue that a NOTIFY names. */
function listenFor(boss: PgBoss, onJob: (queue: string) => void): void {
  const db = boss.getDb()
  const listen = db.listen?.bind(db)
  if (listen) db.listen = (channel, _, onReconnect) => listen(channel, onJob, onReconnect)
}

/** @throws with the fix, if the job tables are missing or outdated and this role cannot create them. */
async function startOrSay(boss: PgBoss): Promise<void> {
  try {
    await boss.start()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === '42501')) throw error
    throw new Error(
      `The job tables are missing or outdated, and the role of DATABASE_URL may not change them (${error.message}). Run \`release-gate migrate\` as their owner, then start again.`,
      { cause: error },
    )
  }
}

/**
 * Under a simulated clock pg-boss prepares each new connection without waiting, so that two statements are sent to one that
 * has not said yet that it is ready; pg warns of that, and will refuse it. One that has answered once is ready.
 */
const ANSWERS_FIRST = { onConnect: (client: ClientBase) => client.query('SELECT 1') }

const MONITOR_OFTEN = { superviseIntervalSeconds: 10, monitorIntervalSeconds: 10 }
