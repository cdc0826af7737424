import type { Anchor } from '../../decision/anchor.ts'
import { checkpointOf } from '../audit.ts'
import type { Queryable } from '../database.ts'
import { rewritten, tailCut } from './verify.ts'

/** An anchor, and the issue that it was written down in. */
export type KeptAnchor = Anchor & { at: Date; owner: string; repo: string; issue: number }

/** The newest record of each chain that has grown since it was last anchored, and the last anchor. */
export async function headsToAnchor(
  db: Queryable,
): Promise<{ head: Anchor; last: KeptAnchor | undefined }[]> {
  const heads = await db.query<Anchor>(
    `SELECT DISTINCT ON (installation_id) installation_id AS "installationId", seq, hash
     FROM release_gate.audit_records ORDER BY installation_id, seq DESC`,
  )
  const kept = new Map((await newestAnchors(db)).map((anchor) => [anchor.installationId, anchor]))
  return heads
    .map((head) => ({ head, last: kept.get(head.installationId) }))
    .filter(({ head, last }) => head.seq > (last?.seq ?? 0))
}

function newestAnchors(db: Queryable): Promise<KeptAnchor[]> {
  return db.query<KeptAnchor>(
    `SELECT DISTINCT ON (installation_id) installation_id AS "installationId", seq, hash, anchored_at AS at, owner, repo, issue
     FROM release_gate.anchors ORDER BY installation_id, seq DESC`,
  )
}

export function keptAnchors(db: Queryable): Promise<Anchor[]> {
  return db.query<Anchor>(
    'SELECT installation_id AS "installationId", seq, hash FROM release_gate.anchors ORDER BY installation_id, seq',
  )
}

/** What was written down in one issue. */
export function anchorsIn(
  db: Queryable,
  { installationId, owner, repo, issue }: Pick<KeptAnchor, 'installationId' | 'owner' | 'repo' | 'issue'>,
): Promise<Anchor[]> {
  return db.query<Anchor>(
    `SELECT installation_id AS "installationId", seq, hash FROM release_gate.anchors
     WHERE installation_id = $1 AND owner = $2 AND repo = $3 AND issue = $4 ORDER BY seq`,
    [installationId, owner, repo, issue],
  )
}

export async function saveAnchor(db: Queryable, anchor: KeptAnchor): Promise<void> {
  const { installationId, seq, hash, at, owner, repo, issue } = anchor
  await db.query(
    `INSERT INTO release_gate.anchors (installation_id, seq, hash, anchored_at, owner, repo, issue)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [installationId, seq, hash, at, owner, repo, issue],
  )
}

/** The first anchor that a chain with this head does not have. Those from before its first record are left out. */
export async function firstMissing(
  db: Queryable,
  head: Anchor,
  anchors: Anchor[],
): Promise<{ seq: number; why: string } | undefined> {
  const { installationId } = head
  const { seq: begin } = (await checkpointOf(db, installationId)) ?? { seq: 0 }
  const rows = await db.query<{ seq: number; hash: string }>(
    'SELECT seq, hash FROM release_gate.audit_records WHERE installation_id = $1 AND seq = ANY ($2::integer[])',
    [installationId, anchors.map(({ seq }) => seq)],
  )
  const kept = new Map(rows.map(({ seq, hash }) => [seq, hash]))
  const missing = anchors
    .filter(({ seq, hash }) => seq > begin && kept.get(seq) !== hash)
    .toSorted((a, b) => a.seq - b.seq)[0]
  return (
    missing && { seq: missing.seq, why: missing.seq > head.seq ? tailCut(head.seq, missing.seq) : rewritten }
  )
}
