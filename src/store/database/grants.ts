import type { Database, Queryable } from '../database.ts'

/** What is never changed nor deleted by the bot; records are appended as `release_gate_writer`. Every other table is read and written. */
const restricted: Record<string, string> = {
  audit_records: 'SELECT',
  checkpoints: 'SELECT',
  migrations: 'SELECT',
  anchors: 'SELECT, INSERT',
  evidence: 'SELECT, INSERT',
}

/** Lets the role that owns nothing do its work on our tables, those that this upgrade made among them. */
export async function grantToBot(db: Queryable): Promise<void> {
  const tables = await db.query<{ name: string; kind: string; open: boolean }>(
    `SELECT relname AS name, relkind::text AS kind,
       EXISTS (SELECT 1 FROM pg_policies WHERE schemaname = 'release_gate' AND tablename = relname AND policyname = 'bot') AS open
     FROM pg_class WHERE relnamespace = 'release_gate'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY relname`,
  )
  for (const { name, kind, open } of tables) {
    if (kind === 'S')
      await db.query(`GRANT USAGE, SELECT ON SEQUENCE release_gate.${name} TO release_gate_bot`)
    if (kind === 'v') await db.query(`GRANT SELECT ON release_gate.${name} TO release_gate_bot`)
    if (kind !== 'r') continue
    const rights = restricted[name] ?? 'SELECT, INSERT, UPDATE, DELETE'
    await db.query(`REVOKE ALL ON release_gate.${name} FROM release_gate_bot`)
    await db.query(`GRANT ${rights} ON release_gate.${name} TO release_gate_bot`)
    // Row level security is on everywhere, so that nobody else reads through an API that Supabase puts before the database.
    if (!open)
      await db.query(
        `CREATE POLICY bot ON release_gate.${name} TO release_gate_bot USING (true) WITH CHECK (true)`,
      )
  }
}

/** The same for pg-boss's tables, once they are there, and only where something is missing. Several processes may start at once. */
export async function grantJobsToBot(database: Database, schema: string): Promise<void> {
  const missing = await database.query(
    `SELECT 1 FROM pg_class c, pg_roles r WHERE rolname = 'release_gate_bot' AND relnamespace = $1::regnamespace
       AND relkind IN ('r', 'p') AND NOT has_table_privilege(rolname, c.oid, 'DELETE') LIMIT 1`,
    [schema],
  )
  if (missing.length === 0) return
  await database.transaction((tx) =>
    tx.script(`
      SELECT pg_advisory_xact_lock(hashtextextended('release-gate migrations', 0));
      GRANT USAGE ON SCHEMA ${schema} TO release_gate_bot;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO release_gate_bot;
      GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO release_gate_bot;
    `),
  )
}

/** Whether the role of this connection may change a schema that is there. */
export async function ownsSchema(db: Queryable, schema: string): Promise<boolean> {
  const [row] = await db.query<{ owns: boolean }>(
    `SELECT pg_has_role(nspowner, 'USAGE') AS owns FROM pg_namespace WHERE nspname = $1`,
    [schema],
  )
  return row?.owns ?? true
}
