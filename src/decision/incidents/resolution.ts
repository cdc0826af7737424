import { code } from '../markdown.ts'
import type { IncidentEvent, IncidentFacts } from './facts.ts'
import { type Note, noAccess } from './severity.ts'

export type Action = { by: string; at: number }

/** `withoutIssue`: why it was ended after its issue was gone. */
export type Resolved = Action & { withoutIssue?: string }

type Span = Resolved & { to: number | undefined }

/** How long GitHub may take to list the closing of an issue that is closed. */
export const listedWithin = 60_000

/**
 * When an incident was resolved, and whether it still is. `isUnclear`: its issue is closed, and GitHub does not list yet by whom or
 * why; a deleted issue is not asked again.
 */
export function resolutionOf(facts: IncidentFacts): {
  spans: Span[]
  ignored: Note[]
  resolved: Resolved | undefined
  isUnclear: boolean
} {
  const { spans: listed, ignored } = listedResolutions(facts)
  const spans = withEnd(listed, facts)
  const isClosed = facts.state === 'closed' || facts.ended !== undefined
  const [last] = spans.slice(-1)
  const isResolved = isClosed && last !== undefined && last.to === undefined
  const isUnclear = isClosed && !isResolved && !facts.goneSince && !isClosingIgnored(facts)
  return { spans, ignored, resolved: isResolved ? withoutEnd(last) : undefined, isUnclear }
}

/** Whether its issue was there at a time and not resolved. One whose reopening GitHub does not list yet is open again. */
export function isUnresolvedAt(facts: IncidentFacts, at: number): boolean {
  const { spans, resolved } = resolutionOf(facts)
  const isWithin = ({ at: from, to = resolved ? Number.POSITIVE_INFINITY : from }: Span) =>
    from <= at && at < to
  return Date.parse(facts.openedAt) <= at && !spans.some(isWithin)
}

function withoutEnd({ to: _, ...resolved }: Span): Resolved {
  return resolved
}

/** Closed as completed by someone with write access, until it was reopened. Other closings do not count. */
function listedResolutions({ events }: IncidentFacts): { spans: Span[]; ignored: Note[] } {
  const spans: Span[] = []
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

/** An incident that was resolved when its issue was deleted needs no other end. */
function withEnd(spans: Span[], { ended }: IncidentFacts): Span[] {
  const last = spans.at(-1)
  if (!ended || (last !== undefined && last.to === undefined)) return spans
  return [...spans, { by: ended.by, at: Date.parse(ended.at), withoutIssue: ended.reason, to: undefined }]
}

/** Whether the issue was closed last by a closing that does not count. */
function isClosingIgnored({ events }: IncidentFacts): boolean {
  const last = events.toSorted(byTime).findLast(({ kind }) => kind === 'closed' || kind === 'reopened')
  return last?.kind === 'closed' && whyNotResolved(last) !== undefined
}

export function byTime(a: { at: string }, b: { at: string }): number {
  return Date.parse(a.at) - Date.parse(b.at)
}
