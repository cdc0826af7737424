import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Database } from '../store/database.ts'
import { noDatabaseIn, requirePostgresUrl } from './database-request.ts'

/** `migrate`: upgrades the database as its owner, for a bot whose own role may not. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .addHelpText(
      'after',
      `
Upgrades MIGRATION_DATABASE_URL, DATABASE_URL or the folder DATA_DIR. The bot
does this itself if its role owns the tables. Then the role release_gate_bot
has what a bot needs and owns nothing; see "Database roles" in
docs/operations.md.
Exit codes: 0 up to date, 2 not upgraded, and nothing has changed.`,
    )
    .action(async () => {
      const { place, database } = await openAsOwner()
      try {
        await installJobs(database)
        const [last] = await database.query<{ name: string }>(
          'SELECT name FROM release_gate.migrations ORDER BY name DESC LIMIT 1',
        )
        process.stdout.write(`Up to date: ${last?.name} (${place})\n`)
      } finally {
        await database.close()
      }
    })
}

/** An existing database, opened as the owner of the tables, and upgraded. A wrong location must not be mistaken for an empty one. */
export async function ownersDatabase(): Promise<Database> {
  const { database } = await openAsOwner({ existing: true })
  return database
}

/** `place`: which database it is, as the environment names it. */
async function openAsOwner({ existing = false } = {}): Promise<{ database: Database; place: string }> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { MIGRATION_DATABASE_URL, DATABASE_URL, DATA_DIR: dataDir = './data' } = process.env
  const { openDatabase } = await import('../store/database/open.ts')
  const url = MIGRATION_DATABASE_URL || DATABASE_URL
  const isNew = !url && !existsSync(join(dataDir, 'postgres'))
  if (existing && isNew) throw new Error(noDatabaseIn(dataDir))
  const name = MIGRATION_DATABASE_URL ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL'
  if (url) requirePostgresUrl(name, url)
  const database = await openDatabase({ ...(url ? { url } : { dataDir }), existing })
  return { database, place: url ? name : `${isNew ? 'new database in ' : ''}${dataDir}` }
}

/** Makes the tables of the jobs, or brings them up to date. */
export async function installJobs(database: Database): Promise<void> {
  const { openQueue } = await import('../store/queue.ts')
  const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined }
  await (await openQueue({ database, log: quiet })).stop()
}
