import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { readBody } from './read-body.ts'
import { isSigned } from './secrets.ts'

export const freezePath = '/api/freeze'

/** An order is good for this long: what is recorded on the way cannot be sent again later. */
const goodFor = 5 * 60_000

/** What the command line sends, signed with the webhook secret as GitHub signs its deliveries. */
export const freezeOrderSchema = z.strictObject({
  action: z.enum(['freeze', 'unfreeze']),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/)
    .optional(),
  reason: z.string().trim().min(1).max(200).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  by: z.string().trim().min(1).max(100),
  at: z.iso.datetime({ offset: true }),
})

type Answer = { status: number; says: string }

type Options = {
  secrets: readonly string[]
  /** Carries it out; false: a newer one has been carried out already. */
  order: (wish: FreezeWish) => Promise<boolean>
}

/** Takes orders to freeze and to unfreeze at once, from whoever holds the webhook secret. */
export function freezeHandler(
  options: Options,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const wish = await read(request, options.secrets)
    const { status, says } = 'says' in wish ? wish : await carryOut(wish, options.order)
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(`${JSON.stringify(status < 300 ? { ok: true, says } : { error: says })}\n`)
  }
}

export type FreezeWish = z.output<typeof freezeOrderSchema>

async function read(request: IncomingMessage, secrets: readonly string[]): Promise<FreezeWish | Answer> {
  const body = await readBody(request, AbortSignal.timeout(5_000), { bytes: 0 })
  if ('refused' in body) return { status: body.refused, says: 'The order could not be read.' }
  const signature = request.headers['x-hub-signature-256']
  if (!isSigned(body.bytes, typeof signature === 'string' ? signature : undefined, secrets)) {
    return { status: 401, says: 'The signature does not match; is WEBHOOK_SECRET the one of the bot?' }
  }
  const parsed = freezeOrderSchema.safeParse(safeJson(body.bytes))
  return parsed.success ? parsed.data : { status: 400, says: z.prettifyError(parsed.error) }
}

async function carryOut(wish: FreezeWish, order: Options['order']): Promise<Answer> {
  const { action, repository, reason, at } = wish
  if (action === 'freeze' && !reason) {
    return { status: 400, says: 'A freeze needs a reason; the check shows it.' }
  }
  // Signatures live in real time, whatever a story's clock says.
  if (Math.abs(Date.now() - Date.parse(at)) > goodFor) {
    return { status: 400, says: 'The order is older than five minutes, or the clocks differ.' }
  }
  if (!(await order(wish))) return { status: 409, says: 'A newer order has been carried out already.' }
  const what = action === 'freeze' ? 'frozen' : 'not frozen any more'
  return { status: 200, says: `${repository ?? 'Every repository'} is ${what}.` }
}

function safeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
