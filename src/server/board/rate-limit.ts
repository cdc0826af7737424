import { isIP } from 'node:net'
import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'

/**
 * Counts the requests of each address of the network in a window of time, in this process. `proxies`: how many proxies in front of the
 * bot are the operator's own. Each adds the address that it was asked from at the right of `X-Forwarded-For`; whatever stands further
 * left can be forged.
 */
export function createRateLimit({
  most,
  within,
  proxies = 0,
}: {
  most: number
  within: number
  proxies?: number | undefined
}): (context: Context) => boolean {
  const counts = new LRUCache<string, { count: number }>({ max: 10_000, ttl: within })
  return (context) => {
    const address = addressOf(context, proxies)
    const entry = counts.get(address) ?? { count: 0 }
    if (entry.count === 0) counts.set(address, entry)
    entry.count += 1
    return entry.count <= most
  }
}

function addressOf({ env, req }: Context, proxies: number): string {
  const incoming = (env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
  const direct = incoming?.socket?.remoteAddress ?? 'unknown'
  if (proxies === 0) return direct
  const forwarded = (req.header('x-forwarded-for') ?? '').split(',').at(-proxies) ?? ''
  const address = withoutPort(forwarded.trim())
  return isIP(address) ? address : direct
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711`, as some proxies write it. */
function withoutPort(written: string): string {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(written) ?? []
  return bracketed ?? v4 ?? written
}
