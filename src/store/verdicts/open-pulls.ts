import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'

type Repository = { installationId: number; repositoryId: number; owner: string; repo: string }

/** Every pull request of a repository that was open when it was last checked. */
export async function storedOpenPulls(db: Queryable, repository: Repository): Promise<PullRef[]> {
  const { installationId, repositoryId, owner, repo } = repository
  const rows = await db.query<{ number: number }>(
    `SELECT number FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND counts ORDER BY number`,
    [installationId, repositoryId],
  )
  return rows.map(({ number }) => ({ installationId, repositoryId, owner, repo, number }))
}

/** The same with the head and the base at which each was evaluated last. */
export function knownPulls(
  db: Queryable,
  { installationId, repositoryId }: Pick<Repository, 'installationId' | 'repositoryId'>,
): Promise<{ number: number; head: string; base: string }[]> {
  return db.query(
    `SELECT number, head_sha AS head, base_ref AS base FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND counts ORDER BY number`,
    [installationId, repositoryId],
  )
}
