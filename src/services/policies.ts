import type { Queryable } from './database.ts'

type Repository = { installationId: number; repositoryId: number }

/** The text of the last policy of a repository that could be read. */
export async function lastValidPolicy(db: Queryable, repository: Repository): Promise<string | undefined> {
  const [row] = await db.query<{ text: string }>(
    `SELECT text FROM release_gate.policies WHERE installation_id = $1 AND repository_id = $2`,
    [repository.installationId, repository.repositoryId],
  )
  return row?.text
}

/** Keeps a valid policy; writes only where the file's blob is another one. */
export async function keepValidPolicy(
  db: Queryable,
  repository: Repository,
  policy: { text: string; blob: string },
): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.policies AS kept (installation_id, repository_id, text, blob) VALUES ($1, $2, $3, $4)
     ON CONFLICT (installation_id, repository_id) DO UPDATE SET text = excluded.text, blob = excluded.blob
     WHERE kept.blob <> excluded.blob`,
    [repository.installationId, repository.repositoryId, policy.text, policy.blob],
  )
}
