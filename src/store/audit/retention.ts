import type { Anchor } from '../../decision/anchor.ts'
import type { Database } from '../database.ts'

/**
 * Removes the oldest records of each chain: all up to the newest one that was anchored before a time, which stays behind as
 * the checkpoint that `verifyChain` starts from. Only the owner of the table can; a bot that runs as a role that owns nothing leaves
 * it to `release-gate audit prune`.
 * @returns how many records were removed; undefined where this role may not.
 */
export async function pruneRecords(database: Database, before: Date): Promise<number | undefined> {
  const [table] = await database.query<{ owns: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'release_gate.audit_records'::regclass`,
  )
  if (!table?.owns) return undefined
  const checkpoints = await database.query<Anchor>(
    `SELECT DISTINCT ON (a.installation_id) a.installation_id AS "installationId", a.seq, a.hash
     FROM release_gate.anchors a JOIN release_gate.audit_records r USING (installation_id, seq, hash)
     WHERE a.anchored_at < $1 ORDER BY a.installation_id, a.seq DESC`,
    [before],
  )
  if (checkpoints.length === 0) return 0
  return database.transaction(async (tx) => {
    await tx.script('ALTER TABLE release_gate.audit_records DISABLE TRIGGER audit_records_append_only')
    let cut = 0
    for (const { installationId, seq, hash } of checkpoints) {
      await tx.query(
        `INSERT INTO release_gate.checkpoints (installation_id, seq, hash, cut_at) VALUES ($1, $2, $3, $4)`,
        [installationId, seq, hash, before],
      )
      const gone = await tx.query(
        `DELETE FROM release_gate.audit_records WHERE installation_id = $1 AND seq <= $2 RETURNING 1`,
        [installationId, seq],
      )
      cut += gone.length
    }
    await tx.script('ALTER TABLE release_gate.audit_records ENABLE TRIGGER audit_records_append_only')
    return cut
  })
}
