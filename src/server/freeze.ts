import { z } from 'zod'
import type { FreezeOrder, FreezeOutcome } from '../gate/calendar/freeze.ts'
import type { Handler } from './server.ts'
import { type OrderAnswer, refusal, signedOrder, signedOrderHandler } from './signed-order.ts'

export const freezePath = '/api/freeze'

/** What `release-gate freeze` and `unfreeze` send. */
const freezeOrderSchema = signedOrder.extend({
  action: z.enum(['freeze', 'unfreeze']),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'is not owner/name')
    .optional(),
  reason: z.string().trim().min(1).max(200).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  by: z.string().trim().min(1).max(100),
})

/** Takes orders to freeze and to unfreeze at once. */
export function freezeHandler(options: {
  secrets: readonly string[]
  order: (order: FreezeOrder) => Promise<FreezeOutcome>
}): Handler {
  return signedOrderHandler(freezeOrderSchema, options.secrets, async (order): Promise<OrderAnswer> => {
    if (order.action === 'freeze' && !order.reason)
      return refusal(400, 'A freeze needs a reason; the check shows it.')
    const outcome = await options.order(order)
    return 'refused' in outcome
      ? refusal(outcome.status, outcome.refused)
      : { status: 200, body: { ok: true, ...outcome } }
  })
}
