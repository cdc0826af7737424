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

/**
 * `absent`: its repository had no policy when it was checked last. `out of reach`: the App cannot reach the repository: it is not
 * installed there, or suspended, or the repository is deleted or archived. Either ends when a policy is seen there again.
 */
export type Standing = 'current' | 'absent' | 'out of reach'

/** The last valid policies of an installation, or of all, by the names of their repositories. */
export function keptPolicies(
  db: Queryable,
  installationId?: number,
  standings: Standing[] = ['current'],
): Promise<KeptPolicy[]> {
  return db.query<KeptPolicy>(
    `SELECT ${keptColumns} FROM release_gate.policies
     WHERE owner IS NOT NULL AND repo IS NOT NULL AND ($1::bigint IS NULL OR installation_id = $1)
       AND standing = ANY ($2::text[])
     ORDER BY lower(owner), lower(repo)`,
    [installationId ?? null, standings],
  )
}

/** The current policies of some repositories, by their names. */
export function keptPoliciesIn(db: Queryable, repositoryIds: Iterable<number>): Promise<KeptPolicy[]> {
  return db.query<KeptPolicy>(
    `SELECT ${keptColumns} FROM release_gate.policies
     WHERE owner IS NOT NULL AND repo IS NOT NULL AND repository_id = ANY ($1::bigint[]) AND standing = 'current'
     ORDER BY lower(owner), lower(repo)`,
    [[...repositoryIds]],
  )
}

/** The text of the last policy of a repository that could be read, whether or not it is there now. */
export async function lastValidPolicy(db: Queryable, repository: Repository): Promise<string | undefined> {
  const [row] = await db.query<{ text: string }>(
    `SELECT text FROM release_gate.policies WHERE installation_id = $1 AND repository_id = $2`,
    [repository.installationId, repository.repositoryId],
  )
  return row?.text
}

/**
 * Keeps a valid policy, which is current then; writes only where something is another than before. A repository belongs to one
 * installation: what a former one kept of it is out of reach.
 */
export async function keepValidPolicy(
  db: Queryable,
  repository: Named,
  policy: { text: string; blob: string },
): Promise<void> {
  await db.query(
    `WITH former AS (
       UPDATE release_gate.policies SET standing = 'out of reach'
       WHERE repository_id = $2 AND installation_id <> $1 AND standing <> 'out of reach'
     )
     INSERT INTO release_gate.policies AS kept (installation_id, repository_id, text, blob, owner, repo)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (installation_id, repository_id) DO UPDATE SET text = excluded.text, blob = excluded.blob,
       owner = excluded.owner, repo = excluded.repo, standing = 'current'
     WHERE (kept.blob, kept.owner, kept.repo, kept.standing) IS DISTINCT FROM (excluded.blob, excluded.owner, excluded.repo, 'current')`,
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

/** Of a repository, or of all repositories of an installation. */
export async function keepStanding(
  db: Queryable,
  { installationId, repositoryId }: { installationId: number; repositoryId?: number },
  standing: Standing,
): Promise<void> {
  await db.query(
    `UPDATE release_gate.policies SET standing = $3
     WHERE installation_id = $1 AND ($2::bigint IS NULL OR repository_id = $2) AND standing <> $3`,
    [installationId, repositoryId ?? null, standing],
  )
}

/** What is kept of other installations than these is out of reach. */
export async function keepOnlyInstallations(db: Queryable, installationIds: number[]): Promise<void> {
  await db.query(
    `UPDATE release_gate.policies SET standing = 'out of reach'
     WHERE NOT installation_id = ANY ($1::bigint[]) AND standing <> 'out of reach'`,
    [installationIds],
  )
}

/** What is kept of other repositories of an installation than these is out of reach. */
export async function keepOnlyRepositories(
  db: Queryable,
  installationId: number,
  repositoryIds: number[],
): Promise<void> {
  await db.query(
    `UPDATE release_gate.policies SET standing = 'out of reach'
     WHERE installation_id = $1 AND NOT repository_id = ANY ($2::bigint[]) AND standing <> 'out of reach'`,
    [installationId, repositoryIds],
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

/**
 * The organization's policy that an installation last read. `repositoryId` and `locks` are null where an earlier version read it.
 * `locks`: what it locked, separated by commas; empty where it locked nothing.
 */
export type KeptShared = { blob: string; repositoryId: number | null; locks: string | null }

/** Undefined where the organization had no policy, or it was removed since. */
export async function keptShared(db: Queryable, installationId: number): Promise<KeptShared | undefined> {
  const [row] = await db.query<KeptShared>(
    `SELECT blob, repository_id AS "repositoryId", locks FROM release_gate.organization_policies
     WHERE installation_id = $1`,
    [installationId],
  )
  return row
}

/** Until the transaction ends, no other one compares the organization's policy of an installation. */
export async function lockShared(tx: Queryable, installationId: number): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('organization policy ' || $1, 0))`, [
    String(installationId),
  ])
}

/** Keeps the organization's policy of an installation, unless it is from another repository. Gives whether anything changed. */
export async function keepShared(
  db: Queryable,
  installationId: number,
  { blob, repositoryId, locks }: { blob: string; repositoryId: number; locks: string },
): Promise<boolean> {
  const changed = await db.query(
    `INSERT INTO release_gate.organization_policies AS kept (installation_id, blob, repository_id, locks)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (installation_id) DO UPDATE
       SET blob = excluded.blob, repository_id = excluded.repository_id, locks = excluded.locks
     WHERE coalesce(kept.repository_id, excluded.repository_id) = excluded.repository_id
       AND (kept.blob, kept.repository_id, kept.locks) IS DISTINCT FROM (excluded.blob, excluded.repository_id, excluded.locks)
     RETURNING installation_id`,
    [installationId, blob, repositoryId, locks],
  )
  return changed.length > 0
}

/** Keeps the organization's policy of another repository, or none, in place of that of one. Gives whether it was still that one. */
export async function replaceShared(
  db: Queryable,
  installationId: number,
  replaced: number,
  next: { blob: string; repositoryId: number; locks: string } | undefined,
): Promise<boolean> {
  const deleted = await db.query(
    `DELETE FROM release_gate.organization_policies WHERE installation_id = $1 AND repository_id = $2 RETURNING installation_id`,
    [installationId, replaced],
  )
  if (deleted.length > 0 && next) await keepShared(db, installationId, next)
  return deleted.length > 0
}

/** Deletes what is kept of the organization's policy. Gives whether there was anything. */
export async function deleteShared(db: Queryable, installationId: number): Promise<boolean> {
  const deleted = await db.query(
    `DELETE FROM release_gate.organization_policies WHERE installation_id = $1 RETURNING installation_id`,
    [installationId],
  )
  return deleted.length > 0
}
