import type { Handler } from './server.ts'
import { signedRequest, signedRequestHandler } from './signed-request.ts'

export const statusPath = '/api/status'

/** Handles `release-gate status`. */
export function statusHandler(options: {
  secrets: readonly string[]
  status: () => Promise<object>
}): Handler {
  return signedRequestHandler(signedRequest, options.secrets, async () => ({
    status: 200,
    body: await options.status(),
  }))
}
