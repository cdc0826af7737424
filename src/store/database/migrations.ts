import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Database, Transaction } from '../database.ts'

type Migration = { name: string; sql: string; hash: string }

const FOLDER = new URL('../../../migrations/', import.meta.url)

/**
 * Applies the SQL files that this database has not seen, in the order of their names, all in one transaction and under
 * an advisory lock, so that several processes may start at once.
 *
 * @throws when an applied file was changed since or is gone: what the database holds can then not be known.
 */
export async function migrate(database: Database, folder: URL = FOLDER): Promise<void> {
  const files = await readMigrations(folder)
  await database.transaction(async (tx) => {
    await tx.script(`
      SET LOCAL statement_timeout = 0;
      SELECT pg_advisory_xact_lock(hashtextextended('release-gate migrations', 0));
      CREATE SCHEMA IF NOT EXISTS release_gate;
      CREATE TABLE IF NOT EXISTS release_gate.migrations (
        name text PRIMARY KEY,
        hash text NOT NULL,
        applied_at timestamp(3) with time zone NOT NULL DEFAULT now()
      );
      ALTER TABLE release_gate.migrations ENABLE ROW LEVEL SECURITY;
    `)
    const applied = await tx.query<{ name: string; hash: string }>(
      'SELECT name, hash FROM release_gate.migrations ORDER BY name',
    )
    refuseChanged(applied, files)
    const seen = new Set(applied.map((row) => row.name))
    for (const file of files) if (!seen.has(file.name)) await apply(tx, file)
  })
}

async function apply(tx: Transaction, file: Migration): Promise<void> {
  try {
    await tx.script(file.sql)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`The migration ${file.name} failed, and nothing was changed: ${why}`, { cause: error })
  }
  await tx.query('INSERT INTO release_gate.migrations (name, hash) VALUES ($1, $2)', [file.name, file.hash])
}

function refuseChanged(applied: { name: string; hash: string }[], files: Migration[]): void {
  const hashes = new Map(files.map((file) => [file.name, file.hash]))
  for (const { name, hash } of applied) {
    const now = hashes.get(name)
    if (now === undefined) {
      throw new Error(
        `This database has the migration ${name}, which this version does not know: it was written by a newer version. Start that one.`,
      )
    }
    if (now !== hash) {
      throw new Error(
        `The migration ${name} was changed after it had been applied here. Put the file back as it was, and make the change in a new file.`,
      )
    }
  }
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      // A checkout on Windows may have changed the line ends, and the hash must not.
      const sql = (await readFile(new URL(name, folder), 'utf8')).replaceAll('\r\n', '\n')
      return { name, sql, hash: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}
