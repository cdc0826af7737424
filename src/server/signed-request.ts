import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { readBody } from './read-body.ts'
import { isSigned } from './secrets.ts'

/** How long a request is valid, so that a recorded one cannot be replayed later. */
const validFor = 5 * 60_000

/** A request holds a reason, a date and names; its body counts within the limit of all bodies as well. */
const largest = 256 * 1024

/** Every request of the command line contains the time at which it was signed. */
export const signedRequest = z.strictObject({ at: z.iso.datetime({ offset: true }) })

/** The answer; `body` is sent as JSON. */
export type SignedAnswer = { status: number; body: object }

export type Refusal = { status: number; body: { error: string } }

/**
 * Handles requests of the command line: JSON signed with the webhook secret, the way GitHub signs deliveries, and at most
 * five minutes old by the system clock, even when the bot runs on a simulated clock.
 */
export function signedRequestHandler<Order extends z.output<typeof signedRequest>>(
  schema: z.ZodType<Order>,
  secrets: readonly string[],
  handle: (order: Order) => Promise<SignedAnswer>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const read = await readOrder(request, schema, secrets)
    const { status, body } = 'order' in read ? await handle(read.order) : read
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(`${JSON.stringify(body)}\n`)
  }
}

export function refusal(status: number, error: string): Refusal {
  return { status, body: { error } }
}

export async function readOrder<Order extends z.output<typeof signedRequest>>(
  request: IncomingMessage,
  schema: z.ZodType<Order>,
  secrets: readonly string[],
): Promise<{ order: Order } | Refusal> {
  const body = await readBody(request, AbortSignal.timeout(5_000), largest)
  if ('refused' in body) return refusal(body.refused, 'The request could not be read.')
  try {
    return orderIn(body.bytes, request, schema, secrets)
  } finally {
    body.release()
  }
}

function orderIn<Order extends z.output<typeof signedRequest>>(
  bytes: Buffer,
  request: IncomingMessage,
  schema: z.ZodType<Order>,
  secrets: readonly string[],
): { order: Order } | Refusal {
  const signature = request.headers['x-hub-signature-256']
  if (!isSigned(bytes, typeof signature === 'string' ? signature : undefined, secrets))
    return refusal(401, 'The signature does not match. Use the same WEBHOOK_SECRET as the bot.')
  const parsed = schema.safeParse(safeJson(bytes))
  if (!parsed.success) return refusal(400, z.prettifyError(parsed.error))
  if (Math.abs(Date.now() - Date.parse(parsed.data.at)) > validFor)
    return refusal(400, 'The request is more than five minutes old. Check the clocks of both machines.')
  return { order: parsed.data }
}

function safeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
