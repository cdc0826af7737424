import { instantOfMoment, parseMoment } from '../calendar/written-times.ts'

/** What the issue form asks for, by its headings; what is not there is null. */
export type IncidentReport = {
  severity: string | null
  component: string | null
  /** When the ticket or the mail was received. */
  receivedAt: Date | null
  /** "The identity of the reporter was verified" is ticked. */
  verified: boolean
}

/** The headings of the issue form. GitHub writes each field as `### heading` and its value below. */
export const headings = {
  severity: 'Severity',
  component: 'Component',
  tools: 'Tools',
  what: 'What happened',
  affected: 'Who is affected',
  source: 'Source',
  received: 'Received at',
  identity: 'Identity of the reporter',
} as const

export const verifiedText = 'The identity of the reporter was verified'

/** Reads the text of an issue that the form made. Only these fields are read: the rest is for people. */
export function readReport(body: string, zone: string): IncidentReport {
  const fields = new Map(
    body
      .split(/^### /m)
      .slice(1)
      .map((part) => {
        const [title = '', ...rest] = part.split(/\r?\n/)
        return [title.trim(), rest.join('\n').trim()] as const
      }),
  )
  const field = (name: keyof typeof headings) => {
    const value = fields.get(headings[name])
    return value === undefined || value === '' || value === '_No response_' ? null : value
  }
  const moment = parseMoment(field('received')?.split('\n')[0]?.trim() ?? '')
  return {
    severity: field('severity'),
    component: field('component')?.split('\n')[0]?.trim().slice(0, 100) ?? null,
    receivedAt: moment ? new Date(instantOfMoment(moment, zone, 'first')) : null,
    verified: /^- \[x\]/im.test(field('identity') ?? ''),
  }
}
