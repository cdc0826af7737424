import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import type { Command } from 'commander'
import type { Frame, RequestName } from '../server/database-requests.ts'
import type { Output } from '../server/requests/request.ts'
import { notPostgresUrl, postgresUrl } from '../settings/addresses.ts'
import type { Database } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import { baseOf, listeningAddress, reach } from './bot-request.ts'

/** `remark`: what it prints is not the result, so it goes to stderr. */
export type DatabaseOptions = { url?: string; output?: string; remark?: boolean }

/** The help text about the database, for every command that reads it. 3 is the same for all. */
export function withDatabaseOptions(command: Command, exitCodes: string): Command {
  return command
    .option(
      '--url <url>',
      'where the bot runs, if it holds the folder (default: http://HOST:PORT of the environment)',
    )
    .addHelpText(
      'after',
      `
Reads DATABASE_URL, or the folder DATA_DIR (default ./data). While the bot uses
that folder, the bot on this machine is asked.
Exit codes: ${exitCodes},
3 the bot does not answer.`,
    )
}

/**
 * Runs a request on the database, or lets the running bot do so, and prints the result: to stdout, or to a file that
 * appears only when it is whole.
 */
export async function runDatabaseRequest(
  name: RequestName,
  args: object,
  options: DatabaseOptions = {},
): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  process.exitCode = await toOutput(options, async (out) => {
    const database = await ownDatabase()
    if (database === 'held by the bot') return askBot(name, args, options, out)
    const queue = opening(database)
    try {
      const { requireMigrated } = await import('../store/database/migrations.ts')
      const { databaseRequests } = await import('../server/database-requests.ts')
      await requireMigrated(database)
      return await databaseRequests[name]({ database, queue: queue.open }, args, out)
    } finally {
      await queue.close()
      await database.close()
    }
  })
}

/** The queue of this process, only for a request that sends jobs; it runs none. */
function opening(database: Database): { open: () => Promise<Queue>; close: () => Promise<void> } {
  let queue: Promise<Queue> | undefined
  const log = { error: () => undefined, warn: () => undefined, info: () => undefined }
  return {
    open: () => {
      queue ??= import('../store/queue.ts').then(({ openQueue }) => openQueue({ database, log }))
      return queue
    },
    close: async () => (await queue)?.stop(),
  }
}

/** Opened without an upgrade. A wrong location must not be mistaken for an empty one. */
async function ownDatabase(): Promise<Database | 'held by the bot'> {
  const { DATABASE_URL: url, DATA_DIR: dataDir = './data' } = process.env
  if (url) {
    requirePostgresUrl('DATABASE_URL', url)
    const { openPostgres } = await import('../store/database/postgres.ts')
    return openPostgres({ url })
  }
  if (!existsSync(join(dataDir, 'postgres'))) throw new Error(noDatabaseIn(dataDir))
  const { openPglite } = await import('../store/database/pglite.ts')
  const { FOLDER_IN_USE } = await import('../store/database/folder-lock.ts')
  return openPglite({ dataDir }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === FOLDER_IN_USE) return 'held by the bot'
    throw error
  })
}

/** @throws naming the variable, without its value: it holds a password. */
export function requirePostgresUrl(name: string, url: string): void {
  if (!postgresUrl.test(url)) throw new Error(`${name}: ${notPostgresUrl}.`)
}

export function noDatabaseIn(dataDir: string): string {
  return `There is no database in ${dataDir}. Set DATA_DIR to the bot's folder, or set DATABASE_URL.`
}

async function askBot(
  name: RequestName,
  args: object,
  options: DatabaseOptions,
  out: Output,
): Promise<number> {
  const response = await signedRequest(name, args, options)
  if (!response.ok || !response.body) {
    const refused = (await response.json().catch(() => ({ error: `HTTP ${response.status}` }))) as {
      error: string
    }
    throw new Error(`The bot refused: ${refused.error}`)
  }
  const { linesIn } = await import('../store/audit/export.ts')
  for await (const line of linesIn(response.body)) {
    const frame = JSON.parse(line) as Frame
    if ('error' in frame) throw new Error(frame.error)
    if ('exit' in frame) return frame.exit
    await out('out' in frame ? frame.out : Buffer.from(frame.base64, 'base64'))
  }
  throw new Error(
    'The bot stopped before its answer was whole. The output is incomplete; run the command again.',
  )
}

function toOutput(
  { output, remark }: DatabaseOptions,
  work: (out: Output) => Promise<number>,
): Promise<number> {
  return remark ? work(toStream(process.stderr)) : toFile(output, work)
}

/** Shows the bot that this user can read its folder: the request is signed with the key in it. */
async function signedRequest(name: RequestName, args: object, options: DatabaseOptions): Promise<Response> {
  const { databaseRequestPath } = await import('../server/database-requests.ts')
  const { signatureHeader } = await import('../server/signed-request.ts')
  const { readKeyBesideDatabase } = await import('../store/database/local-key.ts')
  const { DATA_DIR: dataDir = './data' } = process.env
  const key = readKeyBesideDatabase(dataDir)
  if (!key)
    throw new Error(`${dataDir} is in use by an older version of the bot. Restart it with this version.`)
  const body = JSON.stringify({ request: name, args, at: new Date().toISOString() })
  const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
  const url = new URL(databaseRequestPath, baseOf({ url: options.url ?? listeningAddress() }))
  return reach(url, { method: 'POST', body, headers: { [signatureHeader]: signature } })
}

/** Runs `work` on stdout, or on a file beside `file` that takes its place at the end: a failure leaves nothing behind. */
async function toFile(file: string | undefined, work: (out: Output) => Promise<number>): Promise<number> {
  if (file === undefined) return work(toStdout)
  const partial = `${file}.partial`
  const stream = createWriteStream(partial, { mode: 0o600 })
  const failed = once(stream, 'error').then(([error]) => {
    throw new Error(`${file} cannot be written (${error.message}); give the path of a writable file.`)
  })
  const working = work(toStream(stream))
  try {
    const code = await Promise.race([failed, working])
    stream.end()
    await Promise.race([failed, once(stream, 'close')])
    renameSync(partial, file)
    return code
  } catch (error) {
    stream.destroy()
    // It ends at its next write, and closes what it has open.
    await working.catch(() => undefined)
    rmSync(partial, { force: true })
    throw error
  }
}

const toStdout: Output = async (part) => {
  if (!process.stdout.write(part)) await once(process.stdout, 'drain')
}

function toStream(stream: Writable): Output {
  return async (part) => {
    // One that is closed never drains.
    if (stream.destroyed) throw new Error('The output is closed')
    if (!stream.write(part)) await once(stream, 'drain')
  }
}
