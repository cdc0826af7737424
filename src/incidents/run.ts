import { incidentTaskSchema } from '../decision/incidents/task.ts'
import { openForAlert } from './intake.ts'
import { linkNamedIncidents } from './links.ts'
import { lookAtIncident } from './look.ts'
import type { IncidentShell } from './shell.ts'

/** The job of the queue `incidents`. Idempotent: work that was done before a crash is not repeated. */
export async function runIncidentTask(
  shell: IncidentShell,
  data: object,
  signal: AbortSignal,
): Promise<void> {
  const task = incidentTaskSchema.parse(data)
  switch (task.task) {
    case 'look':
      return lookAtIncident(shell, task.repository, task.number, signal)
    case 'alert':
      return openForAlert(shell, task.source, task.delivery)
    case 'link':
      return linkNamedIncidents(shell, task.pull)
  }
}
