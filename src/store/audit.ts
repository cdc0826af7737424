import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { type Database, inTransaction, type Queryable, type Transaction } from './database.ts'

/** What is to be kept: `body` is plain JSON, and `at` counts to the millisecond. */
export type NewRecord = { installationId: number; kind: string; at: Date; body: object }

export type AuditRecord = NewRecord & { seq: number; previousHash: string; hash: string }

/** A place in a chain, for example one that was anchored outside of the database. */
export type Head = { seq: number; hash: string }

/** The previous hash of the first record of each chain. */
export const GENESIS = '0'.repeat(64)

/**
 * Appends a record to the chain of its installation and gives its place.
 *
 * Within an open transaction it commits or rolls back with it; the chain stays locked until then, so keep that short.
 *
 * @throws when `body` is not JSON (a function, a cycle, NaN).
 */
export async function appendRecord(db: Database | Transaction, record: NewRecord): Promise<Head> {
  const body = canonicalText(record.body)
  return inTransaction(db, async (tx) => {
    const [, [last]] = await Promise.all([
      tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('release-gate audit ' || $1::text, 0))`, [
        String(record.installationId),
      ]),
      tx.query<Head>(
        `SELECT seq, hash FROM release_gate.audit_records WHERE installation_id = $1 ORDER BY seq DESC LIMIT 1`,
        [record.installationId],
      ),
    ])
    const { seq: before, hash: previousHash } = last ??
      (await checkpointOf(tx, record.installationId)) ?? { seq: 0, hash: GENESIS }
    const seq = before + 1
    const hash = hashOf({ ...record, seq, previousHash, text: body })
    // As the role that can only insert and read, and within this transaction.
    await Promise.all([
      tx.query('SET LOCAL ROLE release_gate_writer'),
      tx.query(
        `INSERT INTO release_gate.audit_records (installation_id, seq, kind, at, body, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [record.installationId, seq, record.kind, record.at, body, previousHash, hash],
      ),
      tx.query('SET LOCAL ROLE NONE'),
    ])
    return { seq, hash }
  })
}

/** Where a chain begins since its oldest records were let go; undefined where it still has its first one. */
export async function checkpointOf(db: Queryable, installationId: number): Promise<Head | undefined> {
  const [row] = await db.query<Head>(
    `SELECT seq, hash FROM release_gate.checkpoints WHERE installation_id = $1 ORDER BY seq DESC LIMIT 1`,
    [installationId],
  )
  return row
}

/** A record as it lies in the table: the body as its exact text. */
export type StoredRecord = Omit<AuditRecord, 'body'> & { text: string }

/** SHA-256, in hex, over the previous hash, a line end, and the canonical JSON (RFC 8785) of the record. */
export function hashOf(record: Omit<StoredRecord, 'hash'>): string {
  const content = canonicalText({
    at: record.at.toISOString(),
    body: JSON.parse(record.text),
    installationId: record.installationId,
    kind: record.kind,
    seq: record.seq,
  })
  return createHash('sha256').update(`${record.previousHash}\n${content}`).digest('hex')
}

/** Records of [from, to) where these are given, after the number `after` and up to `through`, of some kinds or of all. */
export type RecordRange = { after?: number; through?: number; from?: Date; to?: Date; kinds?: string[] }

/**
 * The part of a chain that holds every record of [from, to), without a gap, so that its hashes can be computed again. A record may
 * carry an earlier time than the one before it: a merge has its own.
 */
export async function partOfChain(
  db: Queryable,
  installationId: number,
  { from, to }: Pick<RecordRange, 'from' | 'to'>,
): Promise<Required<Pick<RecordRange, 'after' | 'through'>> | undefined> {
  const [part] = await db.query<{ first: number | null; last: number | null }>(
    `SELECT min(seq) AS first, max(seq) AS last FROM release_gate.audit_records
     WHERE installation_id = $1 AND at >= $2 AND at < $3`,
    [installationId, from ?? '-infinity', to ?? 'infinity'],
  )
  return part?.first == null || part.last == null ? undefined : { after: part.first - 1, through: part.last }
}

/** Reads a chain in its order, a page at a time. */
export async function* readStored(
  db: Queryable,
  installationId: number,
  options: RecordRange = {},
): AsyncGenerator<StoredRecord> {
  const PAGE = 500
  for (let after = options.after ?? 0; ; ) {
    const rows = await db.query<StoredRecord>(
      `SELECT installation_id AS "installationId", seq, kind, at, body AS text, previous_hash AS "previousHash", hash
       FROM release_gate.audit_records
       WHERE installation_id = $1 AND seq > $2 AND at >= $3 AND at < $4
         AND ($5::text[] IS NULL OR kind = ANY ($5::text[])) AND ($6::bigint IS NULL OR seq <= $6)
       ORDER BY seq LIMIT ${PAGE}`,
      [
        installationId,
        after,
        options.from ?? '-infinity',
        options.to ?? 'infinity',
        options.kinds ?? null,
        options.through ?? null,
      ],
    )
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    after = last.seq
  }
}

/** The records of an installation in their order. */
export async function* readRecords(
  db: Queryable,
  installationId: number,
  options: RecordRange = {},
): AsyncGenerator<AuditRecord> {
  for await (const { text, ...record } of readStored(db, installationId, options)) {
    yield { ...record, body: JSON.parse(text) }
  }
}

/** Canonical JSON has no halves of surrogate pairs. What is to be recorded must not go unrecorded because of what somebody wrote. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each)]),
  )
}

function canonicalText(value: object): string {
  const text = canonicalize(wellFormed(value))
  if (text === undefined) throw new Error('An audit record must be plain JSON.')
  return text
}
