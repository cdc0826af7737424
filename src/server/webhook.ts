import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { deliveriesReceived } from '../services/metrics.ts'
import { readBody } from './read-body.ts'
import { isSigned } from './secrets.ts'

export type WebhookOptions = {
  /** Stores a delivery durably and enqueues its job. The sender gets 202 once this resolves. */
  inbox: (received: TakenWebhook) => Promise<unknown>
  secrets: readonly string[]
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Whether an event and action have a handler; all others are answered with 202 and dropped before they are stored. */
  isHandled: (event: string, action: string | null) => boolean
  /** How many milliseconds a sender has for its body. */
  bodyTime?: number
  /** Milliseconds from the connection to the answer; GitHub itself gives up after 10 s. */
  answerTime?: number
  /** How many deliveries may be on their way into the database. */
  most?: number
  /** For how many milliseconds the oldest of them may have waited before others are refused: they would wait as long. */
  longestWait?: number
}

/** A webhook with a valid signature. `event` and `guid` are unsigned. */
export type TakenWebhook = { guid: string; event: string; body: Uint8Array; payload: object }

type Answer = { status: number; text: string }

/** Milliseconds of `performance.now()` at which the connection or, on one that was used before, the request came. */
export type Began = (request: IncomingMessage) => number

/**
 * Receives webhooks: size cap, signature over the raw bytes, allow-list, durable row, and only then 202. Nothing else
 * happens within the request, and bodies are never logged.
 */
export function webhookHandler(options: WebhookOptions, began: Began) {
  const limit = loadLimit(options)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const start = began(request)
    const answer = limit.isReached() ? BUSY : await answerTo(request, start, limit, options)
    deliveriesReceived.inc({ status: answer.status })
    const about = { status: answer.status, ms: Math.round(performance.now() - start), ...namesOf(request) }
    if (answer.status < 300) options.log.info(about, 'Received a webhook')
    else options.log.warn({ ...about, why: answer.text }, 'Refused a webhook')
    send(request, response, answer)
  }
}

/**
 * Under more load than can be stored, an early 503 is better than no answer: GitHub records the failure, and recovery asks for the
 * delivery again. What counts is how long the oldest one waits, since no number fits both databases; the number is for the memory.
 */
function loadLimit({ most = 1_000, longestWait = 4_000 }: WebhookOptions) {
  const storing = new Set<{ since: number }>()
  return {
    isReached: () => {
      const [oldest] = storing
      return storing.size >= most || (oldest !== undefined && performance.now() - oldest.since > longestWait)
    },
    /** Counts a delivery until it is stored, also after its sender was given up on. */
    count: (stored: Promise<unknown>, release: () => void) => {
      const one = { since: performance.now() }
      storing.add(one)
      const done = () => {
        storing.delete(one)
        release()
      }
      stored.then(done, done)
    },
  }
}

async function answerTo(
  request: IncomingMessage,
  start: number,
  limit: ReturnType<typeof loadLimit>,
  options: WebhookOptions,
): Promise<Answer> {
  const body = await readBody(request, AbortSignal.timeout(options.bodyTime ?? 5_000))
  if ('refused' in body) return REFUSALS[body.refused]
  const read = parcelIn(body.bytes, request, options)
  const left = (options.answerTime ?? 8_000) - (performance.now() - start)
  if ('status' in read || left <= 0) {
    body.release()
    return 'status' in read ? read : LATE
  }
  const stored = options.inbox(read)
  limit.count(stored, body.release)
  return answerFor(stored, left, options)
}

const BUSY: Answer = { status: 503, text: 'Too many deliveries at once. Try again later.' }
const LATE: Answer = { status: 503, text: 'Storing took too long.' }

const REFUSALS: Record<400 | 408 | 413 | 503, Answer> = {
  400: { status: 400, text: 'The body ended early.' },
  408: { status: 408, text: 'The body arrived too slowly.' },
  413: { status: 413, text: 'The body is larger than 25 MB.' },
  503: BUSY,
}

/** The webhook in a body whose signature is right, or what to answer instead. */
function parcelIn(body: Buffer, request: IncomingMessage, options: WebhookOptions): TakenWebhook | Answer {
  if (!isSigned(body, headerOf(request, 'x-hub-signature-256'), options.secrets)) {
    return { status: 401, text: 'The signature does not match.' }
  }
  const { guid, event } = namesOf(request)
  if (!guid || !event)
    return { status: 400, text: 'The delivery id or the event name is missing or malformed.' }
  const payload = jsonObject(body)
  if (!payload) return { status: 400, text: 'The body is not a JSON object.' }
  const action = 'action' in payload && typeof payload.action === 'string' ? payload.action : null
  if (!options.isHandled(event, action))
    return { status: 202, text: 'Ignored: no handler for this event and action.' }
  return { guid, event, body, payload }
}

/** 503 after the deadline or without a database, so that GitHub records a failure and recovery redelivers it. */
async function answerFor(stored: Promise<unknown>, left: number, options: WebhookOptions): Promise<Answer> {
  const late = Promise.withResolvers<Answer>()
  const timer = setTimeout(() => late.resolve(LATE), left)
  const answer = stored.then(
    () => ({ status: 202, text: 'Stored.' }),
    (error) => {
      options.log.error(
        { problem: error instanceof Error ? error.message : String(error) },
        'Storing a webhook failed',
      )
      return { status: 503, text: 'The delivery could not be stored.' }
    },
  )
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The two unsigned headers. They reach the log and the database only in GitHub's format. */
function namesOf(request: IncomingMessage) {
  return {
    guid: /^[0-9A-Za-z-]{1,64}$/.exec(headerOf(request, 'x-github-delivery') ?? '')?.[0],
    event: /^[a-z0-9_]{1,64}$/.exec(headerOf(request, 'x-github-event') ?? '')?.[0],
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function jsonObject(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Closes the connection after the answer if the body was not read to its end. */
function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const unread = !request.complete
  if (response.destroyed) return
  response.writeHead(answer.status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(unread && { connection: 'close' }),
    ...(answer.status === 503 && { 'retry-after': '60' }),
  })
  response.end(`${answer.text}\n`, () => unread && request.destroy())
}
