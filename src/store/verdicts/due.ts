import type { Policy } from '../../decision/policy.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'
import type { StoredVerdict } from '../verdicts.ts'
import { factsOf, type PullColumns, pullOf, type Row } from './rows.ts'

/** What the calendar evaluates again: the facts, and whether nothing has changed since they were read. */
export type DueVerdict = Omit<StoredVerdict, 'report' | 'policy' | 'prepareAt' | 'decidedAt'> & {
  policy: Policy
  upToDate: boolean
}

/**
 * The open pull requests whose verdict the calendar may have changed by a time: those that are due, and every one that
 * is green, since revoking many begins earlier than revoking few. The green ones come first. Equal policies are one
 * object, so that the calendar finds what it has worked out for them.
 */
export async function dueVerdicts(db: Queryable, at: Date): Promise<DueVerdict[]> {
  const rows = await db.query<Omit<Row, 'report' | 'policy'> & { policy: string; upToDate: boolean }>(
    `SELECT installation_id, repository_id, owner, repo, number, generation, head_sha, base_ref, counts, state, digest, snapshot,
            policy::text AS policy, source, next_at, generation > coalesce(heard, 0) AS "upToDate"
     FROM release_gate.verdicts WHERE counts AND policy IS NOT NULL AND (next_at <= $1 OR state = 'passed')
     ORDER BY state <> 'passed', repository_id, number`,
    [at],
  )
  const policies = new Map<string, Policy>()
  return rows.map(({ policy: text, upToDate, ...row }) => {
    const policy = policies.get(text) ?? (JSON.parse(text) as Policy)
    policies.set(text, policy)
    return { ...factsOf(row), policy, upToDate }
  })
}

/** The next time at which the calendar changes a verdict, or facts are to be read again. */
export async function nextTransition(db: Queryable, after: Date): Promise<Date | undefined> {
  const [row] = await db.query<{ at: Date | null }>(
    `SELECT least(
       (SELECT min(next_at) FROM release_gate.verdicts WHERE counts AND policy IS NOT NULL AND next_at > $1),
       (SELECT min(prepare_at) FROM release_gate.verdicts WHERE counts AND prepare_at > $1)
     ) AS at`,
    [after],
  )
  return row?.at ?? undefined
}

/** Takes the pull requests whose facts must be read again by now; each is returned once. */
export async function takeToPrepare(db: Queryable, at: Date): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `UPDATE release_gate.verdicts SET prepare_at = NULL WHERE counts AND prepare_at <= $1
     RETURNING installation_id, repository_id, owner, repo, number`,
    [at],
  )
  return rows.map(pullOf)
}

/**
 * Keeps what the calendar made of the same facts, unless a newer evaluation or another process has been there meanwhile:
 * facts that are read are always newer than facts that are evaluated again, and one change is recorded once.
 */
export async function saveReevaluated(
  db: Queryable,
  before: DueVerdict,
  verdict: Reevaluated & Times,
): Promise<boolean> {
  const { pull, generation, digest, nextAt } = before
  const rows = await db.query(
    `UPDATE release_gate.verdicts SET state = $6, digest = $7, report = $8, decided_at = $9, next_at = $10, prepare_at = $11,
       snapshot = $13
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND generation = $4 AND digest = $5
       AND next_at IS NOT DISTINCT FROM $12
     RETURNING 1`,
    [
      pull.installationId,
      pull.repositoryId,
      pull.number,
      generation,
      digest,
      verdict.state,
      verdict.digest,
      JSON.stringify(verdict.report),
      verdict.decidedAt,
      verdict.nextAt ?? null,
      verdict.prepareAt ?? null,
      nextAt ?? null,
      JSON.stringify(verdict.snapshot),
    ],
  )
  return rows.length > 0
}

/** `snapshot`: as it was read, but for the facts that the bot keeps itself. */
export type Reevaluated = Pick<StoredVerdict, 'state' | 'digest' | 'report' | 'decidedAt' | 'snapshot'>
export type Times = Pick<StoredVerdict, 'nextAt' | 'prepareAt'>

/** Keeps new times of verdicts that the calendar did not change, all at once. */
export async function saveTimes(db: Queryable, times: { before: DueVerdict; times: Times }[]): Promise<void> {
  if (times.length === 0) return
  const rows = times.map(({ before: { pull, generation, nextAt: was }, times: { nextAt, prepareAt } }) => ({
    installation_id: pull.installationId,
    repository_id: pull.repositoryId,
    number: pull.number,
    generation,
    was: was ?? null,
    next_at: nextAt ?? null,
    prepare_at: prepareAt ?? null,
  }))
  await db.query(
    `UPDATE release_gate.verdicts v SET next_at = t.next_at, prepare_at = t.prepare_at
     FROM json_to_recordset($1::json) AS t(installation_id bigint, repository_id bigint, number integer, generation bigint,
       was timestamptz, next_at timestamptz, prepare_at timestamptz)
     WHERE v.installation_id = t.installation_id AND v.repository_id = t.repository_id AND v.number = t.number
       AND v.generation = t.generation AND v.next_at IS NOT DISTINCT FROM t.was`,
    [JSON.stringify(rows)],
  )
}
