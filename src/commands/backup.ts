import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { Command } from 'commander'
import type { Database } from '../store/database.ts'
import {
  type DatabaseOptions,
  requirePostgresUrl,
  runDatabaseRequest,
  withDatabaseOptions,
} from './database-request.ts'
import { readParts, requireFolder } from './input-file.ts'
import { installJobs, ownersDatabase } from './migrate.ts'

/** `backup FILE`: everything that is stored, from either database, also while the bot runs. */
export function backupCommand(): Command {
  const command = new Command('backup').argument(
    '<file>',
    'where to write it, for example release-gate.backup',
  )
  return withDatabaseOptions(command, '0 written, 2 it could not be').action(
    async (file: string, options: DatabaseOptions) => {
      requireFolder('backup', file)
      await runDatabaseRequest('backup', { at: new Date().toISOString() }, { ...options, output: file })
      process.stdout.write(
        `Written to ${file}. It contains everything the bot knows; keep it as safe as the database.\n`,
      )
    },
  )
}

/** `restore FILE`: into an empty database, verified afterwards. */
export function restoreCommand(): Command {
  return new Command('restore')
    .argument('[file]', 'what `backup` wrote')
    .option('--in-place', 'restored by other means: distrust what it says of GitHub')
    .addHelpText(
      'after',
      `
Restores into DATABASE_URL, or the folder DATA_DIR (default ./data). It must be
empty, and no bot may be using it.
With --in-place, a database that is behind for another reason (pg_restore, a
failover that lost writes, a power failure) is treated as restored: the bot
reads every open pull request and writes its check again.
Exit codes: 0 restored and the records verify, 1 the records do not verify,
2 nothing was restored.`,
    )
    .action(
      async (file: string | undefined, { inPlace = false }: { inPlace?: boolean }, command: Command) => {
        if ((file === undefined) !== inPlace)
          command.error(`error: ${inPlace ? '--in-place takes no file' : "missing required argument 'file'"}`)
        if (file === undefined) return distrust()
        if (existsSync('.env')) process.loadEnvFile('.env')
        const { DATABASE_URL: url, DATA_DIR: dataDir = './data' } = process.env
        const restored = await (url ? intoServer(url, file) : intoFolder(dataDir, file))
        process.stdout.write(`Restored ${restored.rows} rows. ${restored.verified}\n`)
        process.exitCode = restored.ok ? 0 : 1
      },
    )
}

async function distrust(): Promise<void> {
  const { distrustStored } = await import('../store/database/restore.ts')
  const database = await ownersDatabase()
  try {
    const checks = await database.transaction(distrustStored, { limits: 'none' })
    process.stdout.write(
      `The bot will write the checks of ${checks} ${checks === 1 ? 'commit' : 'commits'} again, which it does as soon as it runs.\n`,
    )
  } finally {
    await database.close()
  }
}

type Restored = { rows: number; verified: string; ok: boolean }

async function intoServer(url: string, file: string): Promise<Restored> {
  requirePostgresUrl('DATABASE_URL', url)
  await requireBackupIn(file)
  const { openPostgres } = await import('../store/database/postgres.ts')
  return into(await openPostgres({ url }), file)
}

async function intoFolder(dataDir: string, file: string): Promise<Restored> {
  const folder = join(dataDir, 'postgres')
  if (existsSync(folder))
    throw new Error(
      `${dataDir} already contains a database. Restore into an empty DATA_DIR, or move that folder away.`,
    )
  await requireBackupIn(file)
  const { openPglite } = await import('../store/database/pglite.ts')
  const { FOLDER_IN_USE } = await import('../store/database/folder-lock.ts')
  try {
    return await into(await openPglite({ dataDir }), file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === FOLDER_IN_USE) throw error
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Before a database is opened, or even made: to name a wrong file is a common mistake. */
async function requireBackupIn(file: string): Promise<void> {
  const { requireBackup } = await import('../store/database/restore.ts')
  const { linesIn } = await import('../store/audit/export.ts')
  await requireBackup(linesIn(unpacked(file)))
}

async function into(database: Database, file: string): Promise<Restored> {
  const { restoreBackup } = await import('../store/database/restore.ts')
  const { linesIn } = await import('../store/audit/export.ts')
  const { verifyChain } = await import('../store/audit/verify.ts')
  const { keptAnchors } = await import('../store/audit/anchors.ts')
  const { verifiedText } = await import('../server/requests/audit.ts')
  try {
    const rows = await restoreBackup(database, linesIn(unpacked(file)), () => installJobs(database))
    const anchors = await keptAnchors(database)
    const result = await verifyChain(database, undefined, { anchors })
    return { rows, ok: result.ok, verified: verifiedText(result, { database: anchors }) }
  } finally {
    await database.close()
  }
}

async function* unpacked(file: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  const feeding = (async () => {
    for await (const part of readParts('restore', file, 'a file of `release-gate backup`')) {
      if (gunzip.destroyed) return
      gunzip.write(part)
    }
    gunzip.end()
  })().catch((error: Error) => gunzip.destroy(error))
  try {
    yield* gunzip
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new Error(`restore: ${file} is damaged, or not a file of \`release-gate backup\`.`, {
        cause: error,
      })
    throw error
  }
  await feeding
}
