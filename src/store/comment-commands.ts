import type { Person, PullRef } from '../decision/snapshot.ts'
import type { Queryable } from './database.ts'

type Pull = Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>

/** What became of the command in a comment. */
export type CommentCommand = {
  comment: number
  command: string
  outcome: 'done' | 'refused' | 'unclear'
  answer: string | null
  by: { id: number; login: string }
  /** Nobody whom the repository gave more than reading. */
  outsider: boolean
  commentedAt: Date
  decidedAt: Date
  answeredAt: Date | null
  /** The event by which the App put the label on for this person. */
  labelEvent: number | null
  reason: string | null
}

/** A label that the App put on because a person with the authority ordered it in a comment. */
export type LabelOrder = { event: number; by: Person; at: string; comment: number; reason?: string }

export async function commentCommand(
  db: Queryable,
  { repositoryId }: Pick<Pull, 'repositoryId'>,
  comment: number,
): Promise<CommentCommand | undefined> {
  const [row] = await db.query<Omit<CommentCommand, 'by'> & { id: number; login: string }>(
    `SELECT comment_id::float8 AS comment, command, outcome, answer, person_id::float8 AS id, person_login AS login, outsider,
       commented_at AS "commentedAt", decided_at AS "decidedAt", answered_at AS "answeredAt",
       label_event_id::float8 AS "labelEvent", reason
     FROM release_gate.comment_commands WHERE repository_id = $1 AND comment_id = $2`,
    [repositoryId, comment],
  )
  if (!row) return undefined
  const { id, login, ...rest } = row
  return { ...rest, by: { id, login } }
}

/** Keeps what was decided, once. */
export async function saveCommentCommand(db: Queryable, pull: Pull, kept: CommentCommand): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.comment_commands
       (repository_id, comment_id, installation_id, number, command, outcome, answer, person_id, person_login, outsider,
        commented_at, decided_at, answered_at, label_event_id, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      pull.repositoryId,
      kept.comment,
      pull.installationId,
      pull.number,
      kept.command,
      kept.outcome,
      kept.answer,
      kept.by.id,
      kept.by.login,
      kept.outsider,
      kept.commentedAt,
      kept.decidedAt,
      kept.answeredAt,
      kept.labelEvent,
      kept.reason,
    ],
  )
}

export async function markAnswered(
  db: Queryable,
  { repositoryId }: Pick<Pull, 'repositoryId'>,
  comment: number,
  at: Date,
): Promise<void> {
  await db.query(
    'UPDATE release_gate.comment_commands SET answered_at = $3 WHERE repository_id = $1 AND comment_id = $2',
    [repositoryId, comment, at],
  )
}

/**
 * How many commands of outsiders were answered since a time on a pull request, and everywhere in the installation, and whether a
 * person is known in the repository as one. What is over the limit is kept as refused without an answer, and does not count.
 */
export async function outsiderCommands(
  db: Queryable,
  { installationId, repositoryId, number }: Pull,
  since: Date,
  person: number,
): Promise<{ here: number; everywhere: number; isKnown: boolean }> {
  const [row] = await db.query<{ here: number; everywhere: number; own: number }>(
    `SELECT (count(*) FILTER (WHERE answered AND repository_id = $2 AND number = $3))::int AS here,
       (count(*) FILTER (WHERE answered))::int AS everywhere,
       (count(*) FILTER (WHERE repository_id = $2 AND person_id = $5))::int AS own
     FROM (SELECT *, outcome <> 'refused' OR answer IS NOT NULL AS answered FROM release_gate.comment_commands) kept
     WHERE installation_id = $1 AND decided_at > $4 AND outsider`,
    [installationId, repositoryId, number, since, person],
  )
  const { here = 0, everywhere = 0, own = 0 } = row ?? {}
  return { here, everywhere, isKnown: own > 0 }
}

/** The labels of a pull request that people ordered in comments. */
export async function labelOrders(
  db: Queryable,
  { repositoryId, number }: Pick<Pull, 'repositoryId' | 'number'>,
): Promise<LabelOrder[]> {
  const rows = await db.query<{
    event: number
    id: number
    login: string
    at: Date
    comment: number
    reason: string | null
  }>(
    `SELECT label_event_id::float8 AS event, person_id::float8 AS id, person_login AS login, commented_at AS at,
       comment_id::float8 AS comment, reason
     FROM release_gate.comment_commands WHERE repository_id = $1 AND number = $2 AND label_event_id IS NOT NULL`,
    [repositoryId, number],
  )
  return rows.map(({ event, id, login, at, comment, reason }) => ({
    event,
    by: { id, login, type: 'User' as const },
    at: at.toISOString(),
    comment,
    ...(reason === null ? {} : { reason }),
  }))
}

/** The newest comment that put a pull request on hold, or found it on hold: such a one leaves no event. */
export async function latestHold(
  db: Queryable,
  { repositoryId, number }: Pick<Pull, 'repositoryId' | 'number'>,
): Promise<{ comment: number; by: string; at: Date } | undefined> {
  const [row] = await db.query<{ comment: number; by: string; at: Date }>(
    `SELECT comment_id::float8 AS comment, person_login AS by, commented_at AS at FROM release_gate.comment_commands
     WHERE repository_id = $1 AND number = $2 AND command = '/hold' AND outcome = 'done'
     ORDER BY commented_at DESC, comment_id DESC LIMIT 1`,
    [repositoryId, number],
  )
  return row
}
