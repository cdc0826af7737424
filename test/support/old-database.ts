import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Database, Transaction } from '../../src/store/database.ts'

const FIXTURES = new URL('../fixtures/upgrades/', import.meta.url)
const MIGRATIONS = new URL('../../migrations/', import.meta.url)

/** A database as an earlier commit left it: every value as Postgres writes it as text. */
export type OldDatabase = {
  commit: string
  tables: Record<string, { columns: string[]; rows: (string | null)[][] }>
  sequences: Record<string, number>
}

/** The commits of which a database is kept, the oldest first. */
export const oldCommits = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.json.gz'))
  .map((name) => name.replace('.json.gz', ''))
  .sort()

export function readOld(name: string): OldDatabase {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, FIXTURES))).toString('utf8'))
}

/** Makes the schema by the very files that the earlier commit had, and puts its rows in. */
export async function buildOld(database: Database, old: OldDatabase): Promise<void> {
  const files = sqlByHash()
  await database.transaction(async (tx) => {
    await tx.script(`
      DROP SCHEMA IF EXISTS release_gate CASCADE;
      CREATE SCHEMA release_gate;
      CREATE TABLE release_gate.migrations (
        name text PRIMARY KEY,
        hash text NOT NULL,
        applied_at timestamp(3) with time zone NOT NULL DEFAULT now()
      );
      ALTER TABLE release_gate.migrations ENABLE ROW LEVEL SECURITY;`)
    const applied = old.tables.migrations?.rows ?? []
    for (const [name, hash] of applied.toSorted()) {
      const sql = files.get(hash ?? '')
      if (sql === undefined) throw new Error(`no file is kept for ${name} with the hash ${hash}`)
      await tx.script(sql)
    }
    // A baseline refers to its evidence.
    const tables = Object.entries(old.tables).sort(
      ([a], [b]) => Number(a === 'baselines') - Number(b === 'baselines'),
    )
    for (const [table, { columns, rows }] of tables) await fill(tx, table, columns, rows)
    await tx.query(`SELECT setval('release_gate.generation', $1)`, [old.sequences.generation])
    // Identity columns go on after the newest row, as they did there.
    const identities = await tx.query<{ name: string; at: string }>(
      `SELECT attrelid::regclass::text AS name, attname AS at FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
       WHERE relnamespace = 'release_gate'::regnamespace AND attidentity <> ''`,
    )
    for (const { name, at } of identities)
      await tx.query(`SELECT setval(pg_get_serial_sequence($1, $2), max(${at})) FROM ${name}`, [name, at])
  })
}

async function fill(tx: Transaction, table: string, columns: string[], rows: (string | null)[][]) {
  await tx.script(`ALTER TABLE release_gate.${table} DISABLE TRIGGER USER`)
  const names = columns.map((name) => `"${name}"`).join(', ')
  const types = await tx.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = ('release_gate.' || $1)::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  )
  const values = columns.map(
    (name, n) => `$${n + 1}::text::${types.find((type) => type.name === name)?.type}`,
  )
  for (const row of rows)
    await tx.query(
      `INSERT INTO release_gate.${table} (${names}) OVERRIDING SYSTEM VALUE VALUES (${values.join(', ')})`,
      row,
    )
  await tx.script(`ALTER TABLE release_gate.${table} ENABLE TRIGGER USER`)
}

function sqlByHash(): Map<string, string> {
  const files = [new URL('migrations/', FIXTURES), MIGRATIONS].flatMap((folder) =>
    readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8').replaceAll('\r\n', '\n')),
  )
  return new Map(files.map((sql) => [createHash('sha256').update(sql).digest('hex'), sql]))
}

/** All that makes up our schema, in an order that does not depend on when a column was added. */
export async function schemaOf(database: Database): Promise<string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT line FROM (
      SELECT format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                    a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) AS line
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'release_gate'::regnamespace AND c.relkind IN ('r', 'v')
      UNION ALL SELECT format('relation %s %s %s %s %s', relname, relkind, relrowsecurity, reloptions, relacl)
        FROM pg_class WHERE relnamespace = 'release_gate'::regnamespace AND relkind IN ('r', 'v', 'S')
      UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'release_gate'::regnamespace AND contype <> 'n'
      UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'release_gate'
      UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE c.relnamespace = 'release_gate'::regnamespace AND NOT tgisinternal
      UNION ALL SELECT format('function %s %s %s', proname, prosecdef, prosrc)
        FROM pg_proc WHERE pronamespace = 'release_gate'::regnamespace
      UNION ALL SELECT format('policy %s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
        FROM pg_policies WHERE schemaname = 'release_gate'
    ) AS all_of_it ORDER BY line`)
  return rows.map(({ line }) => line)
}
