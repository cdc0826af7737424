import type { Queryable } from './database.ts'

/** Where a session is used: its cookie is worth nothing at the command line, and the other way round. */
export type SessionClient = 'board' | 'command line'

/** A session; `id` is the hash of the token that proves it. */
export type Session = {
  id: string
  client: SessionClient
  userId: number
  login: string
  name: string | null
  csrf: string
  /** The person's token of GitHub, encrypted. */
  githubToken: string
  /** The ids of the repositories that the person can read on GitHub, as of `readableAt`. */
  readable: number[]
  readableAt: Date
  expiresAt: Date
}

/** Keeps a new session and forgets those that have expired. */
export async function keepSession(db: Queryable, session: Session, now: Date): Promise<void> {
  await db.query('DELETE FROM release_gate.sessions WHERE expires_at <= $1', [now])
  const { id, client, userId, login, name, csrf, githubToken, readable, readableAt, expiresAt } = session
  await db.query(
    `INSERT INTO release_gate.sessions
       (id, client, user_id, login, name, csrf, github_token, readable, readable_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [id, client, userId, login, name, csrf, githubToken, JSON.stringify(readable), readableAt, expiresAt],
  )
}

/** The session of a token, unless it has expired or was ended. */
export async function findSession(
  db: Queryable,
  { id, client }: Pick<Session, 'id' | 'client'>,
  now: Date,
): Promise<Session | undefined> {
  const [session] = await db.query<Session>(
    `SELECT id, client, user_id AS "userId", login, name, csrf, github_token AS "githubToken", readable,
       readable_at AS "readableAt", expires_at AS "expiresAt"
     FROM release_gate.sessions WHERE id = $1 AND client = $2 AND expires_at > $3`,
    [id, client, now],
  )
  return session
}

/** Keeps what the person can read now. */
export async function keepReadable(db: Queryable, id: string, readable: number[], at: Date): Promise<void> {
  await db.query('UPDATE release_gate.sessions SET readable = $2, readable_at = $3 WHERE id = $1', [
    id,
    JSON.stringify(readable),
    at,
  ])
}

export async function endSession(db: Queryable, id: string): Promise<void> {
  await db.query('DELETE FROM release_gate.sessions WHERE id = $1', [id])
}
