import type { Queryable } from './database.ts'

type Pull = { installationId: number; repositoryId: number; number: number }

/**
 * The one message of a change. `shown`: the state that it shows; `moves`: how often that has changed since it was posted, and
 * `answered` up to which of them its thread says so. `listedAt`: it was announced in a list with others, and has no message.
 */
export type ChangeCard = {
  /** When it was first to be announced, or again after it was not ready. */
  askedAt: Date
  channel: string | null
  ts: string | null
  shown: string | null
  moves: number
  answered: number
  listedAt: Date | null
  after: string[]
}

const columns = `asked_at AS "askedAt", channel, ts, shown, moves, answered, listed_at AS "listedAt", after`
const ofPull = 'installation_id = $1 AND repository_id = $2 AND number = $3'
const keyOf = ({ installationId, repositoryId, number }: Pull) => [installationId, repositoryId, number]

export async function changeCard(db: Queryable, pull: Pull): Promise<ChangeCard | undefined> {
  const [row] = await db.query<ChangeCard>(
    `SELECT ${columns} FROM release_gate.change_cards WHERE ${ofPull}`,
    keyOf(pull),
  )
  return row
}

/** Notes that there is something to tell of a change, unless that is known. */
export async function askForCard(db: Queryable, pull: Pull, at: Date): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.change_cards (installation_id, repository_id, number, asked_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [...keyOf(pull), at],
  )
}

/** A message was posted for it, the first one or in place of one that is gone. */
export async function saveCard(
  db: Queryable,
  pull: Pull,
  { channel, ts, shown, at }: { channel: string; ts: string; shown: string; at: Date },
): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.change_cards AS card
       (installation_id, repository_id, number, asked_at, channel, ts, shown, posted_at) VALUES ($1, $2, $3, $7, $4, $5, $6, $7)
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET channel = excluded.channel, ts = excluded.ts,
       shown = excluded.shown, posted_at = excluded.posted_at, answered = card.moves, listed_at = NULL`,
    [...keyOf(pull), channel, ts, shown, at],
  )
}

/** Its message was changed. */
export async function saveMove(db: Queryable, pull: Pull, shown: string): Promise<void> {
  await db.query(`UPDATE release_gate.change_cards SET shown = $4, moves = moves + 1 WHERE ${ofPull}`, [
    ...keyOf(pull),
    shown,
  ])
}

/** Its thread says what its message says. */
export async function saveAnswered(db: Queryable, pull: Pull, moves: number): Promise<void> {
  await db.query(`UPDATE release_gate.change_cards SET answered = $4 WHERE ${ofPull}`, [
    ...keyOf(pull),
    moves,
  ])
}

/** Something happened to it after its merge, once for each text. */
export async function appendCardLine(db: Queryable, pull: Pull, text: string): Promise<void> {
  await db.query(
    `UPDATE release_gate.change_cards SET after = after || to_jsonb($4::text) WHERE ${ofPull} AND NOT after ? $4`,
    [...keyOf(pull), text],
  )
}

/** There is nothing to tell: it has no message, and is announced again when it is ready again. */
export async function dropUnpostedCard(db: Queryable, pull: Pull): Promise<void> {
  await db.query(`DELETE FROM release_gate.change_cards WHERE ${ofPull} AND ts IS NULL`, keyOf(pull))
}

/** The changes of a repository that wait for their first announcement since they were asked for, and no more than so many. */
export async function unpostedCards(
  db: Queryable,
  { installationId, repositoryId }: Omit<Pull, 'number'>,
  limit: number,
): Promise<{ number: number; askedAt: Date }[]> {
  return db.query<{ number: number; askedAt: Date }>(
    `SELECT number, asked_at AS "askedAt" FROM release_gate.change_cards
     WHERE installation_id = $1 AND repository_id = $2 AND ts IS NULL AND listed_at IS NULL ORDER BY number LIMIT $3`,
    [installationId, repositoryId, limit],
  )
}

/** When the messages of a repository's changes were posted since a time, oldest first; a list counts for each of its changes. */
export async function postedSince(
  db: Queryable,
  repository: Omit<Pull, 'number'>,
  since: Date,
): Promise<Date[]> {
  const rows = await db.query<{ at: Date }>(
    `SELECT coalesce(posted_at, listed_at) AS at FROM release_gate.change_cards
     WHERE installation_id = $1 AND repository_id = $2 AND coalesce(posted_at, listed_at) > $3 ORDER BY 1`,
    [repository.installationId, repository.repositoryId, since],
  )
  return rows.map(({ at }) => at)
}

/** They were announced in a list. */
export async function saveListed(
  db: Queryable,
  repository: Omit<Pull, 'number'>,
  numbers: number[],
  at: Date,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.change_cards SET listed_at = $4
     WHERE installation_id = $1 AND repository_id = $2 AND number = ANY ($3::integer[]) AND ts IS NULL`,
    [repository.installationId, repository.repositoryId, numbers, at],
  )
}
