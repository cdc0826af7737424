import type { Database, DatabaseOptions } from '../database.ts'
import { migrate } from './migrations.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'

/**
 * Opens the state, Postgres in either of its two forms, and brings its
 * schema up to date.
 *
 * @throws when another process holds the folder, when the server cannot be reached, and when an applied migration does
 * not match its file.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = 'url' in options ? await openPostgres(options) : await openPglite(options)
  try {
    await migrate(database, options.migrations)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}
