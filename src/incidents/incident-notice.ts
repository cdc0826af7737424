import { formatTime } from '../decision/calendar.ts'
import type { Notice } from '../decision/notice.ts'
import type { StoredIncident } from '../store/incidents.ts'

/** The notice about an incident, with what is due. */
export function incidentNotice(
  { governedBy, facts, incident, settings }: StoredIncident,
  { key, lines, late }: { key: string; lines: string[]; late: boolean },
): Notice {
  const due = incident.clocks.flatMap(({ name, due: at, metAt }) =>
    metAt !== undefined || at === undefined || incident.state === 'resolved'
      ? []
      : [
          `${name === 'response' ? 'First response' : 'Resolution'}: ${formatTime(new Date(at), settings.time_zone)}`,
        ],
  )
  const { number, title, url } = facts
  const { severity, state } = incident
  const issue = { number, title, url }
  return { kind: 'incident', key, repository: governedBy, issue, severity, state, lines, due, late }
}
