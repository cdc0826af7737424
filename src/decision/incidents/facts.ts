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
  /** When it got the text that was read. */
  since: instant,
  commands: z.array(commandSchema),
  /** What an edited comment asks for, which does not count: GitHub does not say who edited it. */
  edited: z.array(commandSchema).optional(),
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
  /** What the alerts of this incident said of the severity, each with when it was received first. */
  alerts: z.array(z.strictObject({ at: instant, severity: z.string() })).optional(),
  /** P0 counted in an earlier decision, since no severity was set: a lower one takes two people. */
  defaulted: z.boolean().optional(),
  component: z.string().nullable(),
  /** Every component that was reported, each time that it was another one; left out where it was read once. */
  components: z.array(z.strictObject({ at: instant, component: z.string().nullable() })).optional(),
  /** Who ordered it by the command line: the bot is the author of its issue. */
  orderedBy: z.strictObject({ login: z.string(), id: z.int().positive().optional() }).optional(),
  /** When the ticket was received or the alert fired, where that is known. */
  startedAt: instant.optional(),
  /** Since when its issue is gone: deleted or moved. */
  goneSince: instant.optional(),
  /** Who ended it, since it could not be closed anymore. */
  ended: z.strictObject({ by: z.string(), at: instant, reason: z.string() }).optional(),
  /** Who confirmed the identity of the reporter when the incident was opened. */
  verifiedBy: z.string().nullable(),
})

export type Command = z.infer<typeof commandSchema>
export type IncidentEvent = z.infer<typeof eventSchema>
export type IncidentComment = z.infer<typeof commentSchema>
export type IncidentFacts = z.infer<typeof incidentFactsSchema>
