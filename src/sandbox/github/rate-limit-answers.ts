import type { Context } from 'hono'
import type { Actor } from './context.ts'

/** What the `x-ratelimit-*` headers say. `resetAt` is in milliseconds since 1970. */
export type RateLimitState = { limit: number; used: number; resetAt: number; resource?: 'core' | 'graphql' }

const PRIMARY_DOCS = 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api'
const SECONDARY_DOCS = `${PRIMARY_DOCS}#about-secondary-rate-limits`

/** The owner of a limit: an installation's tokens share one, and so do a person's. */
export function limitOwner(actor: Actor): string {
  switch (actor.kind) {
    case 'app':
      return `app ID ${actor.appId}`
    case 'installation':
      return `installation ID ${actor.installationId}`
    case 'user':
      return `user ID ${actor.userId}`
    case 'anonymous':
      return '127.0.0.1' // everybody here comes from loopback
  }
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit */
export function rateLimitHeaders({
  limit,
  used,
  resetAt,
  resource = 'core',
}: RateLimitState): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(Math.max(0, limit - used)),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    'x-ratelimit-resource': resource,
  }
}

/** The primary limit is used up: remaining 0, and the time of its reset in the headers. GraphQL says it in an answer of 200. */
export function primaryRefusal(c: Context, state: RateLimitState): Response {
  const message = `API rate limit exceeded for ${limitOwner(c.var.actor)}.`
  if (state.resource === 'graphql')
    return c.json({ errors: [{ type: 'RATE_LIMITED', message }] }, 200, rateLimitHeaders(state))
  return c.json(
    {
      message,
      documentation_url: PRIMARY_DOCS,
      status: '403',
    },
    403,
    rateLimitHeaders(state),
  )
}

/** A secondary limit is reached: 403 or 429 with `retry-after` in seconds. */
export function secondaryRefusal(c: Context, status: 403 | 429, retryAfter: number): Response {
  return c.json(
    {
      message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      documentation_url: SECONDARY_DOCS,
      status: String(status),
    },
    status,
    { 'retry-after': String(retryAfter) },
  )
}
