import { incidentTaskSchema } from '../decision/incidents/task.ts'
import { sendChangeEvent } from './change-events.ts'
import { evaluateIncident } from './evaluate-incident.ts'
import { readIncidentRepository } from './hourly.ts'
import { openForAlert } from './intake.ts'
import { linkNamedIncidents } from './links.ts'
import { readMonitors, readMonitorsForGreen } from './monitors.ts'
import { sendPagesOrJiraIssues } from './pages-and-jira-issues.ts'
import { lookAtPostMortem } from './post-mortems.ts'
import type { IncidentShell } from './shell.ts'
import { watchRelease } from './watching.ts'

/** The job of the queue `incidents`. Idempotent: work that was done before a crash is not repeated. */
export async function runIncidentTask(
  shell: IncidentShell,
  data: object,
  signal: AbortSignal,
  attempt: number,
): Promise<void> {
  const task = incidentTaskSchema.parse(data)
  switch (task.task) {
    case 'look':
      return evaluateIncident(shell, task.repository, task.number, signal)
    case 'alert':
      return openForAlert(shell, task.source, task.delivery, signal)
    case 'mirror':
      return sendPagesOrJiraIssues(shell, task, signal, attempt)
    case 'monitors':
      return task.ids ? readMonitorsForGreen(shell, task.ids, signal) : readMonitors(shell, signal)
    case 'watch':
      return watchRelease(shell, task, signal)
    case 'change':
      return sendChangeEvent(shell, task, signal)
    case 'post-mortem':
      return lookAtPostMortem(shell, task.repository, task.number)
    case 'read all':
      return readIncidentRepository(shell, task, signal)
    case 'link':
      return linkNamedIncidents(shell, task.pull)
  }
}
