import { z } from 'zod'
import type { FreezeOrder, FreezeOutcome } from '../gate/calendar/freeze.ts'
import type { Handler } from './server.ts'
import { refusal, type SignedAnswer, signedRequest, signedRequestHandler } from './signed-request.ts'

export const freezePath = '/api/freeze'

/** The request of `release-gate freeze` and `unfreeze`. */
const freezeOrderSchema = signedRequest.extend({
  action: z.enum(['freeze', 'unfreeze']),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'is not a repository name like owner/name')
    .optional(),
  reason: z.string().trim().min(1).max(200).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  by: z.string().trim().min(1).max(100),
})

/** Handles `release-gate freeze` and `unfreeze`. */
export function freezeHandler(options: {
  secrets: readonly string[]
  order: (order: FreezeOrder) => Promise<FreezeOutcome>
}): Handler {
  return signedRequestHandler(freezeOrderSchema, options.secrets, async (order): Promise<SignedAnswer> => {
    if (order.action === 'freeze' && !order.reason)
      return refusal(400, 'A freeze needs a reason. The check shows it.')
    const outcome = await options.order(order)
    return 'refused' in outcome
      ? refusal(outcome.status, outcome.refused)
      : { status: 200, body: { ok: true, ...outcome } }
  })
}
