import type { IncidentShell } from '../../src/incidents/shell.ts'
import type { Database } from '../../src/store/database.ts'

type Queue = IncidentShell['queue']
type Changes = Partial<Omit<IncidentShell, 'now' | 'queue'>> & { queue?: Partial<Queue> }

/** The shell of incidents on a database, at a time. Its queue takes everything and runs nothing, and GitHub is not asked. */
export function anIncidentShell(
  database: Database,
  now: () => Date,
  { queue, ...changes }: Changes = {},
): IncidentShell {
  const nothing = async () => undefined
  return {
    database,
    now,
    github: () => Promise.reject(new Error('GitHub is not asked')),
    log: { warn: () => undefined } as never,
    queue: {
      enqueueAll: nothing,
      enqueueTransition: nothing,
      enqueueNotice: nothing,
      enqueueIncident: nothing,
      ...queue,
    },
    paging: { eventsUrl: '', keys: {} },
    jira: undefined,
    datadog: undefined,
    ...changes,
  }
}
