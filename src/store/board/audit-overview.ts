import type { AuditRecord } from '../audit.ts'
import type { Queryable } from '../database.ts'

/** How far a chain reaches, and where it was written down outside of this database. */
export type ChainHead = { installationId: number; seq: number; at: Date }

/** The newest record of each chain. */
export function chainHeads(db: Queryable, installationIds: number[]): Promise<ChainHead[]> {
  return db.query<ChainHead>(
    `SELECT DISTINCT ON (installation_id) installation_id AS "installationId", seq, at FROM release_gate.audit_records
     WHERE installation_id = ANY ($1::bigint[]) ORDER BY installation_id, seq DESC`,
    [installationIds],
  )
}

export type ShownAnchor = {
  installationId: number
  seq: number
  hash: string
  at: Date
  owner: string
  repo: string
  issue: number
}

/** The newest anchors of some chains, newest first. */
export function newestAnchors(
  db: Queryable,
  installationIds: number[],
  limit: number,
): Promise<ShownAnchor[]> {
  return db.query<ShownAnchor>(
    `SELECT installation_id AS "installationId", seq, hash, anchored_at AS at, owner, repo, issue FROM release_gate.anchors
     WHERE installation_id = ANY ($1::bigint[]) ORDER BY anchored_at DESC, seq DESC LIMIT $2`,
    [installationIds, limit],
  )
}

/** The merges of one month, by UTC, and how many of them were urgent or exceptions. Pushes without a pull request are exceptions alone. */
export type MonthOfMerges = { month: string; merged: number; urgent: number; exceptions: number }

export function mergesByMonth(db: Queryable, repositoryIds: number[], since: Date): Promise<MonthOfMerges[]> {
  return db.query<MonthOfMerges>(
    `SELECT to_char(landed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(number)::int AS merged,
       (count(*) FILTER (WHERE urgent AND number IS NOT NULL))::int AS urgent, (count(*) FILTER (WHERE exception))::int AS exceptions
     FROM release_gate.landings WHERE repository_id = ANY ($1::bigint[]) AND landed_at >= $2 GROUP BY 1 ORDER BY 1`,
    [repositoryIds, since],
  )
}

/** A change that reached a covered branch past the gate, or whose review is deferred. `number` is missing for a push. */
export type ShownLanding = {
  installationId: number
  repositoryId: number
  owner: string
  repo: string
  number: number | null
  landedAt: Date
  recordSeq: number
  urgent: boolean
  exception: boolean
  dueAt: Date | null
  issueNumber: number | null
  issueUrl: string | null
}

const shown = `installation_id AS "installationId", repository_id AS "repositoryId", owner, repo, number, landed_at AS "landedAt",
  record_seq AS "recordSeq", urgent, exception, due_at AS "dueAt", issue_number AS "issueNumber", issue_url AS "issueUrl"`

/** The first of a list, and how many more there are. */
export type Shortened<One> = { first: One[]; more: number }

type Counted = ShownLanding & { total: number }

function shortened(rows: Counted[]): Shortened<ShownLanding> {
  const first = rows.map(({ total: _, ...landing }) => landing)
  return { first, more: (rows[0]?.total ?? 0) - first.length }
}

/** The newest exceptions. */
export async function exceptions(
  db: Queryable,
  repositoryIds: number[],
  limit: number,
): Promise<Shortened<ShownLanding>> {
  const rows = await db.query<Counted>(
    `SELECT ${shown}, count(*) OVER ()::int AS total FROM release_gate.landings WHERE repository_id = ANY ($1::bigint[]) AND exception
     ORDER BY landed_at DESC LIMIT $2`,
    [repositoryIds, limit],
  )
  return shortened(rows)
}

/** The deferred reviews that are not done, the one due first at the front. */
export async function deferredReviews(
  db: Queryable,
  repositoryIds: number[],
  limit: number,
): Promise<Shortened<ShownLanding>> {
  const rows = await db.query<Counted>(
    `SELECT ${shown}, count(*) OVER ()::int AS total FROM release_gate.landings WHERE repository_id = ANY ($1::bigint[]) AND review IS NOT NULL
       AND issue_closed_at IS NULL ORDER BY due_at NULLS LAST, landed_at LIMIT $2`,
    [repositoryIds, limit],
  )
  return shortened(rows)
}

/** Some records of one chain, by their numbers. */
export async function recordsBySeq(
  db: Queryable,
  installationId: number,
  seqs: number[],
): Promise<Pick<AuditRecord, 'seq' | 'kind' | 'body'>[]> {
  const rows = await db.query<{ seq: number; kind: string; text: string }>(
    `SELECT seq, kind, body AS text FROM release_gate.audit_records WHERE installation_id = $1 AND seq = ANY ($2::integer[])`,
    [installationId, seqs],
  )
  return rows.map(({ text, ...record }) => ({ ...record, body: JSON.parse(text) }))
}
