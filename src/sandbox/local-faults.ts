import type { IncomingMessage } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/**
 * How a local system fails: with a status (429 with `retry-after: 1`), by cutting the connection, or by doing what it was asked
 * for and losing its answer.
 */
export type LocalFault = number | 'cut' | 'lose the answer'

/** The faults that are to come, one for each call. */
export function createFaults() {
  const waiting: LocalFault[] = []
  return {
    add: (fault: LocalFault, times = 1) => void waiting.push(...Array.from({ length: times }, () => fault)),
    next: () => waiting.shift(),
    left: () => waiting.length,
    clear: () => void waiting.splice(0),
    answer: (c: Context, fault: LocalFault) => {
      if (typeof fault === 'number')
        return c.json({ message: 'the sandbox is set to fail' }, fault as ContentfulStatusCode, {
          ...(fault === 429 ? { 'retry-after': '1' } : {}),
        })
      const { incoming } = c.env as { incoming: IncomingMessage }
      incoming.socket.destroy()
      return new Response(null, RESPONSE_ALREADY_SENT)
    },
  }
}
