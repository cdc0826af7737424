import canonicalize from 'canonicalize'
import { GENESIS, type Head, hashOf, readStored, type StoredRecord } from '../audit.ts'
import type { Queryable } from '../database.ts'

/** A head that was kept outside of the database, which an owner who drops triggers cannot change. */
export type Anchor = Head & { installationId: number }

export type Verified =
  | { ok: true; records: number; heads: Anchor[] }
  /** The first bad row: its chain and its place, and a sentence that tells what is wrong with it. */
  | { ok: false; installationId: number; seq: number; why: string }

/**
 * Reads one chain, or all, and computes each hash anew (rules/ingest.md, "Records").
 *
 * The chain alone cannot show that its tail was cut; `anchors` can, the heads that were published outside once a day.
 */
export async function verifyChain(
  db: Queryable,
  installationId?: number,
  options: { anchors?: Anchor[] } = {},
): Promise<Verified> {
  const anchors = options.anchors ?? []
  const chains = installationId === undefined ? await chainIds(db, anchors) : [installationId]
  let records = 0
  const heads: Anchor[] = []
  for (const chain of chains) {
    const own = anchors.filter((anchor) => anchor.installationId === chain)
    const result = await verifyOne(db, chain, own)
    if ('why' in result) return { ok: false, installationId: chain, ...result }
    records += result.seq
    if (result.seq > 0) heads.push({ installationId: chain, ...result })
  }
  return { ok: true, records, heads }
}

type Bad = { seq: number; why: string }

async function verifyOne(db: Queryable, chain: number, anchors: Anchor[]): Promise<Head | Bad> {
  const anchored = new Map(anchors.map((anchor) => [anchor.seq, anchor.hash]))
  let head: Head = { seq: 0, hash: GENESIS }
  for await (const record of readStored(db, chain)) {
    const why = faultOf(record, head) ?? anchorFault(record, anchored)
    // A gap is named by the first row that is missing.
    if (why) return { seq: Math.min(record.seq, head.seq + 1), why }
    head = { seq: record.seq, hash: record.hash }
  }
  const cut = Math.min(...[...anchored.keys()].filter((seq) => seq > head.seq))
  if (cut !== Number.POSITIVE_INFINITY) {
    return {
      seq: head.seq + 1,
      why: `The chain ends at ${head.seq}, but record ${cut} was anchored: the tail was cut.`,
    }
  }
  return head
}

function faultOf(record: StoredRecord, head: Head): string | undefined {
  if (record.seq !== head.seq + 1)
    return `Record ${head.seq + 1} is missing: ${record.seq} follows ${head.seq}.`
  if (record.previousHash !== head.hash) return 'Its previous hash is not the hash of the record before it.'
  if (!isCanonical(record.text)) return 'Its body is not canonical JSON any more.'
  if (hashOf(record) !== record.hash) return 'Its content does not match its hash.'
  return undefined
}

function anchorFault(record: StoredRecord, anchored: Map<number, string>): string | undefined {
  const hash = anchored.get(record.seq)
  if (hash === undefined || hash === record.hash) return undefined
  return 'Its hash is not the one that was anchored: the chain was written anew.'
}

function isCanonical(text: string): boolean {
  try {
    return canonicalize(JSON.parse(text)) === text
  } catch {
    return false
  }
}

/** All chains: those with records, and those that an anchor says should have some. */
export async function chainIds(db: Queryable, anchors: Anchor[] = []): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    'SELECT DISTINCT installation_id AS id FROM release_gate.audit_records',
  )
  const ids = new Set([...rows.map((row) => row.id), ...anchors.map((anchor) => anchor.installationId)])
  return [...ids].sort((a, b) => a - b)
}
