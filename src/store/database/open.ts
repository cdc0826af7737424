import type { Database, DatabaseOptions } from '../database.ts'
import { migrate, requireData } from './migrations.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'

/**
 * Opens the state, Postgres in either of its two forms, and brings its
 * schema up to date. `existing`: it must have one.
 *
 * @throws when another process holds the folder, when the server cannot be reached, and when an applied migration does
 * not match its file.
 */
export async function openDatabase({
  existing = false,
  ...options
}: DatabaseOptions & { existing?: boolean }): Promise<Database> {
  const database = 'url' in options ? await openPostgres(options) : await openPglite(options)
  try {
    if (existing) await requireData(database)
    await migrate(database, options.migrations)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}
