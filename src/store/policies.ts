import type { Queryable } from './database.ts'

type Repository = { installationId: number; repositoryId: number }
type Named = Repository & { owner: string; repo: string }

/** The text of a repository's last valid policy, the blob of its file, and whose it is. */
export type KeptPolicy = {
  installationId: number
  repositoryId: number
  owner: string
  repo: string
  text: string
  blob: string
}

const keptColumns = `installation_id AS "installationId", repository_id AS "repositoryId", owner, repo, text, blob`

/** The last valid policies of an installation, or of all, by the names of their repositories. */
export function keptPolicies(db: Queryable, installationId?: number): Promise<KeptPolicy[]> {
  return db.query<KeptPolicy>(
    `SELECT ${keptColumns} FROM release_gate.policies
     WHERE owner IS NOT NULL AND repo IS NOT NULL AND ($1::bigint IS NULL OR installation_id = $1)
     ORDER BY lower(owner), lower(repo)`,
    [installationId ?? null],
  )
}

/** The last valid policies of some repositories, by their names. */
export function keptPoliciesIn(db: Queryable, repositoryIds: Iterable<number>): Promise<KeptPolicy[]> {
  return db.query<KeptPolicy>(
    `SELECT ${keptColumns} FROM release_gate.policies
     WHERE owner IS NOT NULL AND repo IS NOT NULL AND repository_id = ANY ($1::bigint[])
     ORDER BY lower(owner), lower(repo)`,
    [[...repositoryIds]],
  )
}

/** The text of the last policy of a repository that could be read. */
export async function lastValidPolicy(db: Queryable, repository: Repository): Promise<string | undefined> {
  const [row] = await db.query<{ text: string }>(
    `SELECT text FROM release_gate.policies WHERE installation_id = $1 AND repository_id = $2`,
    [repository.installationId, repository.repositoryId],
  )
  return row?.text
}

/** Keeps a valid policy; writes only where the file's blob is another one, or the repository has another name. */
export async function keepValidPolicy(
  db: Queryable,
  repository: Named,
  policy: { text: string; blob: string },
): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.policies AS kept (installation_id, repository_id, text, blob, owner, repo)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (installation_id, repository_id) DO UPDATE SET text = excluded.text, blob = excluded.blob,
       owner = excluded.owner, repo = excluded.repo
     WHERE (kept.blob, kept.owner, kept.repo) IS DISTINCT FROM (excluded.blob, excluded.owner, excluded.repo)`,
    [
      repository.installationId,
      repository.repositoryId,
      policy.text,
      policy.blob,
      repository.owner,
      repository.repo,
    ],
  )
}

/** The blob of the last valid policy. */
export async function keptBlob(db: Queryable, repository: Repository): Promise<string | undefined> {
  const [row] = await db.query<{ blob: string }>(
    `SELECT blob FROM release_gate.policies WHERE installation_id = $1 AND repository_id = $2`,
    [repository.installationId, repository.repositoryId],
  )
  return row?.blob
}

/** Keeps in mind that the organization of an installation has a policy; writes only where its file changed. */
export async function rememberShared(db: Queryable, installationId: number, blob: string): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.organization_policies AS kept (installation_id, blob) VALUES ($1, $2)
     ON CONFLICT (installation_id) DO UPDATE SET blob = excluded.blob WHERE kept.blob <> excluded.blob`,
    [installationId, blob],
  )
}

/** The blob of the organization's policy when it was last read; undefined where none was, or it was removed since. */
export async function rememberedShared(db: Queryable, installationId: number): Promise<string | undefined> {
  const [row] = await db.query<{ blob: string }>(
    `SELECT blob FROM release_gate.organization_policies WHERE installation_id = $1`,
    [installationId],
  )
  return row?.blob
}

export async function forgetShared(db: Queryable, installationId: number): Promise<void> {
  await db.query(`DELETE FROM release_gate.organization_policies WHERE installation_id = $1`, [
    installationId,
  ])
}
