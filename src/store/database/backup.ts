import packageFile from '../../../package.json' with { type: 'json' }
import type { Database, Transaction } from '../database.ts'

/**
 * A backup is NDJSON: a head, then for each table a line with its columns followed by one line for each row, then the sequences, and an
 * end, without which it is not whole. Values are what Postgres writes as text, so they come back exactly, on either database: a
 * backup of the embedded one can be restored into a server. `pg_dump` would tie it to one of them, and to its version.
 */
export type BackupHead = { backup: 'release-gate'; version: string; at: string; migrations: string[] }
export type BackupTable = { table: string; columns: string[] }
export type BackupSequence = { sequence: string; value: number }
export type BackupEnd = { end: true; rows: number }
export type BackupRow = (string | null)[]

/** pg-boss's table of jobs: what is not done, and the dead letters. The rest of its schema is created again automatically. */
export const JOBS = 'release_gate_jobs.job'
const unfinished = `state IN ('created', 'retry', 'active') OR name = 'dead-letters'`

/** A restored backup must not bring back the sessions of people who have signed out since. */
const notKept = ['release_gate.sessions', 'release_gate.sign_ins']

/** Writes everything that is stored, as of one moment. On the embedded database all else waits meanwhile. */
export async function writeBackup(
  database: Database,
  at: Date,
  out: (line: string) => Promise<void>,
): Promise<void> {
  const print = (part: BackupHead | BackupTable | BackupSequence | BackupEnd | BackupRow) =>
    out(`${JSON.stringify(part)}\n`)
  await database.transaction(
    async (tx) => {
      await tx.script('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const migrations = await tx.query<{ name: string }>(
        'SELECT name FROM release_gate.migrations ORDER BY name',
      )
      const version = packageFile.version
      await print({
        backup: 'release-gate',
        version,
        at: at.toISOString(),
        migrations: migrations.map(({ name }) => name),
      })
      let rows = 0
      for (const table of await tablesOf(tx)) {
        const columns = await columnsOf(tx, table)
        await print({ table, columns: columns.map(({ name }) => name) })
        for await (const row of rowsOf(tx, table, columns)) {
          await print(row)
          rows += 1
        }
      }
      for (const sequence of await sequencesOf(tx)) await print(sequence)
      await print({ end: true, rows })
    },
    { limits: 'none' },
  )
}

/** Those that others refer to come first. */
async function tablesOf(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT 'release_gate.' || relname AS name FROM pg_class c
     WHERE relnamespace = 'release_gate'::regnamespace AND relkind = 'r' AND relname <> 'migrations'
     ORDER BY EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'), relname`,
  )
  const [jobs] = await tx.query<{ there: boolean }>(`SELECT to_regclass('${JOBS}') IS NOT NULL AS there`)
  return [...rows.map(({ name }) => name), ...(jobs?.there ? [JOBS] : [])]
}

export type Column = { name: string; type: string }

export function columnsOf(tx: Transaction, table: string): Promise<Column[]> {
  return tx.query<Column>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [table],
  )
}

async function* rowsOf(tx: Transaction, table: string, columns: Column[]): AsyncGenerator<BackupRow> {
  const values = columns.map(({ name, type }) =>
    type === 'bytea' ? `encode("${name}", 'base64')` : `"${name}"::text`,
  )
  const which = table === JOBS ? ` WHERE ${unfinished}` : notKept.includes(table) ? ' WHERE false' : ''
  await tx.script(
    `DECLARE backup_rows NO SCROLL CURSOR FOR SELECT ARRAY[${values.join(', ')}] AS row FROM ${table}${which}`,
  )
  for (;;) {
    const page = await tx.query<{ row: BackupRow }>('FETCH 200 FROM backup_rows')
    if (page.length === 0) break
    for (const { row } of page) yield row
  }
  await tx.script('CLOSE backup_rows')
}

function sequencesOf(tx: Transaction): Promise<BackupSequence[]> {
  return tx.query<BackupSequence>(
    `SELECT 'release_gate.' || sequencename AS sequence, last_value AS value FROM pg_sequences
     WHERE schemaname = 'release_gate' AND last_value IS NOT NULL ORDER BY 1`,
  )
}
