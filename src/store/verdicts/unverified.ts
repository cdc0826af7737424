import type { FindingState } from '../../decision/gate.ts'
import type { CheckReport } from '../../decision/report.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'
import { type PullColumns, pullOf } from './rows.ts'

/**
 * Where a stored verdict stands. `open`: it counts for the check of its head. `changedFor`: for how many milliseconds there
 * has been a change that it does not know.
 */
export type Verification = {
  generation: number
  headSha: string
  state: FindingState
  open: boolean
  changedFor: number | undefined
}

export async function verificationOf(db: Queryable, pull: PullRef): Promise<Verification | undefined> {
  const [row] = await db.query<Omit<Verification, 'changedFor'> & { changedFor: number | null }>(
    `SELECT generation, head_sha AS "headSha", state, counts AS "open",
            (extract(epoch FROM clock_timestamp() - changed_at) * 1000)::float8 AS "changedFor" FROM release_gate.verdicts
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return row && { ...row, changedFor: row.changedFor ?? undefined }
}

/**
 * Keeps that a verdict could not be verified, in place of what it said, until the next evaluation that succeeds.
 * @returns false where one has succeeded meanwhile, or where this was kept before.
 */
export async function saveUnverified(
  db: Queryable,
  pull: PullRef,
  { generation, report, digest, at }: { generation: number; report: CheckReport; digest: string; at: Date },
): Promise<boolean> {
  const rows = await db.query(
    `UPDATE release_gate.verdicts SET state = 'failed', report = $5, digest = $6, decided_at = $7, next_at = NULL, prepare_at = NULL,
       seen = NULL
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND generation = $4 AND counts AND digest <> $6
     RETURNING 1`,
    [pull.installationId, pull.repositoryId, pull.number, generation, JSON.stringify(report), digest, at],
  )
  return rows.length > 0
}

/** Pull requests that are green, changed so many milliseconds ago or longer, and were not evaluated since. */
export async function overdueGreens(db: Queryable, milliseconds: number): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `SELECT v.installation_id, v.repository_id, v.owner, v.repo, v.number FROM release_gate.verdicts v
     WHERE v.counts AND v.state = 'passed' AND v.changed_at <= clock_timestamp() - make_interval(secs => $1 / 1000.0)`,
    [milliseconds],
  )
  return rows.map(pullOf)
}
