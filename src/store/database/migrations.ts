import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import manifest from '../../../package.json' with { type: 'json' }
import { packageFile } from '../../settings/package-files.ts'
import type { Database, Queryable, Transaction } from '../database.ts'
import { grantToBot } from './grants.ts'
import { currentName, isGone } from './released.ts'

type Migration = { name: string; sql: string; hash: string }

/** A migration as this database has it; `version` is that of release-gate which applied it, null where it did not say. */
type Applied = { name: string; hash: string; version: string | null }

type Migratable = Queryable & Pick<Database, 'transaction'>

const FOLDER = packageFile('migrations/')
const OWN = manifest.version

/**
 * Applies the SQL files that this database has not seen, in the order of their names, all in one transaction and under
 * an advisory lock, so that several processes may start at once. There is no way back: an older version that runs beside
 * this one during a rolling restart must find what it knows, so a migration only adds.
 *
 * @throws when a newer version has been here, when an applied file is not one that was ever released, and when this role
 * may not change tables while there is something to apply.
 */
export async function migrate(database: Migratable, folder: URL = FOLDER): Promise<void> {
  const files = await readMigrations(folder)
  const applied = await appliedIn(database)
  // A role that owns nothing may start as well, as long as there is nothing to do.
  if (applied && pendingOf(applied, files).length === 0) return
  try {
    await database.transaction((tx) => applyPending(tx, files), { limits: 'none' })
  } catch (error) {
    if (!isForbidden(error)) throw error
    throw new Error(
      `${behind(applied, files)} The role of DATABASE_URL may not change the tables (${messageOf(error)}). Run \`release-gate migrate\` as their owner, then start again.`,
      { cause: error },
    )
  }
}

/**
 * Makes the schema of an earlier version, from which a backup comes.
 * @throws when that version was a newer one.
 */
export async function migrateTo(
  database: Migratable,
  { version, migrations }: { version: string; migrations: string[] },
): Promise<void> {
  const files = (await readMigrations(FOLDER)).filter(({ name }) => migrations.includes(name))
  const unknown = migrations.filter((name) => !files.some((file) => file.name === name) && !isGone(name))
  if (unknown.length > 0)
    throw new Error(
      `The backup was written by release-gate ${version}, and this version (${OWN}) does not know its migration ${unknown[0]}. Install ${version} or newer.`,
    )
  await database.transaction((tx) => applyPending(tx, files), { limits: 'none' })
}

/**
 * For commands that read a database as it is and change nothing.
 * @throws with what to do, when an older or a newer version wrote it; and when release-gate never did.
 */
export async function requireMigrated(database: Queryable, folder: URL = FOLDER): Promise<void> {
  const files = await readMigrations(folder)
  const applied = await requireData(database)
  if (pendingOf(applied, files).length === 0) return
  throw new Error(
    `${behind(applied, files)} Run \`release-gate migrate\` first, or start this version of the bot once.`,
  )
}

/** What was applied to a database that release-gate has written. @throws where it never did. */
export async function requireData(database: Queryable): Promise<Applied[]> {
  const applied = await appliedIn(database)
  if (applied) return applied
  throw new Error(
    'This database contains no release-gate data. Set DATABASE_URL or DATA_DIR to the one of the bot.',
  )
}

async function applyPending(tx: Transaction, files: Migration[]): Promise<void> {
  await tx.script(`
    SELECT pg_advisory_xact_lock(hashtextextended('release-gate migrations', 0));
    CREATE SCHEMA IF NOT EXISTS release_gate;
    CREATE TABLE IF NOT EXISTS release_gate.migrations (
      name text PRIMARY KEY,
      hash text NOT NULL,
      applied_at timestamp(3) with time zone NOT NULL DEFAULT now()
    );
    ALTER TABLE release_gate.migrations ADD COLUMN IF NOT EXISTS version text;
    ALTER TABLE release_gate.migrations ENABLE ROW LEVEL SECURITY;
  `)
  // Read again: another process may have been here before the lock was ours.
  for (const file of pendingOf((await appliedIn(tx)) ?? [], files)) await apply(tx, file)
  if (await hasBotRole(tx)) await grantToBot(tx)
}

/** A backup of an earlier version is restored into the schema of then, which may not know the role yet. */
async function hasBotRole(tx: Transaction): Promise<boolean> {
  const rows = await tx.query(`SELECT 1 FROM release_gate.migrations WHERE name = '0013_roles.sql'`)
  return rows.length > 0
}

async function apply(tx: Transaction, file: Migration): Promise<void> {
  try {
    await tx.script(file.sql)
  } catch (error) {
    throw new Error(`The migration ${file.name} failed, and nothing was changed: ${messageOf(error)}`, {
      cause: error,
    })
  }
  await tx.query('INSERT INTO release_gate.migrations (name, hash, version) VALUES ($1, $2, $3)', [
    file.name,
    file.hash,
    OWN,
  ])
}

/** Undefined: there is no table of them, so this is a new database. The column `version` came later than the table. */
async function appliedIn(database: Queryable): Promise<Applied[] | undefined> {
  const [table] = await database.query<{ there: boolean }>(
    `SELECT to_regclass('release_gate.migrations') IS NOT NULL AS there`,
  )
  if (!table?.there) return undefined
  return database.query<Applied>(
    `SELECT name, hash, to_jsonb(m)->>'version' AS version FROM release_gate.migrations m ORDER BY name`,
  )
}

/** @throws when the database holds what no file of this version stands for. */
function pendingOf(applied: Applied[], files: Migration[]): Migration[] {
  const hashes = new Map(files.map((file) => [file.name, file.hash]))
  const seen = new Set(applied.map((row) => presentFile(row, hashes)))
  return files.filter(({ name }) => !seen.has(name))
}

function presentFile({ name, hash, version }: Applied, hashes: Map<string, string>): string {
  if (hashes.get(name) === hash) return name
  const present = currentName(name, hash)
  if (present !== undefined) return present
  if (hashes.has(name))
    throw new Error(
      `This database was made with a ${name} that no released version of release-gate has (SHA-256 ${hash.slice(0, 12)}…); nothing was changed. Run the version that made it, or restore a backup: \`release-gate restore FILE\`.`,
    )
  const [by, needed] = version ? [version, `${version} or newer`] : ['a newer version', 'that version']
  throw new Error(
    `This database was upgraded by release-gate ${by}: it has the migration ${name}, which this version (${OWN}) does not know. Install ${needed}.`,
  )
}

function behind(applied: Applied[] | undefined, files: Migration[]): string {
  if (!applied) return 'This database contains no release-gate data yet.'
  const pending = pendingOf(applied, files)
  const version = applied.findLast((row) => row.version)?.version
  const missing =
    pending.length === 1
      ? `the migration ${pending[0]?.name}`
      : `${pending.length} migrations, from ${pending[0]?.name} on`
  return `This database was last used by ${version ? `release-gate ${version}` : 'an older version of release-gate'}, and this version (${OWN}) needs ${missing}.`
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause && cause.code === '42501'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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
