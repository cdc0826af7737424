import { EventEmitter } from 'node:events'
import { mkdirSync, statfsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { Db } from 'pg-boss'
import type { Database, DatabaseLog } from '../database.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { PgliteConnection } from './pglite-connection.ts'
import { openPool } from './pool.ts'
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

/** What the client would otherwise take from the environment, where it is meant for a server. */
const here = { user: 'postgres', database: 'postgres', ssl: false, sslnegotiation: 'postgres' } as const

function asDatabase(pglite: PGlite, options: PgliteOptions, lock: FolderLock | undefined): Database {
  const stream = () => new PgliteConnection(pglite)
  const { pool, query, transaction } = openPool(
    { ...here, stream, max: 1, idleTimeoutMillis: 0, onConnect: startAnew },
    options.log,
  )
  const stopUpkeep = lock
    ? startMaintenance(query, join(options.dataDir, 'vacuumed'), options.log)
    : undefined
  let closing: Promise<void> | undefined
  const close = async () => {
    await stopUpkeep?.()
    await pool.end()
    await pglite.close()
    lock?.release()
  }
  return {
    kind: 'pglite',
    query,
    transaction,
    boss: { backend: 'pglite', db: jobsOn(pool) },
    backup: (file) => withClient(pool, (client) => backup(pglite, client, file)),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** A client that was lost leaves the one session as it was: within a transaction, and with its statements prepared. */
async function startAnew(client: pg.ClientBase): Promise<void> {
  await client.query('ROLLBACK')
  await client.query('DEALLOCATE ALL')
}

async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

/**
 * pg-boss's way to the one session, in which nobody else is while it runs a statement. Several queues may listen to one channel, and go
 * on hearing it when the client is replaced: the session listens, not the client.
 */
function jobsOn(pool: pg.Pool): Db {
  const notifications = new EventEmitter()
  pool.on('connect', (client) =>
    client.on('notification', ({ channel, payload = '' }) => notifications.emit(channel, payload)),
  )
  return {
    executeSql: (sql, values) =>
      withClient(pool, async (client) => {
        try {
          const answers = [await client.query(sql, values)].flat()
          return { rows: answers.flatMap(({ rows }) => rows) }
        } catch (error) {
          // Several statements in one text can begin a transaction, which would be open for whoever comes next.
          await client.query('ROLLBACK').catch(() => undefined)
          throw error
        }
      }),
    setSessionStatements: (statements) =>
      withClient(pool, async (client) => {
        for (const statement of statements) await client.query(statement)
      }),
    listen: async (channel, onNotification, onReconnect) => {
      notifications.on(channel, onNotification)
      await pool.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
      onReconnect()
      const close = async () => {
        notifications.off(channel, onNotification)
        if (notifications.listenerCount(channel) === 0)
          await pool.query(`UNLISTEN ${pg.escapeIdentifier(channel)}`)
      }
      return { close }
    },
  }
}

/** Writes to a file beside it first, so that a backup that exists is whole. */
async function backup(pglite: PGlite, client: pg.PoolClient, file: string): Promise<void> {
  await client.query('CHECKPOINT')
  const dump = await pglite.dumpDataDir('gzip')
  await writeFile(`${file}.partial`, new Uint8Array(await dump.arrayBuffer()), { mode: 0o600 })
  await rename(`${file}.partial`, file)
}
