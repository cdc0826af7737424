import canonicalize from 'canonicalize'
import type { Anchor } from '../../decision/anchor.ts'
import { checkpointOf, GENESIS, type Head, hashOf, readStored, type StoredRecord } from '../audit.ts'
import type { Queryable } from '../database.ts'

export type Verified =
  /** `since`: where chains begin whose oldest records were let go. */
  | { ok: true; records: number; heads: Anchor[]; since: Anchor[] }
  /** The first bad row: its chain and its place, and a sentence that tells what is wrong with it. */
  | { ok: false; installationId: number; seq: number; why: string }

/**
 * Reads one chain, or all, and computes each hash anew (rules/ingest.md, "Records").
 *
 * The chain alone cannot show that its tail was cut or that all of it was written anew; `anchors` can, the heads that were
 * written down outside once a day. A chain whose oldest records were let go is read from its checkpoint on.
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
  const since: Anchor[] = []
  for (const chain of chains) {
    const own = anchors.filter((anchor) => anchor.installationId === chain)
    const result = await verifyOne(db, chain, own)
    if ('why' in result) return { ok: false, installationId: chain, ...result }
    const { from, to } = result
    records += to.seq - from.seq
    if (to.seq > 0) heads.push({ installationId: chain, ...to })
    if (from.seq > 0) since.push({ installationId: chain, ...from })
  }
  return { ok: true, records, heads, since }
}

type Bad = { seq: number; why: string }

async function verifyOne(
  db: Queryable,
  chain: number,
  anchors: Anchor[],
): Promise<{ from: Head; to: Head } | Bad> {
  const anchored = new Map(anchors.map((anchor) => [anchor.seq, anchor.hash]))
  const from = (await checkpointOf(db, chain)) ?? { seq: 0, hash: GENESIS }
  const forged = anchorFault(from, anchored) ?? checkpointFault(from, anchored)
  if (forged) return { seq: from.seq, why: forged }
  let head = from
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
  return { from, to: head }
}

function faultOf(record: StoredRecord, head: Head): string | undefined {
  if (record.seq !== head.seq + 1)
    return `Record ${head.seq + 1} is missing: ${record.seq} follows ${head.seq}.`
  if (record.previousHash !== head.hash) return 'Its previous hash is not the hash of the record before it.'
  if (!isCanonical(record.text)) return 'Its body is not canonical JSON any more.'
  if (hashOf(record) !== record.hash) return 'Its content does not match its hash.'
  return undefined
}

function anchorFault(record: Head, anchored: Map<number, string>): string | undefined {
  const hash = anchored.get(record.seq)
  if (hash === undefined || hash === record.hash) return undefined
  return 'Its hash is not the one that was anchored: the chain was written anew.'
}

/** Records are let go only up to one that was anchored. */
function checkpointFault({ seq }: Head, anchored: Map<number, string>): string | undefined {
  if (seq === 0 || anchored.size === 0 || anchored.has(seq)) return undefined
  return `The chain begins after record ${seq}, which was never anchored: its oldest records were cut off.`
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
    `SELECT installation_id AS id FROM release_gate.audit_records
     UNION SELECT installation_id FROM release_gate.checkpoints`,
  )
  const ids = new Set([...rows.map((row) => row.id), ...anchors.map((anchor) => anchor.installationId)])
  return [...ids].sort((a, b) => a - b)
}
