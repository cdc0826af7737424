import type { FindingState } from '../decision/gate.ts'
import type { GateName } from '../decision/gates/index.ts'
import { hasWriteAccess } from '../decision/same-head-pulls.ts'
import type { PullRef } from '../decision/snapshot.ts'
import type { Queryable, Transaction } from './database.ts'
import { causesAfter } from './verdicts/causes.ts'
import { fromRow, type Row, type StoredVerdict } from './verdicts/rows.ts'
import { isSettled, type SeenPull, versionOf } from './verdicts/seen.ts'

export type { PolicySource, StoredVerdict } from './verdicts/rows.ts'

/** A number for an evaluation that starts now. Later writes of evaluations with lower numbers are rejected. */
export async function nextGeneration(db: Queryable): Promise<number> {
  const [row] = await db.query<{ generation: number }>(
    `SELECT nextval('release_gate.generation') AS generation`,
  )
  if (!row) throw new Error('the database gave no generation number')
  return Number(row.generation)
}

/**
 * Keeps a verdict as the latest. `seen`: how the pull request looked when its facts were read.
 * @returns false where a newer evaluation has been there already, and this one must stop.
 */
export async function saveVerdict(db: Queryable, verdict: StoredVerdict, seen?: SeenPull): Promise<boolean> {
  const { pull } = verdict
  const rows = await db.query(
    `INSERT INTO release_gate.verdicts AS stored
       (installation_id, repository_id, number, generation, owner, repo, head_sha, base_ref, counts, state, digest, report,
        snapshot, policy, source, decided_at, next_at, prepare_at, writer, seen, read_at, stale_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $16, $21)
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET
       generation = excluded.generation, owner = excluded.owner, repo = excluded.repo, head_sha = excluded.head_sha,
       base_ref = excluded.base_ref, counts = excluded.counts, state = excluded.state, digest = excluded.digest,
       report = excluded.report, snapshot = excluded.snapshot, policy = excluded.policy, source = excluded.source,
       decided_at = excluded.decided_at, next_at = excluded.next_at, prepare_at = excluded.prepare_at,
       writer = excluded.writer, seen = excluded.seen, read_at = excluded.read_at, stale_at = excluded.stale_at,
       -- What was heard while the facts were read is not in them.
       changed_at = CASE WHEN coalesce(stored.heard, 0) > excluded.generation THEN clock_timestamp() END,
       causes = ${causesAfter('stored.causes', 'excluded.generation')}
     WHERE stored.generation < excluded.generation
     RETURNING 1`,
    [
      pull.installationId,
      pull.repositoryId,
      pull.number,
      verdict.generation,
      pull.owner,
      pull.repo,
      verdict.headSha,
      verdict.baseRef,
      verdict.counts,
      verdict.state,
      verdict.digest,
      JSON.stringify(verdict.report),
      JSON.stringify(verdict.snapshot),
      verdict.policy === undefined ? null : JSON.stringify(verdict.policy),
      JSON.stringify(verdict.source),
      verdict.decidedAt,
      verdict.nextAt ?? null,
      verdict.prepareAt ?? null,
      hasWriteAccess(verdict),
      seen && isSettled(seen, verdict) ? versionOf(seen) : null,
      verdict.snapshot.frozen?.until ?? null,
    ],
  )
  return rows.length > 0
}

export async function latestVerdict(
  db: Queryable,
  pull: Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>,
): Promise<StoredVerdict | undefined> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return rows.map(fromRow)[0]
}

