import { createHash } from 'node:crypto'
import type { Evidence } from '../decision/snapshot.ts'
import type { Queryable } from './database.ts'

type Repository = { installationId: number; repositoryId: number }

/** One run with all that it was tied to. The texts are kept as they are: `hash` covers the exact characters of `report`. */
export type StoredEvidence = Omit<Evidence, 'checkUrl' | 'lacking' | 'waivedUntil'> & {
  report: string
  /** The list of tools as the run read it; null where none could be read. */
  recorded: string | null
  suiteText: string | null
  baselineId: number | null
  requestedBy: number | null
  /** The settings of the policy by which it was evaluated; null where an earlier version kept it. */
  settings: string | null
}

export type StoredBaseline = { id: number; headSha: string; recorded: string }

export function hashOfReport(report: string): string {
  return createHash('sha256').update(report).digest('hex')
}

export async function saveEvidence(
  db: Queryable,
  repository: Repository,
  run: StoredEvidence,
): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.evidence
       (run_id, installation_id, repository_id, head_sha, tree_sha, server, environment, suite, suite_text, deployment_id,
        server_name, server_version, verdict, summary, report, report_hash, recorded, baseline_id, requested_by, started_at,
        settings)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
    [
      run.runId,
      repository.installationId,
      repository.repositoryId,
      run.headSha,
      run.tree,
      run.server,
      run.environment,
      run.suite,
      run.suiteText,
      run.deploymentId,
      run.serverName,
      run.serverVersion,
      run.verdict,
      run.summary,
      run.report,
      run.hash,
      run.recorded,
      run.baselineId,
      run.requestedBy,
      new Date(run.startedAt),
      run.settings,
    ],
  )
}

/** The newest runs on a head, or on another one with the identical git tree, newest first; and those with a result before them. */
export async function evidenceFor(
  db: Queryable,
  repository: Repository,
  head: { sha: string; tree: string | null },
): Promise<StoredEvidence[]> {
  const rows = await db.query<Row>(
    `WITH found AS (SELECT * FROM release_gate.evidence
       WHERE installation_id = $1 AND repository_id = $2 AND (head_sha = $3 OR tree_sha = $4))
     SELECT * FROM found
     WHERE seq IN (SELECT seq FROM found ORDER BY seq DESC LIMIT 10)
        OR seq IN (SELECT seq FROM found WHERE verdict <> 'inconclusive' ORDER BY seq DESC LIMIT 10)
     ORDER BY seq DESC`,
    [repository.installationId, repository.repositoryId, head.sha, head.tree],
  )
  return rows.map(fromRow)
}

/** The runs whose result was recorded after a second that is past: nobody knew of them in it. */
export async function runsRecordedAfter(
  db: Queryable,
  { installationId }: Pick<Repository, 'installationId'>,
  second: Date,
): Promise<string[]> {
  // Parsed here: Postgres reads nothing of json that holds \u0000, which the summary of a run may.
  const rows = await db.query<{ body: string }>(
    `SELECT body FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind = 'regression' AND at >= $2`,
    [installationId, new Date(second.getTime() + 1_000)],
  )
  return rows.map(({ body }) => String(JSON.parse(body).run))
}

/**
 * The exact text of a report by its hash, or by the beginning of it.
 * @throws where the text is not what its hash says.
 */
export async function reportByHash(db: Queryable, hash: string): Promise<string | undefined> {
  const [row] = await db.query<{ report: string; report_hash: string }>(
    `SELECT report, report_hash FROM release_gate.evidence WHERE starts_with(report_hash, $1) ORDER BY seq DESC LIMIT 1`,
    [hash],
  )
  if (row && hashOfReport(row.report) !== row.report_hash)
    throw new Error(`The stored report ${row.report_hash} does not match its hash: it was changed.`)
  return row?.report
}

/** The last second in which a baseline may have been recorded, and the runs whose own lists are left out. */
export type BaselineBefore = { second: Date; except: string[] }

/** The list of tools of the last release, or of the last one before. */
export async function latestBaseline(
  db: Queryable,
  { installationId, repositoryId }: Repository,
  server: string,
  before?: BaselineBefore,
): Promise<StoredBaseline | undefined> {
  const end = before && new Date(before.second.getTime() + 1_000)
  const [row] = await db.query<{ id: number; head_sha: string; recorded: string }>(
    `SELECT id, head_sha, recorded FROM release_gate.baselines
     WHERE installation_id = $1 AND repository_id = $2 AND server = $3
       AND ($4::timestamptz IS NULL OR recorded_at < $4) AND run_id <> ALL($5::text[])
     ORDER BY id DESC LIMIT 1`,
    [installationId, repositoryId, server, end ?? null, before?.except ?? []],
  )
  return row && { id: Number(row.id), headSha: row.head_sha, recorded: row.recorded }
}

/** Makes the list that a run has read the baseline of the next release; once for each run. True: it is new. */
export async function recordBaseline(
  db: Queryable,
  repository: Repository,
  { runId, server, headSha, recorded }: StoredEvidence,
  now: Date,
): Promise<boolean> {
  if (recorded === null) return false
  const rows = await db.query(
    `INSERT INTO release_gate.baselines (installation_id, repository_id, server, head_sha, run_id, recorded, recorded_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run_id) DO NOTHING RETURNING 1`,
    [repository.installationId, repository.repositoryId, server, headSha, runId, recorded, now],
  )
  return rows.length > 0
}

type Row = {
  run_id: string
  head_sha: string
  tree_sha: string | null
  server: string
  environment: string
  suite: string
  suite_text: string | null
  deployment_id: number | null
  server_name: string | null
  server_version: string | null
  verdict: Evidence['verdict']
  summary: string
  report: string
  report_hash: string
  recorded: string | null
  baseline_id: number | null
  requested_by: number | null
  started_at: Date
  settings: string | null
}

function fromRow(row: Row): StoredEvidence {
  return {
    runId: row.run_id,
    headSha: row.head_sha,
    tree: row.tree_sha,
    server: row.server,
    environment: row.environment,
    suite: row.suite,
    suiteText: row.suite_text,
    deploymentId: row.deployment_id,
    serverName: row.server_name,
    serverVersion: row.server_version,
    verdict: row.verdict,
    summary: row.summary,
    report: row.report,
    hash: row.report_hash,
    recorded: row.recorded,
    baselineId: row.baseline_id,
    requestedBy: row.requested_by,
    startedAt: row.started_at.toISOString(),
    settings: row.settings,
  }
}
