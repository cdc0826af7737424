import type { Queryable } from './database.ts'

type Head = { installationId: number; repositoryId: number; sha: string }

/** The check run "Staging regression" that stands on a commit. `id` is null while it is not known whether GitHub has taken it. */
export type RegressionCheck = {
  externalId: string
  id: number | null
  url: string | null
  completed: boolean
  /** The run whose report it shows. */
  runId: string | null
}

export async function regressionCheck(db: Queryable, head: Head): Promise<RegressionCheck | undefined> {
  const [row] = await db.query<{
    external_id: string
    check_run_id: number | null
    url: string | null
    completed: boolean
    run_id: string | null
  }>(
    `SELECT external_id, check_run_id, url, completed, run_id FROM release_gate.regression_checks
     WHERE installation_id = $1 AND repository_id = $2 AND head_sha = $3`,
    [head.installationId, head.repositoryId, head.sha],
  )
  if (!row) return undefined
  const { external_id: externalId, check_run_id: id, url, completed, run_id: runId } = row
  return { externalId, id, url, completed, runId }
}

export async function saveRegressionCheck(db: Queryable, head: Head, check: RegressionCheck): Promise<void> {
  await db.query(
    `INSERT INTO release_gate.regression_checks
       (installation_id, repository_id, head_sha, external_id, check_run_id, url, completed, run_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (installation_id, repository_id, head_sha) DO UPDATE SET external_id = excluded.external_id,
       check_run_id = excluded.check_run_id, url = excluded.url, completed = excluded.completed, run_id = excluded.run_id`,
    [
      head.installationId,
      head.repositoryId,
      head.sha,
      check.externalId,
      check.id,
      check.url,
      check.completed,
      check.runId,
    ],
  )
}
