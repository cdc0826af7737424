import { evaluateClocks, type IncidentClock, type IncidentTimes, type Severity } from '../clocks/clocks.ts'
import { code } from '../markdown.ts'
import type { IncidentEvent, IncidentFacts } from './facts.ts'
import { type Action, byTime, listedWithin, type Resolved, resolutionOf } from './resolution.ts'
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

/** What follows from the facts of an incident. All times are milliseconds since 1970. */
export type Incident = {
  state: IncidentState
  severity: Severity
  severities: SeverityChange[]
  proposal: Proposal | undefined
  startedAt: number
  acknowledged: Action | undefined
  mitigated: Action | undefined
  /** The last time that it was resolved, if it still is. `withoutIssue`: why it was ended after its issue was gone. */
  resolved: Resolved | undefined
  /** Since when its issue is gone. */
  goneSince?: number
  /** How often it was reopened after it had been resolved, and when last. */
  reopened: number
  reopenedAt: number | undefined
  /** When it waited for the customer, in order; left out where it never did. `to` undefined: it waits now. */
  waiting?: { from: number; to?: number }[]
  clocks: IncidentClock[]
  /** When a clock is due next; it is over at that very instant. */
  nextAt: number | undefined
  component: string | null
  /** Every component that was reported, where it was more than one. */
  components?: NonNullable<IncidentFacts['components']>
  verifiedBy: string | null
  /** What the issue should say and be. */
  wanted: { add: string[]; remove: string[]; reopen: boolean; notes: Note[] }
}

/**
 * Derives an incident's state, severity and clocks from facts. Pure. Times are milliseconds since 1970. Only people with write
 * access set the severity, acknowledge or resolve.
 *
 * @throws RangeError as `evaluateClocks`.
 */
export function decideIncident(facts: IncidentFacts, settings: IncidentSettings): Incident {
  const takenAt = Date.parse(facts.takenAt)
  const startedAt = Math.min(...[facts.openedAt, facts.startedAt ?? facts.openedAt].map(Date.parse))
  const history = severityHistory(facts, startedAt)
  const acknowledged = firstAction(facts, 'ack', 'assigned')
  const { spans, ignored, resolved, isUnclear } = resolutionOf(facts)
  const reopenedAt = spans.findLast(({ to }) => to !== undefined)?.to
  const mitigated = firstAction(facts, 'mitigated', undefined, reopenedAt)
  const waiting = waitingSpans(facts)
  const times: IncidentTimes = {
    takenAt,
    startedAt,
    severities: history.changes,
    respondedAt: respondedAt(facts),
    resolved: spans.map(({ at: from, to }) => ({ from, to: to ?? (resolved ? undefined : takenAt) })),
    waiting,
  }
  const clocks = evaluateClocks(times, targetsOf(settings), placeOf(settings))
  return {
    state: resolved ? 'resolved' : mitigated ? 'mitigated' : acknowledged ? 'acknowledged' : 'open',
    severity: history.severity,
    severities: history.changes,
    proposal: history.proposal,
    startedAt,
    acknowledged,
    mitigated,
    resolved,
    ...(facts.goneSince === undefined ? {} : { goneSince: Date.parse(facts.goneSince) }),
    reopened: spans.filter(({ to }) => to !== undefined).length,
    reopenedAt,
    ...(waiting.length > 0 ? { waiting } : {}),
    clocks,
    nextAt: isUnclear ? takenAt + listedWithin : resolved ? undefined : nextDue(clocks, takenAt),
    component: facts.component,
    ...(facts.components && facts.components.length > 1 ? { components: facts.components } : {}),
    verifiedBy: facts.verifiedBy,
    wanted: {
      ...labelChanges(facts, history.severity),
      reopen: facts.state === 'closed' && !resolved && !isUnclear,
      notes: [...history.notes, ...ignored, ...ignoredCommands(facts), ...editedNotes(facts)],
    },
  }
}

/** Whether someone with write access took it on after a time. */
export function isTakenOnAfter(facts: IncidentFacts, after: number): boolean {
  return firstAction(facts, 'ack', 'assigned', after) !== undefined
}

/** The earliest such command, or event, by someone with write access. */
function firstAction(
  { comments, events }: IncidentFacts,
  command: 'ack' | 'mitigated',
  kind?: IncidentEvent['kind'],
  after = 0,
): Action | undefined {
  const said = comments
    .filter(({ commands }) => commands.some(({ name }) => name === command))
    .map(({ since, ...comment }) => ({ ...comment, at: since }))
  const done = events.filter((event) => event.kind === kind)
  const [first] = [...said, ...done]
    .filter(({ write, by, at }) => write && by?.type === 'User' && Date.parse(at) > after)
    .toSorted(byTime)
  return first?.by ? { by: first.by.login, at: Date.parse(first.at) } : undefined
}

function editedNotes({ comments }: IncidentFacts): Note[] {
  return comments
    .filter(({ edited = [] }) => edited.length > 0)
    .map(({ id, by }) => ({
      key: `edited/${id}`,
      text: `A comment of ${code(by?.login ?? 'a deleted account')} was edited, so its commands do not count unless they were read before. Write a new comment.`,
    }))
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
function respondedAt(facts: IncidentFacts): number | undefined {
  const assigned = facts.events.filter(({ kind }) => kind === 'assigned')
  const [first] = [...facts.comments, ...assigned]
    .filter(({ by }) => by?.type === 'User' && !isReporter(facts, by))
    .toSorted(byTime)
  return first && Date.parse(first.at)
}

/** An order of an older version has no id, only a login. */
function isReporter(
  { author, orderedBy }: IncidentFacts,
  { id, login }: { id: number; login: string },
): boolean {
  if (id === author?.id) return true
  return orderedBy?.id === undefined ? login === orderedBy?.login : id === orderedBy.id
}

function waitingSpans({ events }: IncidentFacts): { from: number; to?: number }[] {
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

function nextDue(clocks: IncidentClock[], now: number): number | undefined {
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
