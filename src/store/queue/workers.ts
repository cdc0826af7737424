import type { JobWithMetadata, PgBoss, WorkOptions } from 'pg-boss'
import type { CommentTask } from '../../decision/comment-task.ts'
import type { IncidentTask } from '../../decision/incidents/task.ts'
import type { MergeTask } from '../../decision/merge-task.ts'
import type { RegressionRequest } from '../../decision/regression-request.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import { retryTimeOf } from '../retry-after-error.ts'
import type { Delayed, Handlers, QueueLog } from './handlers.ts'
import { isLostToKills } from './orphans.ts'
import {
  COMMANDS,
  DEAD_LETTERS,
  DELIVERIES,
  EVALUATE,
  INCIDENTS,
  LATER,
  MERGING,
  NOTICES,
  PRIORITY,
  RECHECK,
  RETRY_LIMIT,
  RUN_REGRESSION,
  TRANSITIONS,
} from './queues.ts'

/** The operations of the queue that the workers use. */
type Sender = {
  send: (queue: string, data: object, key: string | null, priority?: number) => Promise<void>
  sendLater: (delayed: Delayed, at: Date) => Promise<void>
}

/** A worker of pg-boss, the queue that it takes jobs from, and whether it is at work on one. */
export type Worker = { queue: string; id: string; busy: boolean }

/**
 * Wakes a worker of a queue that has nothing to do. It wakes the next one when it finds a job, so as many work as there are jobs; to wake
 * all for each job would have most of them ask the database for nothing. Where none is free, each asks again after its job.
 */
export function wakeOne(boss: Pick<PgBoss, 'notifyWorker'>, workers: Worker[], queue: string): void {
  const free = workers.find((worker) => worker.queue === queue && !worker.busy)
  if (free) boss.notifyWorker(free.id)
}

/** The number of jobs that this process is running. */
export type Running = { jobs: number }

/**
 * Starts the workers, and adds each to `workers`. NOTIFY wakes them for a job that is due when it is sent; for jobs that become due later,
 * retries and delayed ones, see `due-jobs.ts`.
 */
export async function startWorkers(
  boss: PgBoss,
  handlers: Handlers,
  sender: Sender,
  log: QueueLog,
  { running, workers }: { running: Running; workers: Worker[] },
): Promise<void> {
  const start = async <Data>(
    queue: string,
    options: WorkOptions,
    work: (jobs: JobWithMetadata<Data>[]) => Promise<unknown>,
  ) => {
    const worker = { queue, id: '', busy: false }
    worker.id = await boss.work<Data>(
      queue,
      { ...rarely, ...options, includeMetadata: true },
      async (jobs) => {
        worker.busy = true
        wakeOne(boss, workers, queue)
        try {
          return await work(jobs as JobWithMetadata<Data>[])
        } finally {
          worker.busy = false
          // While there is work, no worker waits for the next poll.
          boss.notifyWorker(worker.id)
        }
      },
    )
    workers.push(worker)
  }
  const run = <Data extends object>(
    queue: string,
    count: number,
    handle: (data: Data, signal: AbortSignal, attempt: number) => Promise<void>,
    options: Pick<WorkOptions, 'groupConcurrency' | 'minPriority'> = {},
  ) => {
    const work = async (jobs: JobWithMetadata<Data>[]) => {
      for (const job of jobs) await counted(running, () => attempt(job, handle, sender, log))
    }
    return Array.from({ length: count }, () => start(queue, options, work))
  }
  const forward = (queue: string) =>
    start<Delayed>(queue, { batchSize: 50 }, async (jobs) => {
      for (const { data } of jobs) await sender.send(data.queue, data.data, data.key, data.priority)
    })
  await Promise.all([
    ...run<{ id: string }>(DELIVERIES, 2, ({ id }, signal) => handlers.delivery(id, signal)),
    ...run<PullRef>(EVALUATE, 4, handlers.evaluate),
    // However slowly GitHub answers for the others, a worker is free for pull requests that may be green. After those that take any.
    ...run<PullRef>(EVALUATE, 2, handlers.evaluate, { minPriority: PRIORITY.mayBeGreen }),
    ...run<MergeTask>(MERGING, 2, handlers.merging),
    ...run<IncidentTask>(INCIDENTS, 2, handlers.incident),
    ...run<CommentTask>(COMMANDS, 1, (task, signal) => handlers.comment(task, signal)),
    // About one at a time per staging environment, which is the job's group, so that those that wait for their turn there leave workers to
    // the others.
    ...run<RegressionRequest>(RUN_REGRESSION, 4, (request, signal) => handlers.regression(request, signal), {
      groupConcurrency: 1,
    }),
    ...run<object>(NOTICES, 2, (data, signal) => handlers.notice(data, signal)),
    ...run<object>(TRANSITIONS, 1, (_, signal) => handlers.transition(signal)),
    forward(RECHECK),
    forward(LATER),
    start<object>(DEAD_LETTERS, {}, async ([dead]) => {
      if (!dead) return
      if (!(await isLostToKills(boss, dead))) return reportDeadJob(dead, handlers, log)
      await startAnew(dead, sender, log)
      return { startedAnew: true }
    }),
  ])
}

