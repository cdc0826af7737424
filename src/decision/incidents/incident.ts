import { type Clock, clocksOf, type IncidentTimes, type Severity } from '../clocks/clocks.ts'
import { code } from '../markdown.ts'
import type { IncidentEvent, IncidentFacts } from './facts.ts'
import { type IncidentSettings, placeOf, targetsOf } from './settings.ts'
import {
  type Note,
  noAccess,
  type Proposal,
  type SeverityChange,
  severityHistory,
  severityPrefix,
} from './severity.ts'

export const incidentLabel = 'incident'
export const waitingLabel = 'waiting-for-customer'

export type IncidentState = 'open' | 'acknowledged' | 'mitigated' | 'resolved'
type Deed = { by: string; at: number }

/** What follows from the facts of an incident. All times are milliseconds since 1970. */
export type Incident = {
  state: IncidentState
  severity: Severity
  severities: SeverityChange[]
  proposal: Proposal | undefined
  startedAt: number
  acknowledged: Deed | undefined
  mitigated: Deed | undefined
  /** The last time that it was resolved, if it still is. */
  resolved: Deed | undefined
  /** How often it was reopened after it had been resolved, and when last. */
  reopened: number
  reopenedAt: number | undefined
  clocks: Clock[]
  /** When a clock is due next; it is over at that very instant. */
  nextAt: number | undefined
  component: string | null
  verifiedBy: string | null
  /** What the issue should say and be. */
  wanted: { add: string[]; remove: string[]; reopen: boolean; notes: Note[] }
}

/** Decides about an incident. Only people with write access set severity, acknowledge or resolve. */
export function decideIncident(facts: IncidentFacts, settings: IncidentSettings): Incident {
  const takenAt = Date.parse(facts.takenAt)
  const startedAt = Math.min(...[facts.openedAt, facts.startedAt ?? facts.openedAt].map(Date.parse))
  const history = severityHistory(facts, startedAt)
  const acknowledged = firstDeed(facts, 'ack', 'assigned')
  const { spans, ignored } = resolutions(facts)
  const last = spans.at(-1)
  const resolved = facts.state === 'closed' && last && last.to === undefined ? last : undefined
  const since = spans.at(-1)?.to ?? 0
  const mitigated = firstDeed(facts, 'mitigated', undefined, since)
  const times: IncidentTimes = {
    takenAt,
    startedAt,
    severities: history.changes,
    respondedAt: respondedAt(facts),
    resolved: spans.map(({ at: from, to }) => ({ from, to: to ?? (resolved ? undefined : takenAt) })),
    waiting: waitingSpans(facts),
  }
  const clocks = clocksOf(times, targetsOf(settings), placeOf(settings))
  return {
    state: resolved ? 'resolved' : mitigated ? 'mitigated' : acknowledged ? 'acknowledged' : 'open',
    severity: history.severity,
    severities: history.changes,
    proposal: history.proposal,
    startedAt,
    acknowledged,
    mitigated,
    resolved: resolved && { by: resolved.by, at: resolved.at },
    reopened: spans.filter(({ to }) => to !== undefined).length,
    reopenedAt: spans.findLast(({ to }) => to !== undefined)?.to,
    clocks,
    nextAt: nextDue(clocks, takenAt),
    component: facts.component,
    verifiedBy: facts.verifiedBy,
    wanted: {
      ...labelChanges(facts, history.severity),
      reopen: facts.state === 'closed' && !resolved,
      notes: [...history.notes, ...ignored, ...ignoredCommands(facts)],
    },
  }
}

/** Whether someone with write access took it on after a time. */
export function isTakenOnAfter(facts: IncidentFacts, after: number): boolean {
  return firstDeed(facts, 'ack', 'assigned', after) !== undefined
}

