import type { FindingState } from '../decision/gate.ts'
import type { Policy } from '../decision/policy.ts'
import type { CheckReport } from '../decision/report.ts'
import { mayWrite } from '../decision/say.ts'
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
  policy: Policy | undefined
  /** Where the policy came from, and the sentence about it in the check. */
  source: PolicySource
  decidedAt: Date
  /** When the calendar changes the verdict. */
  nextAt: Date | undefined
  /** When the facts are to be read again, so that they are fresh at `nextAt`. */
  prepareAt: Date | undefined
}

export type PolicySource = { where: string; blob: string; valid: boolean; note: string }

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
        snapshot, policy, source, decided_at, next_at, prepare_at, writer)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
     ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET
       generation = excluded.generation, owner = excluded.owner, repo = excluded.repo, head_sha = excluded.head_sha,
       base_ref = excluded.base_ref, counts = excluded.counts, state = excluded.state, digest = excluded.digest,
       report = excluded.report, snapshot = excluded.snapshot, policy = excluded.policy, source = excluded.source,
       decided_at = excluded.decided_at, next_at = excluded.next_at, prepare_at = excluded.prepare_at,
       writer = excluded.writer
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
      mayWrite(verdict),
    ],
  )
  return rows.length > 0
}

/**
 * Keeps what the calendar made of the same facts, unless a newer evaluation or another process has been there meanwhile:
 * facts that are read are always newer than facts that are judged again, and one change is recorded once.
 */
export async function saveRejudged(
  db: Queryable,
  before: DueVerdict,
  verdict: Rejudged & Times,
): Promise<boolean> {
  const { pull, generation, digest, nextAt } = before
  const rows = await db.query(
    `UPDATE release_gate.verdicts SET state = $6, digest = $7, report = $8, decided_at = $9, next_at = $10, prepare_at = $11
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
    ],
  )
  return rows.length > 0
}

export type Rejudged = Pick<StoredVerdict, 'state' | 'digest' | 'report' | 'decidedAt'>
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

/**
 * Something was heard of a pull request: what an evaluation that began before has read is not fresh any more.
 * @returns the state of its latest verdict; undefined where it has none.
 */
export async function touch(db: Queryable, pull: PullRef): Promise<FindingState | undefined> {
  const [row] = await db.query<{ state: FindingState }>(
    `UPDATE release_gate.verdicts SET heard = nextval('release_gate.generation')
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 RETURNING state`,
    [pull.installationId, pull.repositoryId, pull.number],
  )
  return row?.state
}

/** What the calendar judges again: the facts, and whether nothing was heard of the pull request since they were read. */
export type DueVerdict = Omit<StoredVerdict, 'report' | 'policy' | 'prepareAt' | 'decidedAt'> & {
  policy: Policy
  unheard: boolean
}

/**
 * The open pull requests whose verdict the calendar may have changed by a time: those that are due, and every one that
 * is green, since taking many back begins earlier than taking back few. The green ones come first. Equal policies are one
 * object, so that the calendar finds what it has worked out for them.
 */
export async function dueVerdicts(db: Queryable, at: Date): Promise<DueVerdict[]> {
  const rows = await db.query<Omit<Row, 'report' | 'policy'> & { policy: string; unheard: boolean }>(
    `SELECT installation_id, repository_id, owner, repo, number, generation, head_sha, base_ref, counts, state, digest, snapshot,
            policy::text AS policy, source, next_at, generation > coalesce(heard, 0) AS unheard
     FROM release_gate.verdicts WHERE counts AND policy IS NOT NULL AND (next_at <= $1 OR state = 'passed')
     ORDER BY state <> 'passed', repository_id, number`,
    [at],
  )
  const policies = new Map<string, Policy>()
  return rows.map(({ policy: text, unheard, ...row }) => {
    const policy = policies.get(text) ?? (JSON.parse(text) as Policy)
    policies.set(text, policy)
    return { ...factsOf(row), policy, unheard }
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

/** Takes out the pull requests whose facts are to be read again by now; each is given once. */
export async function takeToPrepare(db: Queryable, at: Date): Promise<PullRef[]> {
  const rows = await db.query<PullColumns>(
    `UPDATE release_gate.verdicts SET prepare_at = NULL WHERE counts AND prepare_at <= $1
     RETURNING installation_id, repository_id, owner, repo, number`,
    [at],
  )
  return rows.map(pullOf)
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

/**
 * Whether an open pull request was judged by another policy file than this one: of the repository that holds the file,
 * or, for one that others fall back to (`own` is then the path of their own), of any repository of the installation.
 */
export async function isAnyJudgedByAnother(
  db: Queryable,
  repository: { installationId: number; repositoryId: number },
  { blob, own }: { blob: string | undefined; own?: string },
): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM release_gate.verdicts WHERE installation_id = $1 AND counts AND source->>'blob' IS DISTINCT FROM $3
       AND (repository_id = $2 OR source->>'where' <> $4) LIMIT 1`,
    [repository.installationId, repository.repositoryId, blob ?? null, own ?? null],
  )
  return rows.length > 0
}

/** Every open pull request that a policy judges: of one repository, or of all. */
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

type PullColumns = {
  installation_id: number
  repository_id: number
  owner: string
  repo: string
  number: number
}

type Row = PullColumns & {
  generation: number
  head_sha: string
  base_ref: string
  counts: boolean
  state: FindingState
  digest: string
  report: CheckReport
  snapshot: Snapshot
  policy: Policy | null
  source: PolicySource
  decided_at: Date
  next_at: Date | null
  prepare_at: Date | null
}

function pullOf(row: PullColumns): PullRef {
  return {
    installationId: row.installation_id,
    repositoryId: row.repository_id,
    owner: row.owner,
    repo: row.repo,
    number: row.number,
  }
}

function factsOf(row: Omit<Row, 'report' | 'policy'>) {
  return {
    pull: pullOf(row),
    generation: row.generation,
    headSha: row.head_sha,
    baseRef: row.base_ref,
    counts: row.counts,
    state: row.state,
    digest: row.digest,
    snapshot: row.snapshot,
    source: row.source,
    nextAt: row.next_at ?? undefined,
  }
}

function fromRow(row: Row): StoredVerdict {
  return {
    ...factsOf(row),
    report: row.report,
    policy: row.policy ?? undefined,
    decidedAt: row.decided_at,
    prepareAt: row.prepare_at ?? undefined,
  }
}
