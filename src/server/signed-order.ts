import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { readBody } from './read-body.ts'
import { isSigned } from './secrets.ts'

/** An order is good for this long: what is recorded on the way cannot be sent again later. */
const goodFor = 5 * 60_000

/** What every order of the command line holds: when it was signed. */
export const signedOrder = z.strictObject({ at: z.iso.datetime({ offset: true }) })

/** What is answered: `body` as JSON. */
export type OrderAnswer = { status: number; body: object }

/**
 * Takes orders from whoever holds the webhook secret: JSON that is signed with it, as GitHub signs its deliveries, no older
 * than five minutes by the real clock, whatever a story's clock says.
 */
export function signedOrderHandler<Order extends z.output<typeof signedOrder>>(
  schema: z.ZodType<Order>,
  secrets: readonly string[],
  carryOut: (order: Order) => Promise<OrderAnswer>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const read = await readOrder(request, schema, secrets)
    const { status, body } = 'order' in read ? await carryOut(read.order) : read
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(`${JSON.stringify(body)}\n`)
  }
}

export function refusal(status: number, error: string): OrderAnswer {
  return { status, body: { error } }
}

async function readOrder<Order extends z.output<typeof signedOrder>>(
  request: IncomingMessage,
  schema: z.ZodType<Order>,
  secrets: readonly string[],
): Promise<{ order: Order } | OrderAnswer> {
  const body = await readBody(request, AbortSignal.timeout(5_000), { bytes: 0 })
  if ('refused' in body) return refusal(body.refused, 'The order could not be read.')
  const signature = request.headers['x-hub-signature-256']
  if (!isSigned(body.bytes, typeof signature === 'string' ? signature : undefined, secrets))
    return refusal(401, 'The signature does not match; is WEBHOOK_SECRET the one of the bot?')
  const parsed = schema.safeParse(safeJson(body.bytes))
  if (!parsed.success) return refusal(400, z.prettifyError(parsed.error))
  if (Math.abs(Date.now() - Date.parse(parsed.data.at)) > goodFor)
    return refusal(400, 'The order is older than five minutes, or the clocks differ.')
  return { order: parsed.data }
}

function safeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
