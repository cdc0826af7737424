import type { IncomingMessage } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import picomatch from 'picomatch'
import { isAppActor } from './auth.ts'
import type { Actor, GitHubContext } from './context.ts'
import { createDeliveryFaults, type DeliveryFault, type DeliveryFaults } from './delivery-faults.ts'
import { primaryRefusal, secondaryRefusal } from './rate-limit-answers.ts'

/** Which requests a fault meets. Without `times` it stays until it is removed. A string `path` is a glob. */
type RequestScope = {
  method?: string
  path: RegExp | string
  times?: number
  only?: 'app' | 'people' | 'all'
}

/**
 * - `latency`: the request waits before anything is done.
 * - `status`: an answer instead of the work, such as 502.
 * - `lost-reply`: the work is done, then the connection is cut.
 * - `reset`: the connection is cut and no work is done.
 * - `clock`: the `Date` of the answer is so far ahead of this machine's clock.
 * - `rate-limit`, `secondary-rate-limit`: a limit is reached; `retryAfter` in seconds, 60 when absent.
 */
export type RequestFault = RequestScope &
  (
    | { kind: 'latency'; latencyMs: number }
    | { kind: 'status'; status: ContentfulStatusCode; body?: object }
    | { kind: 'lost-reply' | 'reset' }
    | { kind: 'clock'; aheadMs: number }
    | { kind: 'rate-limit' | 'secondary-rate-limit'; retryAfter?: number }
  )

export type Faults = {
  /** Runs after auth. The connection can only be cut under a real server (@hono/node-server). */
  middleware: MiddlewareHandler<GitHubContext>
  deliveries: DeliveryFaults
  /** Adds a fault and returns the function that removes it. Of several that fit, the oldest one that is left is used. */
  add(fault: RequestFault | DeliveryFault): () => void
  clear(): void
}

type Armed = { fault: RequestFault; left: number; matchesPath: (path: string) => boolean }

/** Faults on demand, for requests and for webhook deliveries. Pass the sandbox's `clock` when a story moves it. */
export function createFaults({ clock = Date.now }: { clock?: () => number } = {}): Faults {
  const armed = new Set<Armed>()
  const deliveries = createDeliveryFaults()

  function take(c: Context<GitHubContext>): RequestFault | undefined {
    for (const entry of armed) {
      const { method, only = 'all' } = entry.fault
      if (entry.left <= 0 || !entry.matchesPath(c.req.path) || !meetsActor(only, c.var.actor)) continue
      if (method && method.toUpperCase() !== c.req.method) continue
      entry.left -= 1
      if (entry.left <= 0) armed.delete(entry)
      return entry.fault
    }
    return undefined
  }

  return {
    deliveries,
    async middleware(c, next) {
      const fault = take(c)
      if (!fault) return next()
      return strike(c, fault, next, clock)
    },
    add(fault) {
      if (!('path' in fault)) return deliveries.add(fault)
      const { path, times = Number.POSITIVE_INFINITY } = fault
      const matchesPath = typeof path === 'string' ? picomatch(path) : (actual: string) => path.test(actual)
      const entry = { fault, left: times, matchesPath }
      armed.add(entry)
      return () => void armed.delete(entry)
    },
    clear() {
      armed.clear()
      deliveries.clear()
    },
  }
}

async function strike(
  c: Context<GitHubContext>,
  fault: RequestFault,
  next: () => Promise<void>,
  clock: () => number,
) {
  switch (fault.kind) {
    case 'latency':
      await after(fault.latencyMs)
      return next()
    case 'status':
      return c.json(fault.body ?? { message: 'Server Error' }, fault.status)
    case 'lost-reply':
      await next()
      c.res = cut(c)
      return
    case 'clock':
      await next()
      c.res.headers.set('date', new Date(Date.now() + fault.aheadMs).toUTCString())
      return
    case 'reset':
      return cut(c)
    case 'rate-limit':
      return primaryRefusal(c, {
        limit: 5000,
        used: 5000,
        resetAt: clock() + (fault.retryAfter ?? 60) * 1000,
      })
    case 'secondary-rate-limit':
      return secondaryRefusal(c, 403, fault.retryAfter ?? 60)
  }
}

/** Destroys the client's socket. The answer only tells the server adapter that there is nothing left to send. */
function cut(c: Context): Response {
  const { incoming } = c.env as { incoming: IncomingMessage }
  incoming.socket.destroy()
  return new Response(null, RESPONSE_ALREADY_SENT)
}

function meetsActor(only: 'app' | 'people' | 'all', actor: Actor): boolean {
  return only === 'all' || only === (isAppActor(actor) ? 'app' : 'people')
}
