import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'

type Repository = { installationId: number; repositoryId: number }

/**
 * Keeps which of the open pull requests that offer a commit have no verdict yet, in place of what was kept for that
 * commit; `offered` are the numbers of all that GitHub lists.
 */
export async function keepUnjudged(
  db: Queryable,
  { installationId, repositoryId }: Repository,
  headSha: string,
  offered: number[],
): Promise<void> {
  await db.query(
    `DELETE FROM release_gate.unjudged
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 AND NOT number = ANY ($4::integer[])`,
    [installationId, repositoryId, headSha, offered],
  )
  await db.query(
    `INSERT INTO release_gate.unjudged (installation_id, repository_id, number, head_sha)
     SELECT $1, $2, offer, $3 FROM unnest($4::integer[]) AS offer
     WHERE NOT EXISTS (
       SELECT 1 FROM release_gate.verdicts v
       WHERE v.installation_id = $1 AND v.repository_id = $2 AND v.number = offer AND v.head_sha = $3 AND v.counts
     )
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET head_sha = excluded.head_sha`,
    [installationId, repositoryId, headSha, offered],
  )
}

/** The pull request has been looked at: it has a verdict now, or needs none. */
export async function forgetUnjudged(db: Queryable, pull: PullRef): Promise<void> {
  await db.query(
    `DELETE FROM release_gate.unjudged WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
}

/** The numbers of the open pull requests that offer a commit and have no verdict yet. */
export async function unjudgedOn(
  db: Queryable,
  { installationId, repositoryId }: Repository,
  headSha: string,
): Promise<number[]> {
  const rows = await db.query<{ number: number }>(
    `SELECT number FROM release_gate.unjudged
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 ORDER BY number`,
    [installationId, repositoryId, headSha],
  )
  return rows.map(({ number }) => number)
}
