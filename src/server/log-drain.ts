import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Logger } from 'pino'
import { alertsOf, type Denial, readDrain } from '../services/alerts/log-drain.ts'
import { datadogHeader } from '../services/alerts/readers.ts'
import { isSameSecret } from '../settings/same-secret.ts'
import type { TakeIn } from './alerts.ts'
import { readBody, statusForAlerts } from './read-body.ts'
import type { Handler } from './server.ts'

export const logDrainPath = '/api/supabase/logs'

type Options = {
  secret: string
  takeIn: TakeIn
  now: () => Date
  log: Pick<Logger, 'error' | 'info' | 'warn'>
  /** How many milliseconds the sender has for its body. */
  bodyTime?: number
}

/** A batch has 250 lines at most, each with a statement; unpacked, since a small body can hold a large one. */
const largest = 8 * 1024 * 1024

/**
 * A log drain of Supabase: secret header, cap, and an alert for each table whose policy refused a row, stored before the 202. A
 * batch that cannot be read gets 202 as well, with an alert in the log, since it would be sent again and again.
 */
export function logDrainHandler(options: Options): Handler {
  return async (request, response) => {
    const { status, text } = await answerTo(request, options)
    if (status !== 202) options.log.warn({ status, why: text }, 'Refused a batch of logs')
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end(`${text}\n`)
  }
}

type Answer = { status: number; text: string }

async function answerTo(request: IncomingMessage, options: Options): Promise<Answer> {
  const given = request.headers[datadogHeader]
  if (!isSameSecret(typeof given === 'string' ? given : '', options.secret))
    return { status: 401, text: 'The secret does not match.' }
  const body = await readBody(request, AbortSignal.timeout(options.bodyTime ?? 5_000), largest)
  if ('refused' in body) return { status: statusForAlerts(body.refused), text: 'The body could not be read.' }
  try {
    const denials = await readable(body.bytes, request.headers['content-encoding'], options)
    if ('status' in denials) return denials
    return await takeIn(denials, options)
  } finally {
    body.release()
  }
}

async function readable(
  bytes: Buffer,
  encoding: string | undefined,
  { now, log }: Options,
): Promise<Denial[] | Answer> {
  try {
    const plain = encoding === 'gzip' ? await promisify(gunzip)(bytes, { maxOutputLength: largest }) : bytes
    return readDrain(JSON.parse(plain.toString('utf8')), now())
  } catch (error) {
    if (error instanceof RangeError)
      return { status: 413, text: 'The batch is too large once it is unpacked.' }
    log.error({ from: 'supabase', alert: true }, 'A batch of logs could not be read')
    return { status: 202, text: 'Received, but it could not be read. The log of the bot has more.' }
  }
}

async function takeIn(denials: Denial[], { takeIn: store, log }: Options): Promise<Answer> {
  for (const { table, role } of denials.filter(({ kind }) => kind === 'grant'))
    log.warn({ table, role }, 'A role lacks a privilege in the database; grant it, or fix the query')
  const refused: string[] = []
  for (const { alert, delivery } of alertsOf(denials)) {
    log.error({ title: alert.title, alert: true }, 'Row-level security was violated')
    const taken = await store(alert, delivery)
    if (typeof taken === 'string') refused.push(taken)
  }
  const [why] = refused
  if (why === undefined) return { status: 202, text: 'Stored.' }
  log.error({ problem: why, alert: true }, 'An alert has nowhere to go')
  return { status: 503, text: why }
}