/** The earliest such command, or event, by someone with write access. */
function firstDeed(
  { comments, events }: IncidentFacts,
  command: 'ack' | 'mitigated',
  kind?: IncidentEvent['kind'],
  after = 0,
): Deed | undefined {
  const said = comments
    .filter(({ commands }) => commands.some(({ name }) => name === command))
    .map(({ since, ...comment }) => ({ ...comment, at: since }))
  const done = events.filter((event) => event.kind === kind)
  const [first] = [...said, ...done]
    .filter(({ write, by, at }) => write && by?.type === 'User' && Date.parse(at) > after)
    .toSorted(byTime)
  return first?.by ? { by: first.by.login, at: Date.parse(first.at) } : undefined
}

function byTime(a: { at: string }, b: { at: string }): number {
  return Date.parse(a.at) - Date.parse(b.at)
}

type Resolution = Deed & { to: number | undefined }

/** When it was resolved: closed as completed by someone with write access, until it was reopened. Other closings do not count. */
function resolutions({ events }: IncidentFacts): { spans: Resolution[]; ignored: Note[] } {
  const spans: Resolution[] = []
  const ignored: Note[] = []
  for (const event of events.toSorted(byTime)) {
    const last = spans.at(-1)
    const isResolved = last !== undefined && last.to === undefined
    if (event.kind === 'reopened' && isResolved) last.to = Date.parse(event.at)
    if (event.kind !== 'closed' || isResolved) continue
    const why = whyNotResolved(event)
    if (why !== undefined)
      ignored.push({ key: `closed/${event.id}`, text: `This incident is not resolved: ${why}` })
    else if (event.by && event.reason)
      spans.push({ by: event.by.login, at: Date.parse(event.at), to: undefined })
  }
  return { spans, ignored }
}

/** A closing whose reason is not known resolves nothing, and nothing is said of it: it was reopened before it was read. */
function whyNotResolved({ by, write, reason }: IncidentEvent): string | undefined {
  if (!write || by?.type !== 'User') return noAccess(by?.login ?? 'a deleted account')
  if (reason === undefined || reason === 'completed') return undefined
  return `it was closed as ${code(reason)}. Close it as completed once it is.`
}

function ignoredCommands({ comments }: IncidentFacts): Note[] {
  return comments.flatMap(({ id, by, write, commands }) =>
    commands.flatMap(({ name }, index) =>
      write || (name !== 'ack' && name !== 'mitigated')
        ? []
        : [
            {
              key: `comment/${id}/${index}`,
              text: `${code(`/${name}`)} does not count: ${noAccess(by?.login ?? 'a deleted account')}`,
            },
          ],
    ),
  )
}

/** The first comment or assignment by a person who did not report it. */
function respondedAt({ author, comments, events }: IncidentFacts): number | undefined {
  const assigned = events.filter(({ kind }) => kind === 'assigned')
  const [first] = [...comments, ...assigned]
    .filter(({ by }) => by?.type === 'User' && by.id !== author?.id)
    .toSorted(byTime)
  return first && Date.parse(first.at)
}

function waitingSpans({ events }: IncidentFacts): IncidentTimes['waiting'] {
  const spans: { from: number; to?: number }[] = []
  for (const { kind, label, at } of events.toSorted(byTime)) {
    if (label?.toLowerCase() !== waitingLabel) continue
    const last = spans.at(-1)
    const isOn = last !== undefined && last.to === undefined
    if (kind === 'labeled' && !isOn) spans.push({ from: Date.parse(at) })
    if (kind === 'unlabeled' && isOn) last.to = Date.parse(at)
  }
  return spans
}

function nextDue(clocks: Clock[], now: number): number | undefined {
  const dues = clocks.flatMap(({ due, metAt }) =>
    metAt === undefined && due !== undefined && due >= now ? [due] : [],
  )
  return dues.length > 0 ? Math.min(...dues) : undefined
}

function labelChanges({ labels }: IncidentFacts, severity: Severity): { add: string[]; remove: string[] } {
  const wanted = [incidentLabel, `${severityPrefix}${severity}`]
  const has = (name: string) => labels.some((label) => label.toLowerCase() === name.toLowerCase())
  return {
    add: wanted.filter((name) => !has(name)),
    remove: labels.filter(
      (label) =>
        label.toLowerCase().startsWith(severityPrefix) && label.toLowerCase() !== wanted[1]?.toLowerCase(),
    ),
  }
}
