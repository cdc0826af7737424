import type { IncidentComment, IncidentEvent, IncidentFacts } from './facts.ts'
import { isSeverityUnset } from './severity.ts'

/**
 * The facts of now with what was read before: a command that was read once keeps counting after its comment was edited or
 * deleted, and the report's first words keep counting beside later ones.
 */
export function mergeIncidentFacts(now: IncidentFacts, before: IncidentFacts | undefined): IncidentFacts {
  if (!before) return now
  const last = before.reported.at(-1)
  const said = now.reported.filter(({ severity }) => severity !== last?.severity)
  return {
    ...now,
    events: united(now.events, before.events.map(withReason(now.events)), ({ id }) => String(id)),
    comments: united(now.comments, before.comments, keyOf),
    reported: [...before.reported, ...said.map(({ severity }) => ({ severity, at: now.takenAt }))],
    components: componentsOf(now, before),
    verifiedBy: before.verifiedBy,
    ...(before.defaulted || isSeverityUnset(before) ? { defaulted: true } : {}),
    ...earliest(now, before),
  }
}

/** One comment counts once for each set of commands that it has had. */
function keyOf({ id, commands, edited }: IncidentComment): string {
  return `${id} ${JSON.stringify(edited ?? commands)}`
}

/** GitHub says why something was closed only while it is. */
function withReason(now: IncidentEvent[]) {
  return (event: IncidentEvent): IncidentEvent => {
    const reason = event.reason ?? now.find(({ id }) => id === event.id)?.reason
    return reason === undefined ? event : { ...event, reason }
  }
}

function componentsOf(now: IncidentFacts, before: IncidentFacts): NonNullable<IncidentFacts['components']> {
  const known = before.components ?? [{ at: before.openedAt, component: before.component }]
  if (known.at(-1)?.component === now.component) return known
  return [...known, { at: now.takenAt, component: now.component }]
}

/** What was read before stays as it was read. */
function united<Item extends { at: string }>(
  now: Item[],
  before: Item[],
  key: (item: Item) => string,
): Item[] {
  const known = new Set(before.map(key))
  return [...before, ...now.filter((item) => !known.has(key(item)))]
}

function earliest(...facts: IncidentFacts[]): Pick<IncidentFacts, 'startedAt'> {
  const [first] = facts.flatMap(({ startedAt }) => startedAt ?? []).toSorted(byTime)
  return first === undefined ? {} : { startedAt: first }
}

function byTime(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b)
}
