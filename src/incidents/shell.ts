import type { Shell } from '../gate/shell.ts'
import type { Queue } from '../store/queue.ts'

/** The external dependencies of the work on incidents. */
export type IncidentShell = Pick<Shell, 'database' | 'github' | 'now' | 'log'> & {
  queue: Pick<Queue, 'enqueueAll' | 'enqueueIncident' | 'enqueueNotice'>
}
