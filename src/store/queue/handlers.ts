import type { Logger } from 'pino'
import type { MergeTask } from '../../decision/merge-task.ts'
import type { RegressionRequest } from '../../decision/regression-request.ts'
import type { PullRef } from '../../decision/snapshot.ts'

export type QueueLog = Pick<Logger, 'error' | 'warn' | 'info'>

/** A job that was given up after all its retries. */
export type DeadJob = { queue: string; data: object; problem: string }

/**
 * What the jobs do. Each must be idempotent, since a job runs at least once, and should stop when its signal aborts: the
 * job is then somebody else's. A handler throws to be tried again with growing delays, or `retryAfter` (retry-later.ts)
 * to be tried again at a named time.
 */
export type Handlers = {
  delivery: (id: string, signal: AbortSignal) => Promise<void>
  /** `attempt` counts from 1. */
  evaluate: (pull: PullRef, signal: AbortSignal, attempt: number) => Promise<void>
  /** The calendar has moved: see `transitions.ts`. */
  transition: (signal: AbortSignal) => Promise<void>
  /** What happens at and after a merge: see `merges/run.ts`. */
  merging: (task: MergeTask, signal: AbortSignal, attempt: number) => Promise<void>
  /** Judges a head on staging: see `regression-job.ts`. It may take long; its signal aborts where it is stopped. */
  regression: (request: RegressionRequest, signal: AbortSignal) => Promise<void>
  notice: (notice: object, signal: AbortSignal) => Promise<void>
  /** Called after the alert in the log. */
  dead?: (job: DeadJob) => Promise<void>
}

/** What a delayed job carries: the queue that it goes to when its time has come. */
export type Delayed = { queue: string; data: object; key: string | null }
