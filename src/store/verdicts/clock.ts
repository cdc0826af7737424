import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'
import { type PullColumns, pullOf } from './rows.ts'

const columns = 'v.installation_id, v.repository_id, v.owner, v.repo, v.number'

/** The pull requests whose check is green, or may be. */
export async function greenPulls(db: Queryable): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `SELECT ${columns} FROM release_gate.verdicts v
     LEFT JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha)
     WHERE v.counts AND (v.state = 'passed' OR c.outstanding)`,
  )
  return rows.map(pullOf)
}

/** Those whose facts were read while the clock was known to be wrong. */
export async function pullsReadByWrongClock(db: Queryable): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `SELECT ${columns} FROM release_gate.verdicts v WHERE v.counts AND v.snapshot->'clockAhead' IS NOT NULL`,
  )
  return rows.map(pullOf)
}
