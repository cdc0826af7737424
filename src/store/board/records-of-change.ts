import { type AuditRecord, hashOf, type StoredRecord } from '../audit.ts'
import type { Queryable } from '../database.ts'
import type { KnownRepository } from './open-pulls.ts'

/** A change on a page: a pull request that was evaluated or merged. */
export type KnownChange = KnownRepository & { number: number }

/**
 * The pull request that an address names. A name may have belonged to another repository before, so there may be several: the one
 * that was evaluated last comes first.
 */
export function changesNamed(
  db: Queryable,
  { owner, repo, number }: { owner: string; repo: string; number: number },
): Promise<KnownChange[]> {
  return db.query<KnownChange>(
    `SELECT installation_id AS "installationId", repository_id AS "repositoryId", min(owner) AS owner, min(repo) AS repo, number
     FROM (
       SELECT installation_id, repository_id, owner, repo, number, decided_at AS at FROM release_gate.verdicts
       UNION ALL SELECT installation_id, repository_id, owner, repo, number, landed_at FROM release_gate.landings
     ) AS known
     WHERE lower(owner) = lower($1) AND lower(repo) = lower($2) AND number = $3
     GROUP BY installation_id, repository_id, number ORDER BY max(at) DESC`,
    [owner, repo, number],
  )
}

/** A record with the exact text of its body, which its hash covers. */
export type KeptRecord = AuditRecord & Pick<StoredRecord, 'text'>

/** Whether the content of a record is what its hash covers. */
export function isIntact(record: KeptRecord): boolean {
  return hashOf(record) === record.hash
}

const columns = `installation_id AS "installationId", seq, kind, at, body AS text, previous_hash AS "previousHash", hash`

/** The same expression as in migrations/0025_change_records.sql and 0027_exemption_records.sql, whose indexes find the records of one number. */
const numberIn = `substring(body FROM '"pull":\\{"installationId":[0-9]+,"number":([0-9]+),')`

/**
 * The newest records of a pull request before one of them: its verdicts, its regressions, and the times at which it could not be
 * verified. What was merged and what follows from that is in `recordsAfterMerge`.
 */
export async function recordsOfChange(
  db: Queryable,
  { installationId, repositoryId, number }: KnownChange,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<KeptRecord[]> {
  const rows = await db.query<StoredRecord>(
    `SELECT ${columns} FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind IN ('decided', 'regression', 'unverified') AND ${numberIn} = $2
       AND body LIKE '%"repositoryId":' || $3::text || '%' AND seq < $4
     ORDER BY seq DESC LIMIT $5`,
    [installationId, String(number), String(repositoryId), before ?? 2 ** 31 - 1, limit],
  )
  return rows.map(parsed).filter(({ body }) => isAbout(body, repositoryId, number))
}

/** Who ordered, confirmed and revoked exemptions of a pull request from freezes, newest first. */
export async function exemptionRecords(
  db: Queryable,
  { installationId, repositoryId, number }: KnownChange,
): Promise<KeptRecord[]> {
  const rows = await db.query<StoredRecord>(
    `SELECT ${columns} FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind IN ('exemption ordered', 'exemption confirmed', 'exemption revoked')
       AND ${numberIn} = $2 AND body LIKE '%"repositoryId":' || $3::text || '%' ORDER BY seq DESC LIMIT 200`,
    [installationId, String(number), String(repositoryId)],
  )
  return rows.map(parsed).filter(({ body }) => isAbout(body, repositoryId, number))
}

/** What commands in its comments did to the labels of a pull request, newest first. */
export async function commandRecords(
  db: Queryable,
  { installationId, repositoryId, number }: KnownChange,
): Promise<KeptRecord[]> {
  const rows = await db.query<StoredRecord>(
    `SELECT ${columns} FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind = 'comment command'
       AND ${numberIn} = $2 AND body LIKE '%"repositoryId":' || $3::text || '%' ORDER BY seq DESC LIMIT 200`,
    [installationId, String(number), String(repositoryId)],
  )
  return rows.map(parsed).filter(({ body }) => isAbout(body, repositoryId, number))
}

/** The checks that were written on some heads, newest first. */
export async function publishedOn(
  db: Queryable,
  { installationId, repositoryId }: KnownChange,
  heads: string[],
): Promise<KeptRecord[]> {
  const rows = await db.query<StoredRecord>(
    `SELECT ${columns} FROM release_gate.audit_records
     WHERE installation_id = $1 AND kind = 'published' AND substring(body FROM '"head":"([0-9a-f]+)"') = ANY ($2::text[])
     ORDER BY seq DESC LIMIT 200`,
    [installationId, heads],
  )
  return rows.map(parsed).filter(({ body }) => repositoryIn(body) === repositoryId)
}

/** The record of a merge, the one of its exception, and what was recorded of it later. */
export async function recordsAfterMerge(db: Queryable, change: KnownChange): Promise<KeptRecord[]> {
  const { installationId, repositoryId, number } = change
  const [landing] = await db.query<{ seq: number }>(
    `SELECT record_seq AS seq FROM release_gate.landings WHERE installation_id = $1 AND repository_id = $2 AND key = $3`,
    [installationId, repositoryId, `#${number}`],
  )
  if (!landing) return []
  const rows = await db.query<StoredRecord>(
    `SELECT ${columns} FROM release_gate.audit_records WHERE installation_id = $1
       AND (seq = $2 OR (seq > $2 AND kind IN ('exception', 'announced', 'reviewed', 'watched')
         AND body LIKE '%"seq":' || $2::text || '}%')) ORDER BY seq DESC LIMIT 200`,
    [installationId, landing.seq],
  )
  const about = ({ seq, body }: AuditRecord) => seq === landing.seq || changeIn(body) === landing.seq
  return rows.map(parsed).filter((record) => about(record) && repositoryIn(record.body) === repositoryId)
}

/** One record of a change: another one, of another repository perhaps, is not found under its address. */
export async function recordOfChange(
  db: Queryable,
  change: KnownChange,
  seq: number,
): Promise<KeptRecord | undefined> {
  const [own] = await recordsOfChange(db, change, { before: seq + 1, limit: 1 })
  if (own?.seq === seq) return own
  return (await recordsAfterMerge(db, change)).find((record) => record.seq === seq)
}

function parsed(record: StoredRecord): KeptRecord {
  return { ...record, body: JSON.parse(record.text) }
}

type Body = {
  pull?: { repositoryId?: number; number?: number }
  repository?: { id?: number }
  change?: { seq?: number }
  group?: { repository?: { repositoryId?: number } }
}

function isAbout(body: object, repositoryId: number, number: number): boolean {
  const { pull } = body as Body
  return pull?.repositoryId === repositoryId && pull.number === number
}

function changeIn(body: object): number | undefined {
  return (body as Body).change?.seq
}

/** The repository that a record is about; undefined for one that is about none, or that does not say so by an id. */
export function repositoryIn(body: object): number | undefined {
  const { pull, repository, group } = body as Body
  return pull?.repositoryId ?? repository?.id ?? group?.repository?.repositoryId
}
