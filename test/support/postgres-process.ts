import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/store/database/open.ts'
import { loadEmbeddedPostgres } from './embedded-postgres.ts'
import { addQueues, postgresTemplate } from './templates.ts'

/**
 * The run's Postgres on a free port, with a template in it, until the parent lets go. A process of its own because
 * embedded-postgres hooks into the exit of whoever imports it, and takes the exit code of failed tests away.
 */
export type PostgresAnswer = { url: string } | { problem: string }

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

const databaseDir = await mkdtemp(join(tmpdir(), 'pg-'))
const port = await freePort()
const messages: string[] = []
const note = (message: unknown) => void messages.push(String(message))
const { EmbeddedPostgres, remove } = await loadEmbeddedPostgres()
const server = new EmbeddedPostgres({
  databaseDir,
  port,
  persistent: false,
  createPostgresUser: true,
  // A bot opens a dozen connections, and to check the password of one takes longer than to open it.
  initdbFlags: ['--no-sync', '--set=scram_iterations=1'],
  postgresFlags: [...settings, `unix_socket_directories=${databaseDir}`].flatMap((setting) => [
    '-c',
    setting,
  ]),
  onLog: note,
  onError: note,
})

process.once('disconnect', () => void stop())
process.send?.(await start())

async function start(): Promise<PostgresAnswer> {
  try {
    await server.initialise()
    await server.start()
    await server.createDatabase(postgresTemplate)
    const template = await openDatabase({ url: urlOf(postgresTemplate) })
    await addQueues(template)
    await template.close()
    return { url: urlOf('postgres') }
  } catch (error) {
    return { problem: `Postgres did not start: ${String(error)}\n${messages.slice(-20).join('')}` }
  }
}

async function stop(): Promise<void> {
  await server.stop()
  await rm(databaseDir, { recursive: true, force: true })
  await remove()
  process.exit()
}

/** By a socket in the file system, over which a statement costs half as much; without `host` it is reached over TCP. */
function urlOf(name: string): string {
  return `postgres://postgres:password@127.0.0.1:${port}/${name}?host=${encodeURIComponent(databaseDir)}`
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
