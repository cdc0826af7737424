import { formatTime } from '../calendar.ts'
import type { Incident } from './incident.ts'

/** One thing that happened to an incident, for the records, the notices and the timeline. */
export type IncidentChange = {
  kind:
    | 'opened'
    | 'responded'
    | 'acknowledged'
    | 'mitigated'
    | 'resolved'
    | 'reopened'
    | 'waiting'
    | 'resumed'
    | 'severity'
    | 'component'
    | 'proposed'
    | 'gone'
    | 'breached'
    | 'corrected'
  at: string
  /** A sentence without the names of customers; logins stand as they are. */
  text: string
}

const clockNames = { response: 'First response', resolution: 'Resolution' } as const

/** What happened between two decisions about an incident, in the order of time. `zone`: in which times are shown. */
export function changesBetween(before: Incident | undefined, now: Incident, zone: string): IncidentChange[] {
  return [
    ...(before ? [] : [change('opened', now.startedAt, `Opened as ${now.severities[0]?.severity}`)]),
    ...stateChanges(before, now),
    ...waitingChanges(before, now),
    ...severityChanges(before, now),
    ...componentChanges(before, now),
    ...breaches(before, now, zone),
  ].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/**
 * The changes that were not recorded before. What GitHub lists late can hide a change, and what it lists later still show it again: it happened
 * once. A clock can be overdue again after that was corrected.
 */
export function unrecorded(changes: IncidentChange[], recorded: IncidentChange[]): IncidentChange[] {
  const isSame = (one: IncidentChange, { kind, at, text }: IncidentChange) =>
    one.kind === kind && one.at === at && one.text === text
  const isClock = ({ kind }: IncidentChange) => kind === 'breached' || kind === 'corrected'
  return changes.filter((one) => isClock(one) || !recorded.some((other) => isSame(one, other)))
}

function change(kind: IncidentChange['kind'], at: number, text: string): IncidentChange {
  return { kind, at: new Date(at).toISOString(), text }
}

function stateChanges(before: Incident | undefined, now: Incident): IncidentChange[] {
  const responded = metAt(now, 'response')
  return [
    ...(responded !== undefined && metAt(before, 'response') === undefined
      ? [change('responded', responded, 'First response')]
      : []),
    ...(['acknowledged', 'mitigated', 'resolved'] as const).flatMap((kind) => {
      const action = now[kind]
      return action && action.at !== before?.[kind]?.at
        ? [change(kind, action.at, `${capital(kind)} by ${action.by}${reasonOf(action)}`)]
        : []
    }),
    ...(now.goneSince !== undefined && before?.goneSince === undefined
      ? [change('gone', now.goneSince, goneText(now))]
      : []),
    ...(now.reopenedAt !== undefined && now.reopenedAt !== before?.reopenedAt
      ? [change('reopened', now.reopenedAt, 'Reopened')]
      : []),
  ]
}

function reasonOf(action: { by: string; withoutIssue?: string }): string {
  return action.withoutIssue === undefined ? '' : ` after its issue was gone: ${action.withoutIssue}`
}

function goneText({ state }: Incident): string {
  const text = 'Its issue was deleted or moved'
  return state === 'resolved'
    ? text
    : `${text}. The incident stays open until someone ends it with release-gate incident end`
}

/** What became known late, such as an alert whose job waited, may be older than what was announced: a place in the list proves nothing. */
function waitingChanges(before: Incident | undefined, now: Incident): IncidentChange[] {
  const known = before?.waiting ?? []
  return (now.waiting ?? []).flatMap(({ from, to }) => [
    ...(known.some((one) => one.from === from) ? [] : [change('waiting', from, 'Waiting for the customer')]),
    ...(to === undefined || known.some((one) => one.to === to)
      ? []
      : [change('resumed', to, 'No longer waiting for the customer')]),
  ])
}

function severityChanges(before: Incident | undefined, now: Incident): IncidentChange[] {
  const known = new Set((before?.severities ?? now.severities.slice(0, 1)).map(severityKey))
  const { proposal } = now
  return [
    ...now.severities.flatMap((one, index) => {
      if (known.has(severityKey(one, index))) return []
      const { at, severity, by, confirmedBy, reason, alert } = one
      const who = by !== null ? ` by ${by}` : alert ? ' by an alert that fired again' : ' by its report'
      const confirmed = confirmedBy === undefined ? '' : `, confirmed by ${confirmedBy}: ${reason}`
      return change('severity', at, `Severity changed to ${severity}${who}${confirmed}`)
    }),
    ...(proposal && proposal.at !== before?.proposal?.at
      ? [change('proposed', proposal.at, `${proposal.by} proposes ${proposal.severity}: ${proposal.reason}`)]
      : []),
  ]
}

/** The first severity counts from the start, which may become known to be earlier. */
function severityKey({ at, severity }: Incident['severities'][number], index: number): string {
  return `${index === 0 ? 'start' : at} ${severity}`
}

function componentChanges(before: Incident | undefined, now: Incident): IncidentChange[] {
  const known = before?.components?.length ?? 1
  const { components = [] } = now
  const name = (component: string | null | undefined) => component ?? 'none'
  return components.slice(known).map(({ at, component }, index) => {
    const from = name(components[known + index - 1]?.component)
    const text = `Component changed from ${from} to ${name(component)} in its report`
    return change('component', Date.parse(at), text)
  })
}

/**
 * The clocks that ran out. One that did so by what was known is corrected where it did not: a response or a closing became known later, or the
 * policy changed. A severity that is lowered corrects nothing.
 */
function breaches(before: Incident | undefined, now: Incident, zone: string): IncidentChange[] {
  return now.clocks.flatMap(({ name, breaches: all }) => {
    const known = before?.clocks.find((clock) => clock.name === name)?.breaches ?? []
    const text = ({ at, severity }: Breach, what: string) =>
      `${clockNames[name]} for a ${severity} ${what} overdue since ${formatTime(new Date(at), zone)}`
    return [
      ...without(known, all).map((one) => change('corrected', one.at, text(one, 'no longer counts as'))),
      ...without(all, known).map((one) => change('breached', one.at, text(one, 'has been'))),
    ]
  })
}

type Breach = Incident['clocks'][number]['breaches'][number]

function without(some: Breach[], others: Breach[]): Breach[] {
  return some.filter(({ at, severity }) => !others.some((one) => one.at === at && one.severity === severity))
}

function metAt(incident: Incident | undefined, name: 'response' | 'resolution'): number | undefined {
  return incident?.clocks.find((clock) => clock.name === name)?.metAt
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}
