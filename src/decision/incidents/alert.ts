import { z } from 'zod'
import { code, oneLine } from '../markdown.ts'
import { headings } from './report.ts'

/**
 * An alert, a ticket or an order of the command line that opens an incident. `id` names it at its source: a second one with the
 * same id belongs to the incident that is open. What it says of customers is left where it is.
 */
export const alertSchema = z.strictObject({
  source: z.enum(['pagerduty', 'datadog', 'zendesk', 'supabase', 'command line']),
  id: z.string().min(1).max(200),
  title: z.string().min(1).max(300),
  /** As the source wrote it; null: it said nothing. */
  severity: z.string().max(100).nullable(),
  component: z.string().max(100).nullable(),
  /** When it fired or was received. */
  at: z.iso.datetime({ offset: true }),
  /** When it came up again, where the source says so beside `at`. */
  updatedAt: z.iso.datetime({ offset: true }).optional(),
  /** Where more of it is shown. */
  url: z.url({ protocol: /^https?$/ }).nullable(),
  /** Who opened it, where a person did. */
  by: z.string().max(100).nullable(),
  byId: z.int().positive().optional(),
})

export type Alert = z.infer<typeof alertSchema>

/** An issue to open: its text is that of the form, so that it is read like one. */
export type NewIncident = { title: string; body: string; labels: string[] }

/** When an alert fired. `reopened`: how many incidents of it were resolved before; then it counts from when it came up again. */
export function firedAt({ at, updatedAt = at }: Pick<Alert, 'at' | 'updatedAt'>, reopened: number): string {
  return reopened > 0 ? updatedAt : at
}

/** The end of the text, by which it is found again, so that it is opened only once. */
export function alertMarker(alert: Pick<Alert, 'source' | 'id'>, reopened: number): string {
  return `<!-- release-gate alert ${alert.source} ${encodeURIComponent(alert.id)} ${reopened} -->`
}

export function incidentOf(alert: Alert, reopened: number): NewIncident {
  const field = (name: keyof typeof headings, value: string | null) =>
    `### ${headings[name]}\n\n${value === null || value === '' ? '_No response_' : value}`
  const again = reopened > 0 ? ` It has fired again since an incident of it was resolved (${reopened}).` : ''
  const from = alert.by === null ? '' : ` by ${code(alert.by)}`
  const link = alert.url === null ? '' : ` [Open it there](${linkOf(alert.url)}).`
  return {
    title: oneLine(alert.title, 200),
    labels: ['incident'],
    body: [
      field('severity', alert.severity === null ? null : told(alert.severity)),
      field('component', alert.component === null ? null : told(alert.component)),
      field('source', `${alert.source} ${code(alert.id)}${from}.${link}${again}`),
      field('received', firedAt(alert, reopened)),
      alertMarker(alert, reopened),
    ].join('\n\n'),
  }
}

/** The report is read back, so plain words stay as they are. What would mention people, load something or hide the rest becomes code. */
function told(text: string): string {
  const line = oneLine(text, 60)
  const [severity = ''] = /^P[0-3]\b:? ?/i.exec(line) ?? []
  const rest = line.slice(severity.length)
  return /[<>@[\]`]|:\/\/|www\./i.test(rest) ? `${severity}${code(rest)}` : line
}

/** An address that cannot end the link that it stands in. */
function linkOf(url: string): string {
  return new URL(url).href.replace(/[()<>\s]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
}
