import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Alert } from '../decision/incidents/alert.ts'
import {
  datadogHeader,
  type ReadAlert,
  readDatadog,
  readPagerDuty,
  readZendesk,
} from '../services/alerts/readers.ts'
import { isPagerDutySigned, isZendeskSigned } from '../services/alerts/signatures.ts'
import { isSameSecret } from '../settings/same-secret.ts'
import { readBody, statusForAlerts } from './read-body.ts'
import type { Handler } from './server.ts'

/** The secrets of the senders; one that is left out is not taken in. */
export type AlertSecrets = {
  pagerduty?: string | undefined
  datadog?: string | undefined
  zendesk?: string | undefined
}

/** Stores an alert durably. Gives where it goes, or what is wrong. */
export type TakeIn = (alert: Alert, delivery: string) => Promise<{ owner: string; repo: string } | string>

type Options = {
  secrets: AlertSecrets
  takeIn: TakeIn
  now: () => Date
  log: Pick<Logger, 'error' | 'info' | 'warn'>
  /** How many milliseconds a sender has for its body. */
  bodyTime?: number
}

type Sender = {
  isGenuine: (body: Buffer, header: (name: string) => string | undefined) => boolean
  read: (body: unknown, header: (name: string) => string | undefined) => ReadAlert
}

/** The largest body of a sender: PagerDuty's are a few kilobytes. */
const largest = 256 * 1024

/** The routes of the senders whose secrets are set, by method and path. */
export function alertRoutes(options: Options): Record<string, Handler> {
  const { secrets, now } = options
  const { pagerduty, datadog, zendesk } = secrets
  const senders: Record<string, Sender | undefined> = {
    pagerduty: pagerduty
      ? {
          isGenuine: (body, header) => isPagerDutySigned(body, header('x-pagerduty-signature'), pagerduty),
          read: (body) => readPagerDuty(body),
        }
      : undefined,
    datadog: datadog
      ? {
          isGenuine: (_, header) => isSameSecret(header(datadogHeader) ?? '', datadog),
          read: (body) => readDatadog(body),
        }
      : undefined,
    zendesk: zendesk
      ? {
          isGenuine: (body, header) =>
            isZendeskSigned(
              body,
              {
                signature: header('x-zendesk-webhook-signature'),
                timestamp: header('x-zendesk-webhook-signature-timestamp'),
              },
              zendesk,
              now(),
            ),
          read: (body, header) => readZendesk(body, header('x-zendesk-webhook-signature-timestamp')),
        }
      : undefined,
  }
  return Object.fromEntries(
    Object.entries(senders).flatMap(([name, sender]) =>
      sender ? [[`POST /api/${name}/webhooks`, handlerOf(name, sender, options)]] : [],
    ),
  )
}

/**
 * A webhook of a sender: cap, signature over the raw bytes, durable row, and only then 202. What is genuine and cannot be read
 * gets 202 as well, with an alert in the log: PagerDuty never sends again what was answered with a 4xx.
 */
function handlerOf(name: string, sender: Sender, options: Options): Handler {
  const { log } = options
  return async (request, response) => {
    const { status, text } = await answerTo(request, name, sender, options)
    const about = { from: name, status }
    if (status === 202) log.info(about, 'Received an alert')
    else log.warn({ ...about, why: text }, 'Refused an alert')
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end(`${text}\n`)
  }
}

async function answerTo(
  request: IncomingMessage,
  name: string,
  sender: Sender,
  { takeIn, log, bodyTime = 3_000 }: Options,
): Promise<{ status: number; text: string }> {
  const body = await readBody(request, AbortSignal.timeout(bodyTime), largest)
  if ('refused' in body) return { status: statusForAlerts(body.refused), text: 'The body could not be read.' }
  try {
    const header = (key: string) => {
      const value = request.headers[key]
      return typeof value === 'string' ? value : undefined
    }
    if (!sender.isGenuine(body.bytes, header)) return { status: 401, text: 'The signature does not match.' }
    const read = readable(() => sender.read(JSON.parse(body.bytes.toString('utf8')), header))
    if (read instanceof Error) {
      log.error({ from: name, problem: read.message, alert: true }, 'An alert could not be read')
      return { status: 202, text: 'Received, but it could not be read. The log of the bot has more.' }
    }
    if ('ignored' in read) return { status: 202, text: `Ignored: ${read.ignored}.` }
    const taken = await takeIn(read.alert, read.delivery)
    if (typeof taken !== 'string') return { status: 202, text: 'Stored.' }
    log.error({ from: name, problem: taken, alert: true }, 'An alert has nowhere to go')
    return { status: 503, text: taken }
  } finally {
    body.release()
  }
}

function readable(read: () => ReadAlert): ReadAlert | Error {
  try {
    return read()
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not as documented'
    return new Error(why)
  }
}