/** The same, kept from changing until the transaction ends. */
export async function lockVerdict(
  tx: Transaction,
  pull: Pick<PullRef, 'installationId' | 'repositoryId' | 'number'>,
): Promise<StoredVerdict | undefined> {
  const rows = await tx.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE installation_id = $1 AND repository_id = $2 AND number = $3 FOR UPDATE`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return rows.map(fromRow)[0]
}

/** A verdict, and whether nothing about its pull request has changed since its facts were read. */
export type HeadVerdict = StoredVerdict & { upToDate: boolean }

/** Every open pull request with this head and a covered base, lowest number first. */
export async function verdictsOnHead(
  db: Queryable,
  repository: { installationId: number; repositoryId: number },
  headSha: string,
): Promise<HeadVerdict[]> {
  const rows = await db.query<Row & { upToDate: boolean }>(
    `SELECT *, generation > coalesce(heard, 0) AS "upToDate" FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 AND counts ORDER BY number`,
    [repository.installationId, repository.repositoryId, headSha],
  )
  return rows.map((row) => ({ ...fromRow(row), upToDate: row.upToDate }))
}

/**
 * Whether an open pull request was evaluated under another policy than this one: of the repository that holds the file, or, for
 * the organization's, of any repository of the installation. `path` is where the own file of a repository is; a policy of two
 * files has the blobs of both.
 */
export async function isAnyUnderAnotherPolicy(
  db: Queryable,
  repository: { installationId: number; repositoryId: number },
  { blob, path, isShared }: { blob: string | undefined; path: string; isShared: boolean },
): Promise<boolean> {
  const shared = `CASE WHEN source->>'blob' LIKE '%+%' THEN split_part(source->>'blob', '+', 2)
    WHEN source->>'where' <> $5 THEN source->>'blob' END`
  const rows = await db.query(
    `SELECT 1 FROM release_gate.verdicts WHERE installation_id = $1 AND counts
       AND CASE WHEN repository_id = $2 THEN source->>'blob' IS DISTINCT FROM $3
         ELSE $4 AND (${shared}) IS DISTINCT FROM $3 END LIMIT 1`,
    [repository.installationId, repository.repositoryId, blob ?? null, isShared, path],
  )
  return rows.length > 0
}

/** Every open pull request that a policy evaluates: of one repository, or of all. */
export async function openVerdicts(
  db: Queryable,
  repository?: { installationId: number; repositoryId: number },
): Promise<StoredVerdict[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE counts AND policy IS NOT NULL
       AND ($1::bigint IS NULL OR (installation_id = $1 AND repository_id = $2)) ORDER BY repository_id, number`,
    [repository?.installationId ?? null, repository?.repositoryId ?? null],
  )
  return rows.map(fromRow)
}

/** Every open pull request whose policy names a gate, for all or in an override. */
export async function verdictsNaming(db: Queryable, gate: GateName): Promise<StoredVerdict[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE counts AND strpos(policy::text, to_json($1::text)::text) > 0
     ORDER BY repository_id, number`,
    [gate],
  )
  return rows.map(fromRow)
}

/** A verdict, and what stands on its head on GitHub. */
export type ShownVerdict = StoredVerdict & { check?: { state: FindingState; title: string } | undefined }

/** Every open pull request of some repositories, also those whose policy is invalid. */
export async function openVerdictsIn(db: Queryable, repositoryIds: number[]): Promise<ShownVerdict[]> {
  if (repositoryIds.length === 0) return []
  const rows = await db.query<Row & { check: ShownVerdict['check'] | null }>(
    `SELECT v.*, CASE WHEN c.state IS NOT NULL THEN json_build_object('state', c.state, 'title', c.title) END AS "check"
     FROM release_gate.verdicts v LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts AND v.repository_id = ANY ($1::bigint[]) ORDER BY v.repository_id, v.number`,
    [repositoryIds],
  )
  return rows.map((row) => ({ ...fromRow(row), check: row.check ?? undefined }))
}

/** The open pull requests of a repository that a policy evaluates, the newest ones first, and no more than so many. */
export async function newestVerdicts(
  db: Queryable,
  repository: { installationId: number; repositoryId: number },
  most: number,
): Promise<StoredVerdict[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE counts AND policy IS NOT NULL AND installation_id = $1
       AND repository_id = $2 ORDER BY number DESC LIMIT $3`,
    [repository.installationId, repository.repositoryId, most],
  )
  return rows.map(fromRow)
}
