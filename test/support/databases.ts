import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { afterAll, describe, inject } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { atEndOfFile } from './end-of-file.ts'
import { postgresTemplate } from './templates.ts'

/** A folder under the system's temporary folder, removed at the end of the test file. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-test-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A data folder of the bot with an empty PGlite in it, as its first start leaves it: one of its own where none is given. */
export async function aDataFolder(dataDir?: string): Promise<string> {
  const folder = dataDir ?? join(await aFolder(), 'data')
  await mkdir(folder, { recursive: true })
  await cp(await prepared('pglite'), join(folder, 'postgres'), { recursive: true })
  return folder
}

/** A migrated, empty PGlite, in the folder that is given or in one of its own. The caller closes it. */
export async function aPglite(dataDir?: string): Promise<Database> {
  return openDatabase({ dataDir: await aDataFolder(dataDir) })
}

/**
 * A migrated, empty database of the run's Postgres, for tests of what is above the store. The caller closes it. It is there in a tenth of
 * the time that PGlite takes, and answers sooner; the tests of the store hold that both answer alike.
 */
export async function aDatabase(): Promise<Database> {
  return openDatabase({ url: await aPostgresUrl() })
}

/** A PGlite without our wrapping, for what the sandbox keeps in it. The caller closes it. */
export async function aBarePglite(): Promise<PGlite> {
  return PGlite.create(join(await aDataFolder(), 'postgres'))
}

/** The address of a new database of the run's Postgres, migrated and empty, and dropped at the end of the test file. */
export async function aPostgresUrl(template = postgresTemplate): Promise<string> {
  const server = await prepared('postgres')
  const name = `t${randomUUID().replaceAll('-', '')}`
  await asClient(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  atEndOfFile(() => asClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  const url = new URL(server)
  url.pathname = name
  return url.href
}

/** Asks for what the whole run shares, and waits until it is there. */
async function prepared(what: 'postgres' | 'pglite'): Promise<string> {
  const response = await fetch(`${inject('preparedDatabases')}/${what}`)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/**
 * Runs the same tests on PGlite and on a real Postgres. `open` gives a new, migrated, empty database; all are closed
 * at the end.
 */
export function describeOnBoth(name: string, tests: (open: () => Promise<Database>) => void): void {
  describe(`${name}, on PGlite`, () => {
    tests(closing(() => aPglite()))
  })
  describe(`${name}, on Postgres`, () => {
    tests(closing(() => aDatabase()))
  })
}

/** Closes what was opened when the tests around are over. */
function closing(open: () => Promise<Database>): () => Promise<Database> {
  const opened: Database[] = []
  afterAll(() => Promise.all(opened.map((database) => database.close())))
  return async () => {
    const database = await open()
    opened.push(database)
    return database
  }
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
