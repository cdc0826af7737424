import { z } from 'zod'
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

export type FreezeWish = z.output<typeof freezeOrderSchema>

/** What became of an order. `frozen`: whether what it names is frozen now. */
export type FreezeOutcome = { says: string; frozen: boolean } | { refused: string; status: number }

/** Takes orders to freeze and to unfreeze at once. */
export function freezeHandler(options: {
  secrets: readonly string[]
  order: (wish: FreezeWish) => Promise<FreezeOutcome>
}): Handler {
  return signedOrderHandler(freezeOrderSchema, options.secrets, async (wish): Promise<OrderAnswer> => {
    if (wish.action === 'freeze' && !wish.reason)
      return refusal(400, 'A freeze needs a reason; the check shows it.')
    const outcome = await options.order(wish)
    return 'refused' in outcome
      ? refusal(outcome.status, outcome.refused)
      : { status: 200, body: { ok: true, ...outcome } }
  })
}
