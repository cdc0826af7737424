import type { Queryable } from '../database.ts'

/** A run of the regression, without its report. `releasedAt`: when its list of tools became the baseline, at the merge of its head. */
export type ReleaseRun = {
  runId: string
  repositoryId: number
  server: string
  headSha: string
  verdict: 'passed' | 'failed' | 'inconclusive'
  summary: string
  startedAt: Date
  releasedAt: Date | undefined
}

/** A server of a repository that runs were made on. */
export type TestedServer = { repositoryId: number; server: string; runs: number; latest: Date }

export function testedServers(db: Queryable, repositoryIds: number[]): Promise<TestedServer[]> {
  return db.query<TestedServer>(
    `SELECT repository_id AS "repositoryId", server, count(*)::int AS runs, max(started_at) AS latest FROM release_gate.evidence
     WHERE repository_id = ANY ($1::bigint[]) GROUP BY repository_id, server ORDER BY max(started_at) DESC`,
    [repositoryIds],
  )
}

/** The runs of the newest releases of a server, oldest first, and after them the newest run, where it belongs to no release yet. */
export async function releaseRuns(
  db: Queryable,
  { installationId, repositoryId }: { installationId: number; repositoryId: number },
  { server, limit }: { server: string; limit: number },
): Promise<ReleaseRun[]> {
  const rows = await db.query<Omit<ReleaseRun, 'releasedAt'> & { releasedAt: Date | null }>(
    `SELECT * FROM (
       (SELECT ${columns}, b.recorded_at AS "releasedAt", b.id AS ordinal FROM release_gate.baselines b
        JOIN release_gate.evidence e USING (run_id)
        WHERE b.installation_id = $1 AND b.repository_id = $2 AND b.server = $3 ORDER BY b.id DESC LIMIT $4)
       UNION ALL
       (SELECT ${columns}, NULL, 9223372036854775807 FROM release_gate.evidence e
        WHERE e.installation_id = $1 AND e.repository_id = $2 AND e.server = $3
          AND e.seq = (SELECT max(seq) FROM release_gate.evidence
                       WHERE installation_id = $1 AND repository_id = $2 AND server = $3)
          AND NOT EXISTS (SELECT 1 FROM release_gate.baselines b WHERE b.run_id = e.run_id))
     ) AS runs ORDER BY ordinal`,
    [installationId, repositoryId, server, limit],
  )
  return rows.map(({ releasedAt, ...run }) => ({ ...run, releasedAt: releasedAt ?? undefined }))
}

const columns = `e.run_id AS "runId", e.repository_id AS "repositoryId", e.server, e.head_sha AS "headSha", e.verdict, e.summary,
  e.started_at AS "startedAt"`

/** The exact texts of some reports, by their runs. */
export async function reportsOf(db: Queryable, runIds: string[]): Promise<Map<string, string>> {
  if (runIds.length === 0) return new Map()
  const rows = await db.query<{ runId: string; report: string }>(
    `SELECT run_id AS "runId", report FROM release_gate.evidence WHERE run_id = ANY ($1::text[])`,
    [runIds],
  )
  return new Map(rows.map(({ runId, report }) => [runId, report]))
}
