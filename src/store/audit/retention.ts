import type { Anchor } from '../../decision/anchor.ts'
import type { Database } from '../database.ts'

/** About so many records are removed at once: nothing can be appended meanwhile. */
const portion = 10_000

/**
 * Removes the oldest records of each chain: all up to the newest one that was anchored before a time, which stays behind as
 * the checkpoint that `verifyChain` starts from, and none that is from after that time, whatever its anchor says. Each portion ends at one that was anchored, so that the chain verifies also where the
 * next portion fails. Only the owner of the table can; a bot that runs as a role that owns nothing leaves it to
 * `release-gate audit prune`.
 * @param options `except`: the chains that keep all of theirs.
 * @returns how many records were removed; undefined where this role may not.
 */
export async function pruneRecords(
  database: Database,
  before: Date,
  { atOnce = portion, except = [] }: { atOnce?: number; except?: number[] } = {},
): Promise<number | undefined> {
  const [table] = await database.query<{ owns: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'release_gate.audit_records'::regclass`,
  )
  if (!table?.owns) return undefined
  const anchored = await database.query<Anchor & { first: number }>(
    `SELECT a.installation_id AS "installationId", a.seq, a.hash,
            (SELECT min(seq) FROM release_gate.audit_records f WHERE f.installation_id = a.installation_id) AS first
     FROM release_gate.anchors a JOIN release_gate.audit_records r USING (installation_id, seq, hash)
     WHERE a.anchored_at < $1 AND a.installation_id <> ALL ($2::bigint[]) AND a.seq < coalesce(
       (SELECT min(seq) FROM release_gate.audit_records n WHERE n.installation_id = a.installation_id AND n.at >= $1), 2147483647)
     ORDER BY a.installation_id, a.seq`,
    [before, except],
  )
  let cut = 0
  for (const end of endsOfPortions(anchored, atOnce)) cut += await removeUpTo(database, end, before)
  return cut
}

/** The last one of each portion; of those that fit into one together, the newest. */
function endsOfPortions(anchored: (Anchor & { first: number })[], atOnce: number): Anchor[] {
  const ends: Anchor[] = []
  for (const chain of Map.groupBy(anchored, ({ installationId }) => installationId).values()) {
    let from = chain[0]?.first ?? 0
    for (const [place, anchor] of chain.entries()) {
      const next = chain[place + 1]
      if (next && next.seq - from < atOnce) continue
      ends.push(anchor)
      from = anchor.seq + 1
    }
  }
  return ends
}

function removeUpTo(
  database: Database,
  { installationId, seq, hash }: Anchor,
  before: Date,
): Promise<number> {
  return database.transaction(
    async (tx) => {
      await tx.script('ALTER TABLE release_gate.audit_records DISABLE TRIGGER audit_records_append_only')
      await tx.query(
        `INSERT INTO release_gate.checkpoints (installation_id, seq, hash, cut_at) VALUES ($1, $2, $3, $4)`,
        [installationId, seq, hash, before],
      )
      const gone = await tx.query(
        `DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq <= $2 RETURNING 1`,
        [installationId, seq],
      )
      await tx.script('ALTER TABLE release_gate.audit_records ENABLE TRIGGER audit_records_append_only')
      return gone.length
    },
    { limits: 'none' },
  )
}
