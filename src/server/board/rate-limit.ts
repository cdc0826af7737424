import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'

/**
 * Counts the requests of each address of the network in a window of time, in this process. Behind a proxy all have the proxy's address:
 * headers that name another one can be forged.
 */
export function createRateLimit({
  most,
  within,
}: {
  most: number
  within: number
}): (context: Context) => boolean {
  const counts = new LRUCache<string, { count: number }>({ max: 10_000, ttl: within })
  return (context) => {
    const address = addressOf(context)
    const entry = counts.get(address) ?? { count: 0 }
    if (entry.count === 0) counts.set(address, entry)
    entry.count += 1
    return entry.count <= most
  }
}

function addressOf({ env }: Context): string {
  const incoming = (env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
  return incoming?.socket?.remoteAddress ?? 'unknown'
}
