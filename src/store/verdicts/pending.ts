import type { PullRef } from '../../decision/snapshot.ts'
import type { Unreadable } from '../../decision/unverified-report.ts'
import type { Queryable } from '../database.ts'
import { withCause } from './causes.ts'

type Repository = { installationId: number; repositoryId: number }

/**
 * A pull request has a verdict, and of the others with its commit as their head these have none yet, in place of what was kept for both;
 * `offered` are the numbers of all that GitHub lists.
 */
export async function keepPending(
  db: Queryable,
  { installationId, repositoryId, number }: Repository & { number: number },
  headSha: string,
  offered: number[],
): Promise<void> {
  await db.query(
    `WITH former AS (
       DELETE FROM release_gate.unjudged WHERE installation_id = $1 AND repository_id = $2
         AND (number = $5 OR (head_sha = $3 AND NOT number = ANY ($4::integer[])))
     )
     INSERT INTO release_gate.unjudged (installation_id, repository_id, number, head_sha)
     SELECT $1, $2, offer, $3 FROM unnest($4::integer[]) AS offer
     WHERE offer <> $5 AND NOT EXISTS (
       SELECT 1 FROM release_gate.verdicts v
       WHERE v.installation_id = $1 AND v.repository_id = $2 AND v.number = offer AND v.head_sha = $3 AND v.counts
     )
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET head_sha = excluded.head_sha`,
    [installationId, repositoryId, headSha, offered, number],
  )
}

/** The pull request has been evaluated, and needs no verdict, or has one that does not count. */
export async function forgetPending(db: Queryable, pull: PullRef): Promise<void> {
  await db.query(
    `DELETE FROM release_gate.unjudged WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
}

/** An open pull request without a verdict yet; `problem`: why its evaluation failed, where it did. */
export type Pending = { number: number; headSha: string; problem: Unreadable | undefined }

/** The open pull requests with this head that have no verdict yet. */
export async function pendingOn(
  db: Queryable,
  { installationId, repositoryId }: Repository,
  headSha: string,
): Promise<Pending[]> {
  const rows = await db.query<Row>(
    `SELECT number, head_sha, problem FROM release_gate.unjudged
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 ORDER BY number`,
    [installationId, repositoryId, headSha],
  )
  return rows.map(fromRow)
}

/** The open pull requests of some repositories whose evaluation has failed and that have no verdict. */
export async function failedPendingIn(
  db: Queryable,
  repositoryIds: number[],
): Promise<(Pending & { repositoryId: number })[]> {
  const rows = await db.query<Row & { repositoryId: number }>(
    `SELECT repository_id AS "repositoryId", number, head_sha, problem FROM release_gate.unjudged
     WHERE repository_id = ANY ($1::bigint[]) AND problem IS NOT NULL ORDER BY repository_id, number`,
    [repositoryIds],
  )
  return rows.map(({ repositoryId, ...row }) => ({ ...fromRow(row), repositoryId }))
}

export async function pendingPull(db: Queryable, pull: PullRef): Promise<Pending | undefined> {
  const rows = await db.query<Row>(
    `SELECT number, head_sha, problem FROM release_gate.unjudged
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return rows.map(fromRow)[0]
}

/** Keeps why a pull request has no verdict, and the delivery `guid` that named it. */
export async function savePending(
  db: Queryable,
  pull: PullRef,
  { headSha, problem }: Omit<Pending, 'number'>,
  guid?: string,
): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.unjudged AS u (installation_id, repository_id, number, head_sha, problem, causes)
     SELECT $1, $2, $3, $4, $5, ${withCause("'{}'::text[]", 'n', '$6')} FROM (SELECT nextval('release_gate.generation') AS n) AS next
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE
       SET head_sha = excluded.head_sha, problem = excluded.problem,
         causes = (u.causes || excluded.causes)[cardinality(u.causes || excluded.causes) - 9:]`,
    [
      pull.installationId,
      pull.repositoryId,
      pull.number,
      headSha,
      problem === undefined ? null : JSON.stringify(problem),
      guid ?? null,
    ],
  )
}

type Row = { number: number; head_sha: string; problem: Unreadable | null }

function fromRow({ number, head_sha: headSha, problem }: Row): Pending {
  return { number, headSha, problem: problem ?? undefined }
}
