import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../settings/settings.ts'
import { lockFolder } from '../store/database/folder-lock.ts'
import { openPglite } from '../store/database/pglite.ts'
import { openPostgres } from '../store/database/postgres.ts'
import type { Database } from '../store/database.ts'
import { type HourlyCheckAges, hourlyCheckAges } from '../store/hourly-checks.ts'
import { refusedChannels } from '../store/notices.ts'
import { JOBS_SCHEMA } from '../store/queue/queues.ts'
import { hourlyCheckProbe } from './hourly-check-probe.ts'
import type { Probe } from './probes.ts'
import { refusedChannelsProbe } from './refused-channels-probe.ts'

type State = Pick<Settings, 'database' | 'host' | 'port'> & Partial<Pick<Settings, 'slack' | 'slackWebhook'>>

/**
 * Whether the database and the queue work, checked from a separate process. Only one process can open a data folder, so
 * while the bot holds it, the bot is asked. Nothing is ever created or migrated here.
 */
export function stateProbes(settings: State): Probe[] {
  const state = once(() => readState(settings))
  const run = (part: 'database' | 'queue') => async () => {
    const read = await state()
    if ('unknown' in read) return { unknown: `Cannot check the ${part}. ${read.unknown}` }
    if (read[part] !== 'ok') throw new Error(read[part])
    return `The ${part} works.`
  }
  const looks = async () => {
    const read = await state()
    return 'unknown' in read ? { unknown: `Cannot check the hourly check. ${read.unknown}` } : read.looks
  }
  const refused = async () => {
    const read = await state()
    return 'unknown' in read ? undefined : read.refused
  }
  return [
    { name: 'database', run: run('database') },
    { name: 'queue', run: run('queue') },
    hourlyCheckProbe(looks, () => new Date()),
    ...(settings.slack || settings.slackWebhook ? [refusedChannelsProbe(refused)] : []),
  ]
}

type Looks = HourlyCheckAges | { unknown: string }
type Read =
  | { database: string; queue: string; looks: Looks; refused: number | undefined }
  | { unknown: string }

const notTold: Looks = { unknown: 'Cannot check the hourly check: the database does not have it yet.' }

async function readState({ database, host, port }: State): Promise<Read> {
  if ('url' in database) return ask(() => openPostgres(database))
  const { dataDir } = database
  if (!existsSync(join(dataDir, 'postgres')))
    return {
      unknown: `${dataDir} has no database. Run \`doctor\` where the bot runs, with its DATA_DIR.`,
    }
  return isHeld(dataDir) ? askBot(host, port) : ask(() => openPglite({ dataDir }))
}

function isHeld(dataDir: string): boolean {
  try {
    lockFolder(dataDir).release()
    return false
  } catch {
    return true
  }
}

async function ask(open: () => Promise<Database>): Promise<Read> {
  const database = await open()
  try {
    await database.query('SELECT 1')
    const queue = await database.query(`SELECT 1 FROM ${JOBS_SCHEMA}.version`).then(
      () => 'ok',
      (error: Error) => `${error.message}; the bot creates it when it starts`,
    )
    const looks = await hourlyCheckAges(database).catch(() => notTold)
    const refused = await refusedChannels(database, new Date()).then(
      ({ length }) => length,
      () => undefined,
    )
    return { database: 'ok', queue, looks, refused }
  } finally {
    await database.close()
  }
}

async function askBot(host: string, port: number): Promise<Read> {
  const url = `http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host}:${port}/readyz`
  const answer = await fetch(url, { signal: AbortSignal.timeout(9_000), redirect: 'error' }).catch(
    () => undefined,
  )
  const answered: unknown = await answer?.json().catch(() => undefined)
  const { checks, looks, refusedChannels } = (answered ?? {}) as {
    checks?: { database?: unknown; queue?: unknown }
    refusedChannels?: unknown
    looks?: Partial<Record<keyof HourlyCheckAges, unknown>>
  }
  if (!checks?.database || !checks.queue) {
    return {
      unknown: `Another process holds the data folder and does not answer at ${url}. Check HOST and PORT.`,
    }
  }
  const refused = typeof refusedChannels === 'number' ? refusedChannels : undefined
  return { database: String(checks.database), queue: String(checks.queue), looks: looksIn(looks), refused }
}

function looksIn(told: Partial<Record<keyof HourlyCheckAges, unknown>> | undefined): Looks {
  if (!told) return { unknown: 'Cannot check the hourly check: this version of the bot does not report it.' }
  const { repositories, oldest, never, unseen } = told
  return {
    repositories: Number(repositories),
    oldest: typeof oldest === 'string' ? new Date(oldest) : undefined,
    never: Number(never),
    unseen: Number(unseen),
  }
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let done: Promise<Result> | undefined
  return () => {
    done ??= work()
    return done
  }
}
