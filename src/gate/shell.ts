import type { Logger } from 'pino'
import type { GitHub } from '../services/github/client.ts'
import type { Database } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import type { Operator } from './unconfigured.ts'

/** The external dependencies of an evaluation. */
export type Shell = {
  database: Database
  /** The client of an installation. */
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<
    Queue,
    | 'enqueueEvaluate'
    | 'enqueueIncident'
    | 'enqueueRecheck'
    | 'enqueueTransition'
    | 'enqueueMerging'
    | 'enqueueNotice'
    | 'enqueueRegression'
  >
  now: () => Date
  /** Seconds by which the clock of this machine is ahead of GitHub's; negative: behind. Left out: not known. */
  clockAhead?: () => number
  /** The address of the board, where people can open it: checks link to it. */
  board?: string | undefined
  /** Where people read GitHub; github.com where it is left out. */
  web?: string | undefined
  log: Pick<Logger, 'info' | 'warn'>
  /** What the operator has configured for policies to name. Left out: not known here. */
  operator?: Operator
}
