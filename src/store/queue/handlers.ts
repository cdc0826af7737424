import type { Logger } from 'pino'
import type { CommentTask } from '../../decision/comment-task.ts'
import type { IncidentTask } from '../../decision/incidents/task.ts'
import type { MergeTask } from '../../decision/merge-task.ts'
import type { RegressionRequest } from '../../decision/regression-request.ts'
import type { PullRef } from '../../decision/snapshot.ts'

export type QueueLog = Pick<Logger, 'error' | 'warn' | 'info'>

/** A job that was given up after all its retries. */
export type DeadJob = { queue: string; data: object; problem: string }

/**
 * The job handlers. Each must be idempotent, since a job runs at least once, and should stop when its signal aborts, because
 * another worker then has the job. A handler that throws is retried with growing delays, or at a given time if it throws
 * `retryAfterError` (retry-after-error.ts).
 */
export type Handlers = {
  delivery: (id: string, signal: AbortSignal) => Promise<void>
  /** `attempt` counts from 1. */
  evaluate: (pull: PullRef, signal: AbortSignal, attempt: number) => Promise<void>
  /** Applies what the calendar changed: see `transitions.ts`. */
  transition: (signal: AbortSignal) => Promise<void>
  /** What happens at and after a merge: see `merges/run.ts`. */
  merging: (task: MergeTask, signal: AbortSignal, attempt: number) => Promise<void>
  /** Runs the staging regression on a head: see `staging/job.ts`. It can take long; its signal aborts when it is stopped. */
  regression: (request: RegressionRequest, signal: AbortSignal) => Promise<void>
  /** What happens to incidents: see `incidents/run.ts`. */
  incident: (task: IncidentTask, signal: AbortSignal, attempt: number) => Promise<void>
  /** A command in a comment: see `comments/run.ts`. */
  comment: (task: CommentTask, signal: AbortSignal) => Promise<void>
  notice: (notice: object, signal: AbortSignal) => Promise<void>
  /** Called after the alert in the log. */
  dead?: (job: DeadJob) => Promise<void>
}

/** A delayed job, with the queue that it goes to when it is due. */
export type Delayed = { queue: string; data: object; key: string | null; priority?: number }
