import { z } from 'zod'
import { personSchema } from '../snapshot.ts'

const instant = z.iso.datetime({ offset: true })

/** What a comment asks for. Nothing else of a comment is kept: it may name customers. */
export const commandSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('ack') }),
  z.strictObject({ name: z.literal('mitigated') }),
  z.strictObject({ name: z.literal('confirm') }),
  /** `severity` as it was written: it may not be one. */
  z.strictObject({ name: z.literal('severity'), severity: z.string(), reason: z.string() }),
])

/**
 * Who did it, and whether they had write access when it was first read: what counted once keeps counting after they lose their
 * access, and what did not count never starts to.
 */
const actor = { by: personSchema.nullable(), write: z.boolean(), at: instant }

export const eventSchema = z.strictObject({
  ...actor,
  id: z.int().positive(),
  kind: z.enum(['labeled', 'unlabeled', 'assigned', 'closed', 'reopened']),
  label: z.string().optional(),
  /** Why it was closed; left out where GitHub did not say. */
  reason: z.string().optional(),
})

export const commentSchema = z.strictObject({
  ...actor,
  id: z.int().positive(),
  /** From when its commands count: an edited comment says them from its edit on. */
  since: instant,
  commands: z.array(commandSchema),
})

/** The facts about one incident: an issue, its events and its comments, as read up to `takenAt`. */
export const incidentFactsSchema = z.strictObject({
  takenAt: instant,
  number: z.int().positive(),
  url: z.url(),
  title: z.string(),
  author: personSchema.nullable(),
  openedAt: instant,
  state: z.enum(['open', 'closed']),
  labels: z.array(z.string()),
  events: z.array(eventSchema),
  comments: z.array(commentSchema),
  /** What the report said of the severity, each time that it said something else; null: nothing. */
  reported: z.array(z.strictObject({ at: instant, severity: z.string().nullable() })).min(1),
  component: z.string().nullable(),
  /** When the ticket was received or the alert fired, where that is known. */
  startedAt: instant.optional(),
  /** Who confirmed the identity of the reporter when the incident was opened. */
  verifiedBy: z.string().nullable(),
})

export type Command = z.infer<typeof commandSchema>
export type IncidentEvent = z.infer<typeof eventSchema>
export type IncidentComment = z.infer<typeof commentSchema>
export type IncidentFacts = z.infer<typeof incidentFactsSchema>

/**
 * The facts of now with what was read before: a command that was read once keeps counting after its comment was edited or
 * deleted, and the report's first words keep counting beside later ones.
 */
export function withEarlier(now: IncidentFacts, before: IncidentFacts | undefined): IncidentFacts {
  if (!before) return now
  const last = before.reported.at(-1)
  const said = now.reported.filter(({ severity }) => severity !== last?.severity)
  return {
    ...now,
    events: united(now.events, before.events, ({ id }) => String(id)),
    comments: united(now.comments, before.comments, keyOf),
    reported: [...before.reported, ...said.map(({ severity }) => ({ severity, at: now.takenAt }))],
    verifiedBy: before.verifiedBy,
    ...earliest(now, before),
  }
}

/** One comment counts once for each set of commands that it has had. */
function keyOf({ id, commands }: IncidentComment): string {
  return `${id} ${JSON.stringify(commands)}`
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