async function counted(running: Running, work: () => Promise<void>): Promise<void> {
  running.jobs += 1
  try {
    await work()
  } finally {
    running.jobs -= 1
  }
}

/** Two dozen workers that each ask twice a second would be most of what an idle bot does. */
const rarely = { pollingIntervalSeconds: 30, notifyPollingIntervalSeconds: 30 } satisfies WorkOptions

/** Runs one job. A rate limit completes it and sends a delayed one, since a handler cannot choose the delay of a retry. */
async function attempt<Data extends object>(
  job: JobWithMetadata<Data>,
  handle: (data: Data, signal: AbortSignal, attempt: number) => Promise<void>,
  sender: Sender,
  log: QueueLog,
): Promise<void> {
  try {
    await handle(job.data, job.signal, job.retryCount + 1)
  } catch (error) {
    const at = retryTimeOf(error)
    const about = { queue: job.name, job: job.id, data: job.data, attempt: job.retryCount + 1 }
    if (at) {
      log.info({ ...about, at, why: messageOf(error) }, 'A job waits')
      const { name: queue, data, singletonKey: key, priority } = job
      await sender.sendLater({ queue, data, key, priority }, at)
      return
    }
    log.warn(
      { ...about, problem: messageOf(error), stack: stackOf(error) },
      'A job failed and will be retried',
    )
    throw bare(error)
  }
}

async function startAnew(job: JobWithMetadata<object>, sender: Sender, log: QueueLog): Promise<void> {
  const { sourceName: queue = 'unknown', data } = job
  log.warn(
    { queue, data, job: job.sourceId },
    'The processes that ran a job ended each time; it is started again',
  )
  await sender.send(queue ?? 'unknown', data, job.singletonKey)
}

/**
 * Reports that a job was given up. An attempt that failed while an older one with its key was waiting for a retry also ends
 * here, with retries left. That is not an alert, since the older one continues.
 */
async function reportDeadJob(job: JobWithMetadata<object>, handlers: Handlers, log: QueueLog): Promise<void> {
  const retries = job.sourceRetryCount ?? RETRY_LIMIT
  const dead = { queue: job.sourceName ?? 'unknown', data: job.data, problem: problemIn(job.sourceOutput) }
  if (retries < RETRY_LIMIT) {
    log.info(
      { ...dead, job: job.sourceId },
      'A failed job joined an older attempt that is waiting for its retry',
    )
    return
  }
  log.error({ ...dead, job: job.sourceId, alert: true }, 'A job was given up after all its retries')
  await handlers.dead?.(dead)
}

/** pg-boss stores each own field of an error with the job, and a client's error may hold headers: only the text goes on. */
function bare(error: unknown): Error {
  // Postgres takes neither in its JSON, and a job whose failure can't be stored would stay active until it expires.
  return new Error(messageOf(error).toWellFormed().replaceAll('\0', '\uFFFD'))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}

/** The error of a failed job; pg-boss wraps its own errors in `value`. */
export function problemIn(output: unknown): string {
  if (typeof output !== 'object' || output === null) return JSON.stringify(output)
  if ('message' in output) return String(output.message)
  return 'value' in output ? problemIn(output.value) : JSON.stringify(output)
}
