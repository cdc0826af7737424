import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { clockProblem } from './command-requests.ts'
import { readBody } from './read-body.ts'
import { isSigned } from './secrets.ts'

/** A request holds a reason, a date and names; its body counts within the limit of all bodies as well. */
const largest = 256 * 1024

export const signatureHeader = 'x-release-gate-signature'

/** Every such request contains the time at which it was signed. */
export const signedRequest = z.strictObject({ at: z.iso.datetime({ offset: true }) })

export type Refusal = { status: number; body: { error: string } }

export function refusal(status: number, error: string): Refusal {
  return { status, body: { error } }
}

/**
 * Reads a request of a command on the bot's own machine: JSON signed with the key beside the database, and at most five minutes old by
 * the system clock, even when the bot runs on a simulated clock.
 */
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
  const signature = request.headers[signatureHeader]
  if (!isSigned(bytes, typeof signature === 'string' ? signature : undefined, secrets))
    return refusal(401, 'The signature does not match. Set DATA_DIR to the folder of this bot.')
  const parsed = schema.safeParse(safeJson(bytes))
  if (!parsed.success) return refusal(400, z.prettifyError(parsed.error))
  const untimely = clockProblem(parsed.data.at)
  if (untimely) return refusal(400, untimely)
  return { order: parsed.data }
}

function safeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
