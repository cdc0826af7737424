import { instantOfMoment, parseMoment } from '../calendar/written-times.ts'
import { severities } from '../clocks/clocks.ts'
import { beginningOf } from '../markdown.ts'
import { severityIn } from './severity.ts'

/** What the issue form asks for, by its headings; what is not there is null. */
export type IncidentReport = {
  /** Only the line that names it: what else is written there may name customers. */
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

/**
 * Reads the text of an issue that the form made. Only these fields are read: the rest is for people. Where a heading is there twice, the
 * severity that is higher and the time that is earlier count, and an incident of two components concerns everyone.
 */
export function readReport(body: string, zone: string): IncidentReport {
  const linesOf = (name: keyof typeof headings) => sectionsOf(body, headings[name]).flatMap(linesIn)
  const firstLinesOf = (name: keyof typeof headings) =>
    sectionsOf(body, headings[name]).flatMap((text) => linesIn(text).slice(0, 1))
  const [component = null, ...others] = new Set(firstLinesOf('component'))
  const received = firstLinesOf('received').flatMap((line) => parseMoment(line) ?? [])
  const times = received.map((moment) => instantOfMoment(moment, zone, 'first'))
  return {
    severity: severityOf(linesOf('severity')),
    component: others.length > 0 ? null : component === null ? null : beginningOf(component, 100),
    receivedAt: times.length > 0 ? new Date(Math.min(...times)) : null,
    verified: sectionsOf(body, headings.identity).some((text) => /^- \[x\]/im.test(text)),
  }
}

/** The texts below a heading, of each time that it is there. */
function sectionsOf(body: string, heading: string): string[] {
  return body
    .split(/^### /m)
    .slice(1)
    .flatMap((part) => {
      const [title = '', ...rest] = part.split(/\r?\n/)
      const text = rest.join('\n').trim()
      return title.trim() === heading && text !== '_No response_' ? [text] : []
    })
}

function linesIn(text: string): string[] {
  return text.split('\n').flatMap((line) => line.trim() || [])
}

function severityOf(lines: string[]): string | null {
  const readable = severities.flatMap((severity) => lines.find((line) => severityIn(line) === severity) ?? [])
  const line = readable[0] ?? lines[0]
  return line === undefined ? null : beginningOf(line, 60)
}
