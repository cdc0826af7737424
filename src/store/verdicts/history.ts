import type { VerdictAtMerge } from '../../decision/merge-exception.ts'
import type { Policy } from '../../decision/policy.ts'
import type { CheckReport } from '../../decision/report.ts'
import type { PullRef, Snapshot } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'

/** A verdict that stood, and the policy file that it was evaluated by. */
export type KeptVerdict = VerdictAtMerge & { source: { where: string; blob: string } | undefined }

/**
 * The verdict that stood on an open pull request at a time that is known no better than to lie between two: the last one given
 * by the earlier time, or a passed one given between them, which may have let a merge through. One between them that had not
 * passed may have come after the merge, and a failed evaluation after a merge is not a failed check.
 *
 * The table is written by a trigger on `verdicts` (migrations/0015_history.sql), whichever way a verdict is changed.
 */
export async function standingAt(
  db: Queryable,
  pull: PullRef,
  { from, until }: { from: Date; until: Date },
): Promise<KeptVerdict | undefined> {
  const ofPull = 'installation_id = $1 AND repository_id = $2 AND number = $3'
  const [row] = await db.query<Row>(
    `SELECT * FROM (
       (SELECT * FROM release_gate.verdict_history WHERE ${ofPull} AND since <= $4
        ORDER BY since DESC, generation DESC, seq DESC LIMIT 1)
       UNION ALL
       (SELECT * FROM release_gate.verdict_history WHERE ${ofPull} AND since > $4 AND since <= $5)
     ) stood ORDER BY state = 'passed' DESC, since DESC, generation DESC, seq DESC LIMIT 1`,
    [pull.installationId, pull.repositoryId, pull.number, from, until],
  )
  if (!row) return undefined
  return {
    headSha: row.head_sha,
    state: row.state,
    since: row.since.toISOString(),
    title: row.report.title,
    snapshot: row.snapshot,
    policy: row.policy ?? undefined,
    source: row.source ?? undefined,
  }
}

/** Drops the history of a pull request whose merge has been recorded. */
export async function forgetHistory(db: Queryable, pull: PullRef): Promise<void> {
  await db.query(
    `DELETE FROM release_gate.verdict_history WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
}

type Row = {
  head_sha: string
  state: VerdictAtMerge['state']
  since: Date
  report: CheckReport
  snapshot: Snapshot
  policy: Policy | null
  source: { where: string; blob: string } | null
}
