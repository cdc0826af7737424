import canonicalize from 'canonicalize'
import type { Anchor } from '../../decision/anchor.ts'
import { checkpointOf, GENESIS, type Head, hashOf, readStored, type StoredRecord } from '../audit.ts'
import type { Queryable } from '../database.ts'

export type Verified =
  /** `since`: where chains begin whose oldest records are not there. */
  | { ok: true; records: number; heads: Anchor[]; since: Anchor[] }
  /** The first bad row: its chain and its place, and a sentence that tells what is wrong with it. */
  | Broken

type Broken = { ok: false; installationId: number; seq: number; why: string }

/**
 * Reads one chain, or all, and computes each hash again.
 *
 * The chain alone cannot show that its tail was cut or that all of it was rewritten; `anchors` can, the heads that were
 * written down outside once a day. A chain whose oldest records were removed is read from its checkpoint on.
 */
export async function verifyChain(
  db: Queryable,
  installationId?: number,
  options: { anchors?: Anchor[] } = {},
): Promise<Verified> {
  const anchors = options.anchors ?? []
  const ids = installationId === undefined ? await chainIds(db, anchors) : [installationId]
  const chains = new Map<number, Chain>()
  for (const id of ids) {
    const chain = chainFrom((await checkpointOf(db, id)) ?? { seq: 0, hash: GENESIS }, anchorsOf(anchors, id))
    chains.set(id, chain)
    const forged = beginningFault(chain)
    if (forged) return { ok: false, installationId: id, seq: chain.from.seq, why: forged }
    for await (const record of readStored(db, id)) {
      const bad = follow(chain, record)
      if (bad) return { ok: false, installationId: id, ...bad }
    }
    const cut = endFault(chain)
    if (cut) return { ok: false, installationId: id, ...cut }
  }
  return summaryOf(chains)
}

/** Reads each chain, those after a broken one as well: one result for each. */
export async function verifyEachChain(db: Queryable, anchors: Anchor[] = []): Promise<Verified[]> {
  const results: Verified[] = []
  for (const id of await chainIds(db, anchors)) results.push(await verifyChain(db, id, { anchors }))
  return results
}

/**
 * Verifies exported records alone, without a database. They may be a part of a chain; only anchors then show what is missing
 * before and after.
 */
export async function verifyRecords(
  records: AsyncIterable<StoredRecord>,
  anchors: Anchor[] = [],
): Promise<Verified> {
  const chains = new Map<number, Chain>()
  for await (const record of records) {
    const { installationId } = record
    const begun = chains.get(installationId)
    const chain = begun ?? chainFrom(beforeFirst(record), anchorsOf(anchors, installationId))
    chains.set(installationId, chain)
    const forged = begun ? undefined : beginningFault(chain)
    const bad = forged ? { seq: chain.from.seq, why: forged } : follow(chain, record)
    if (bad) return { ok: false, installationId, ...bad }
  }
  for (const installationId of new Set([
    ...chains.keys(),
    ...anchors.map((anchor) => anchor.installationId),
  ])) {
    const chain =
      chains.get(installationId) ?? chainFrom({ seq: 0, hash: GENESIS }, anchorsOf(anchors, installationId))
    const cut = endFault(chain)
    if (cut) return { ok: false, installationId, ...cut }
  }
  return summaryOf(chains)
}

/** A chain as far as it was read. */
type Chain = { from: Head; head: Head; anchored: Anchored }

/** The hashes that were anchored, by the numbers of their records: more than one where a chain was rewritten. */
type Anchored = Map<number, string[]>

type Fault = { seq: number; why: string }

function chainFrom(from: Head, anchored: Anchored): Chain {
  return { from, head: from, anchored }
}

/** The first record of all follows nothing, whatever it says itself. */
function beforeFirst({ seq, previousHash }: StoredRecord): Head {
  return seq === 1 ? { seq: 0, hash: GENESIS } : { seq: seq - 1, hash: previousHash }
}

function anchorsOf(anchors: Anchor[], installationId: number): Anchored {
  const own = anchors.filter((anchor) => anchor.installationId === installationId)
  const bySeq = Map.groupBy(own, ({ seq }) => seq)
  return new Map([...bySeq].map(([seq, same]) => [seq, same.map(({ hash }) => hash)]))
}

function follow(chain: Chain, record: StoredRecord): Fault | undefined {
  const { head } = chain
  const why = faultOf(record, head) ?? anchorFault(record, chain.anchored)
  // A gap is named by the first row that is missing.
  if (why) return { seq: Math.min(record.seq, head.seq + 1), why }
  chain.head = { seq: record.seq, hash: record.hash }
  return undefined
}

function faultOf(record: StoredRecord, head: Head): string | undefined {
  if (record.seq !== head.seq + 1)
    return `Record ${head.seq + 1} is missing: ${record.seq} follows ${head.seq}.`
  if (record.previousHash !== head.hash) return 'Its previous hash is not the hash of the record before it.'
  if (!isCanonical(record.text)) return 'Its body is not canonical JSON.'
  if (hashOf(record) !== record.hash) return 'Its content does not match its hash.'
  return undefined
}

function anchorFault(record: Head, anchored: Anchored): string | undefined {
  const hashes = new Set(anchored.get(record.seq) ?? [record.hash])
  if (hashes.size > 1) return 'It was anchored with different hashes: the chain was rewritten in between.'
  if (hashes.has(record.hash)) return undefined
  return rewritten
}

export const rewritten = 'Its hash is not the one that was anchored: the chain was rewritten.'

export function tailCut(end: number, anchored: number): string {
  return `The chain ends at ${end}, but record ${anchored} was anchored: the tail was cut.`
}

/** Records are removed only up to one that was anchored. */
function beginningFault({ from, anchored }: Chain): string | undefined {
  const { seq } = from
  if (seq === 0 || anchored.size === 0) return undefined
  if (!anchored.has(seq))
    return `The chain begins after record ${seq}, which was never anchored: its oldest records were cut off.`
  return anchorFault(from, anchored)
}

function endFault({ head, anchored }: Chain): Fault | undefined {
  const cut = Math.min(...[...anchored.keys()].filter((seq) => seq > head.seq))
  if (cut === Number.POSITIVE_INFINITY) return undefined
  return {
    seq: head.seq + 1,
    why: tailCut(head.seq, cut),
  }
}

function summaryOf(chains: Map<number, Chain>): Verified {
  const all = [...chains].map(([installationId, { from, head }]) => ({ installationId, from, head }))
  return {
    ok: true,
    records: all.reduce((sum, { from, head }) => sum + head.seq - from.seq, 0),
    heads: all.flatMap(({ installationId, head }) => (head.seq > 0 ? [{ installationId, ...head }] : [])),
    since: all.flatMap(({ installationId, from }) => (from.seq > 0 ? [{ installationId, ...from }] : [])),
  }
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
