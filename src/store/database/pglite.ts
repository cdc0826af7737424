import { mkdirSync, statfsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { PGlite, type Transaction as PgliteTransaction } from '@electric-sql/pglite'
import { type Db, fromPglite } from 'pg-boss'
import type { Database, DatabaseLog, Query, Transaction } from '../database.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { startMaintenance } from './upkeep.ts'

type PgliteOptions = { dataDir: string; restoreFrom?: Blob; log?: DatabaseLog }

/**
 * PGlite gives 160 MB of its memory to the cache of pages, all of which stay in this process once they were touched. The operating system
 * caches the files as well, so a small one costs little.
 */
const settings = ['-c', 'shared_buffers=16MB']

/**
 * Opens Postgres inside this process on a folder: one process a folder, 0700, CHECKPOINT and
 * VACUUM by ourselves, since no background process does it here. A killed process loses nothing; a power cut may.
 */
export async function openPglite(options: PgliteOptions): Promise<Database> {
  const inMemory = options.dataDir === 'memory://'
  if (!inMemory) refuseFullDisk(options.dataDir)
  const lock = inMemory ? undefined : lockFolder(options.dataDir)
  try {
    const pglite = await PGlite.create({
      dataDir: inMemory ? 'memory://' : join(options.dataDir, 'postgres'),
      startParams: [...PGlite.defaultStartParams, ...settings],
      ...(options.restoreFrom && { loadDataDir: options.restoreFrom }),
    })
    return asDatabase(pglite, options, lock)
  } catch (error) {
    lock?.release()
    throw error
  }
}

/** Postgres in WebAssembly ends with a message that names no disk when it cannot write its log. */
export const leastFreeBytes = 64 * 1024 * 1024

function refuseFullDisk(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = statfsSync(dataDir)
  const problem = diskProblem(dataDir, bavail * bsize)
  if (problem) throw new Error(problem)
}

/** Undefined where there is enough room to start. */
export function diskProblem(dataDir: string, free: number): string | undefined {
  if (free >= leastFreeBytes) return undefined
  const mega = (bytes: number) => Math.floor(bytes / 1024 / 1024)
  return `The disk of DATA_DIR (${dataDir}) is full: ${mega(free)} MB are free, and at least ${mega(leastFreeBytes)} MB are needed. Free some space, or move the folder to a larger disk.`
}

function asDatabase(pglite: PGlite, options: PgliteOptions, lock: FolderLock | undefined): Database {
  const stopUpkeep = lock
    ? startMaintenance(pglite, join(options.dataDir, 'vacuumed'), options.log)
    : undefined
  let closing: Promise<void> | undefined
  const close = async () => {
    await stopUpkeep?.()
    await pglite.close()
    lock?.release()
  }
  return {
    kind: 'pglite',
    query: queryOn(pglite),
    transaction: (work) => pglite.transaction((tx) => work(asTransaction(tx))),
    boss: { backend: 'pglite', db: yielding(fromPglite(pglite)) },
    backup: (file) => backup(pglite, file),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function asTransaction(tx: PgliteTransaction): Transaction {
  const query = queryOn(tx)
  // A turn later, as those of `query`, or it would overtake them.
  const exec = async (sql: string) => {
    await setImmediate()
    return tx.exec(sql)
  }
  return {
    query,
    script: async (sql) => {
      await exec(sql)
    },
    // Not `fromPglite(tx)`: on an error that one rolls back automatically, and the statements after it would stand alone.
    boss: {
      executeSql: async (sql, values) => ({
        rows: values?.length ? await query(sql, values) : (await exec(sql)).flatMap((result) => result.rows),
      }),
    },
  }
}

function queryOn(on: Pick<PGlite, 'query'>): Query {
  return async <Row>(sql: string, values?: unknown[]) => {
    await setImmediate()
    return (await on.query<Row>(sql, values)).rows
  }
}

/** PGlite answers in microtasks: without a turn of the event loop between, a busy queue starves timers and sockets. */
function yielding(db: Db): Db {
  const executeSql: Db['executeSql'] = async (sql, values) => {
    await setImmediate()
    return db.executeSql(sql, values)
  }
  return { ...db, executeSql }
}

/** Writes to a file beside it first, so that a backup that exists is whole. */
async function backup(pglite: PGlite, file: string): Promise<void> {
  await pglite.exec('CHECKPOINT')
  const dump = await pglite.dumpDataDir('gzip')
  await writeFile(`${file}.partial`, new Uint8Array(await dump.arrayBuffer()), { mode: 0o600 })
  await rename(`${file}.partial`, file)
}
