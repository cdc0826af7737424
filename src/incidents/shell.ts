import type { Shell } from '../gate/shell.ts'
import type { Datadog } from '../services/datadog.ts'
import type { Jira } from '../services/jira.ts'
import type { Paging } from '../services/pagerduty.ts'
import type { Queue } from '../store/queue.ts'

/** The external dependencies of the work on incidents. */
export type IncidentShell = Pick<Shell, 'database' | 'github' | 'now' | 'log'> & {
  queue: Pick<Queue, 'enqueueAll' | 'enqueueIncident' | 'enqueueNotice' | 'enqueueTransition'>
  paging: Paging
  /** Undefined: the operator has set none. */
  jira: Jira | undefined
  datadog: Datadog | undefined
}
