import type { Handler } from './server.ts'
import { signedOrder, signedOrderHandler } from './signed-order.ts'

export const statusPath = '/api/status'

/** Tells whoever holds the webhook secret what is ready and what waits. */
export function statusHandler(options: {
  secrets: readonly string[]
  status: () => Promise<object>
}): Handler {
  return signedOrderHandler(signedOrder, options.secrets, async () => ({
    status: 200,
    body: await options.status(),
  }))
}
