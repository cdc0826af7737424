import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import manifest from '../../package.json' with { type: 'json' }
import type { PostgresAnswer } from '../support/postgres-process.ts'

const root = join(import.meta.dirname, '../..')

/** What `npm start` gives to Node, and from where. */
export const npmStart = { args: manifest.scripts.start.split(' ').slice(1), cwd: root }

/** Where a bot keeps its state. */
export type Place = { dataDir: string } | { url: string }

/** `SIZE=large npm run bench …` measures at full size, which takes minutes. */
export const isLarge = process.env.SIZE === 'large'

/** Runs `work` on the embedded database and on a Postgres of its own; `place` gives a new, empty database each time. */
export async function onBoth<Result>(
  work: (kind: string, place: () => Promise<Place>) => Promise<Result[]>,
): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-bench-'))
  const postgres = await startPostgres()
  try {
    const embedded = async () => ({ dataDir: join(folder, randomUUID()) })
    const server = () => aDatabase(postgres.url)
    return [...(await work('PGlite', embedded)), ...(await work('Postgres', server))]
  } finally {
    postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

export async function startPostgres(): Promise<{ url: string; stop: () => void }> {
  const child = fork(new URL('../support/postgres-process.ts', import.meta.url))
  const [answer] = (await once(child, 'message')) as [PostgresAnswer]
  if ('problem' in answer) throw new Error(answer.problem)
  return { url: answer.url, stop: () => child.disconnect() }
}

async function aDatabase(server: string): Promise<{ url: string }> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = new URL(server)
  url.pathname = name
  return { url: url.href }
}
