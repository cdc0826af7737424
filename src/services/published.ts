import type { PullRef } from '../decision/snapshot.ts'
import { type Database, inTransaction, type Queryable, type Transaction } from './database.ts'

/** The ids that name a pull request in the tables. */
export type PullKey = Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>

/** A check run that was posted, and from what. */
export type NewPublished = PullKey & {
  headSha: string
  checkRunId: number
  state: string
  title: string
  /** Of the whole text that was posted: an equal digest for the same head costs no write. */
  digest: string
  policyDigest: string
  /** The facts that it was judged from, so that the verdict can be replayed. */
  snapshot?: object
  generation: number
  publishedAt: Date
}

export type Published = Omit<NewPublished, 'snapshot'> & {
  id: number
  snapshot: object | null
  /** When a newer one took its place. */
  supersededAt: Date | null
  /** When a success was replaced by a failure because it did not hold any more. */
  takenBackAt: Date | null
}

/**
 * Numbers an evaluation of a pull request. A handler that outlives its expiry can run beside its successor
 * (rules/ingest.md, "Queue"): before each write to the outside, `isNewest` tells whether it still may.
 */
export async function beginEvaluation(db: Queryable, pull: PullKey): Promise<number> {
  const [row] = await db.query<{ generation: number }>(
    `INSERT INTO release_gate.evaluations (installation_id, repository_id, number, generation)
     VALUES ($1, $2, $3, 1)
     ON CONFLICT (installation_id, repository_id, number)
       DO UPDATE SET generation = release_gate.evaluations.generation + 1
     RETURNING generation`,
    keyOf(pull),
  )
  if (!row) throw new Error('The evaluation got no number.')
  return row.generation
}

/** Whether no evaluation of the pull request has begun after this one. */
export async function isNewest(db: Queryable, pull: PullKey, generation: number): Promise<boolean> {
  const [row] = await db.query<{ generation: number }>(
    `SELECT generation FROM release_gate.evaluations WHERE ${BY_PULL}`,
    keyOf(pull),
  )
  return row?.generation === generation
}

/**
 * Notes a check run that was posted; it takes the place of the one before. Where an evaluation that began later has
 * published already, nothing is noted.
 *
 * @returns the id of the row, or nothing when it came too late.
 */
export function recordPublished(
  db: Database | Transaction,
  published: NewPublished,
): Promise<number | undefined> {
  return inTransaction(db, async (tx) => {
    await tx.query(`SELECT 1 FROM release_gate.evaluations WHERE ${BY_PULL} FOR UPDATE`, keyOf(published))
    const current = await currentPublished(tx, published)
    if (current && current.generation > published.generation) return undefined
    await tx.query(
      `UPDATE release_gate.published_checks SET superseded_at = $4 WHERE ${BY_PULL} AND superseded_at IS NULL`,
      [...keyOf(published), published.publishedAt],
    )
    const [row] = await tx.query<{ id: number }>(
      `INSERT INTO release_gate.published_checks (installation_id, repository_id, number, head_sha, check_run_id,
         state, title, digest, policy_digest, snapshot, generation, published_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`,
      [
        ...keyOf(published),
        published.headSha,
        published.checkRunId,
        published.state,
        published.title,
        published.digest,
        published.policyDigest,
        published.snapshot === undefined ? null : JSON.stringify(published.snapshot),
        published.generation,
        published.publishedAt,
      ],
    )
    return row?.id
  })
}

/** What stands on a pull request now, whichever head it was posted for. */
export async function currentPublished(db: Queryable, pull: PullKey): Promise<Published | undefined> {
  const rows = await db.query<Published>(
    `SELECT ${COLUMNS} FROM release_gate.published_checks WHERE ${BY_PULL} AND superseded_at IS NULL`,
    keyOf(pull),
  )
  return rows[0]
}

/** All that stands on the pull requests of an installation, in one state or in all, for the reconciliation. */
export function listCurrent(
  db: Queryable,
  installationId: number,
  options: { state?: string } = {},
): Promise<Published[]> {
  return db.query<Published>(
    `SELECT ${COLUMNS} FROM release_gate.published_checks
     WHERE installation_id = $1 AND superseded_at IS NULL AND ($2::text IS NULL OR state = $2)
     ORDER BY repository_id, number`,
    [installationId, options.state ?? null],
  )
}

/** All that was ever posted for a pull request, oldest first. */
export function listPublished(db: Queryable, pull: PullKey): Promise<Published[]> {
  return db.query<Published>(
    `SELECT ${COLUMNS} FROM release_gate.published_checks WHERE ${BY_PULL} ORDER BY id`,
    keyOf(pull),
  )
}

/** Notes that a success was taken back; the first time counts. */
export async function markTakenBack(db: Queryable, id: number, at: Date): Promise<void> {
  await db.query(
    'UPDATE release_gate.published_checks SET taken_back_at = $2 WHERE id = $1 AND taken_back_at IS NULL',
    [id, at],
  )
}

/** Removes what was superseded before a time, and tells how much. What stands is kept. */
export async function prunePublished(db: Queryable, before: Date): Promise<number> {
  const rows = await db.query(
    'DELETE FROM release_gate.published_checks WHERE superseded_at < $1 RETURNING id',
    [before],
  )
  return rows.length
}

const BY_PULL = 'installation_id = $1 AND repository_id = $2 AND number = $3'

const COLUMNS = `id, installation_id AS "installationId", repository_id AS "repositoryId", number, head_sha AS "headSha",
  check_run_id AS "checkRunId", state, title, digest, policy_digest AS "policyDigest", snapshot, generation,
  published_at AS "publishedAt", superseded_at AS "supersededAt", taken_back_at AS "takenBackAt"`

function keyOf(pull: PullKey): number[] {
  return [pull.installationId, pull.repositoryId, pull.number]
}
