import type { FindingState } from '../decision/gate.ts'
import type { CheckReport } from '../decision/report.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from './database.ts'

/** The latest verdict on one pull request, with the facts and the policy that gave it. */
export type StoredVerdict = {
  pull: PullRef
  generation: number
  headSha: string
  baseRef: string
  /** Open, and its base covered by the policy: only such a one has a say in the check of its head. */
  counts: boolean
  state: FindingState
  /** Of the report and the policy: equal digests need no new record. */
  digest: string
  report: CheckReport
  snapshot: Snapshot
  policy: unknown
  decidedAt: Date
}

/** A number for an evaluation that begins now: what an evaluation with a lower one writes later is refused. */
export async function nextGeneration(db: Queryable): Promise<number> {
  const [row] = await db.query<{ generation: number }>(
    `SELECT nextval('release_gate.generation') AS generation`,
  )
  if (!row) throw new Error('the database gave no generation number')
  return Number(row.generation)
}

/** Keeps a verdict as the latest. False: a newer evaluation has been there already, and this one must stop. */
export async function saveVerdict(db: Queryable, verdict: StoredVerdict): Promise<boolean> {
  const { pull } = verdict
  const rows = await db.query(
    `INSERT INTO release_gate.verdicts AS stored
       (installation_id, repository_id, number, generation, owner, repo, head_sha, base_ref, counts, state, digest, report,
        snapshot, policy, decided_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET
       generation = excluded.generation, owner = excluded.owner, repo = excluded.repo, head_sha = excluded.head_sha,
       base_ref = excluded.base_ref, counts = excluded.counts, state = excluded.state, digest = excluded.digest,
       report = excluded.report, snapshot = excluded.snapshot, policy = excluded.policy, decided_at = excluded.decided_at
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
      verdict.decidedAt,
    ],
  )
  return rows.length > 0
}

export async function latestVerdict(db: Queryable, pull: PullRef): Promise<StoredVerdict | undefined> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return rows.map(fromRow)[0]
}

/** Every pull request that has a say in the check of a commit, lowest number first. */
export async function verdictsOnHead(
  db: Queryable,
  repository: { installationId: number; repositoryId: number },
  headSha: string,
): Promise<StoredVerdict[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3 AND counts ORDER BY number`,
    [repository.installationId, repository.repositoryId, headSha],
  )
  return rows.map(fromRow)
}

type Row = {
  installation_id: number
  repository_id: number
  number: number
  generation: number
  owner: string
  repo: string
  head_sha: string
  base_ref: string
  counts: boolean
  state: FindingState
  digest: string
  report: CheckReport
  snapshot: Snapshot
  policy: unknown
  decided_at: Date
}

function fromRow(row: Row): StoredVerdict {
  return {
    pull: {
      installationId: row.installation_id,
      repositoryId: row.repository_id,
      owner: row.owner,
      repo: row.repo,
      number: row.number,
    },
    generation: row.generation,
    headSha: row.head_sha,
    baseRef: row.base_ref,
    counts: row.counts,
    state: row.state,
    digest: row.digest,
    report: row.report,
    snapshot: row.snapshot,
    policy: row.policy ?? undefined,
    decidedAt: row.decided_at,
  }
}
