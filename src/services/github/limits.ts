import type { Pause } from '../../store/pauses.ts'
import { retryAfterError, retryTimeOf } from '../../store/retry-after-error.ts'

/** What an answer of GitHub says that matters here; `data` is the parsed body. */
export type Answer = {
  status: number
  headers: Record<string, string | number | undefined>
  data?: unknown
}

const minute = 60_000

/**
 * The one definition of "a limit of GitHub is reached": a secondary one (`retry-after`, or by its words) rests everything,
 * the hourly one (nothing remaining) what it counts. GraphQL answers 200, with an error of the type `RATE_LIMITED`.
 * Until the time that GitHub names, or for a minute where it names none, as its documentation asks.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function limitIn({ status, headers, data }: Answer, now: Date): Pause | undefined {
  if (status === 200 ? !isGraphqlLimit(data) : status !== 403 && status !== 429) return undefined
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)
  const after = Number(headers['retry-after'])
  if (Number.isFinite(after) && after > 0) return { resource: 'all', until: inSeconds(after) }
  if (String(headers['x-ratelimit-remaining']) === '0') {
    const resource = headers['x-ratelimit-resource'] === 'graphql' ? 'graphql' : 'core'
    return { resource, until: resetTime(headers, now) }
  }
  const isLimit = status !== 403 || /rate limit|abuse detection/i.test(JSON.stringify(data ?? ''))
  return isLimit ? { resource: 'all', until: inSeconds(60) } : undefined
}

/** GitHub's clock and ours may differ: never a moment that has passed. */
function resetTime(headers: Answer['headers'], now: Date): Date {
  const reset = Number(headers['x-ratelimit-reset']) * 1000
  return new Date(reset > now.getTime() ? reset : now.getTime() + minute)
}

function isGraphqlLimit(data: unknown): boolean {
  const { errors } = (data ?? {}) as { errors?: { type?: string; message?: string }[] }
  return (
    Array.isArray(errors) &&
    errors.some(({ type, message }) => type === 'RATE_LIMITED' || /rate limit/i.test(message ?? ''))
  )
}

/** Which of the hourly limits a request counts for. */
export function resourceOf(url: string): 'core' | 'graphql' {
  return url.endsWith('/graphql') ? 'graphql' : 'core'
}

/** What a client throws at a limit: the queue runs the job again at that time, and nothing waits in the process. */
export function limitReached(until: Date): Error {
  return retryAfterError(until, "GitHub's rate limit is reached")
}

/** Whether an error is a rate limit, which must never be mistaken for "not found" or "not readable". */
export function isLimit(error: unknown): boolean {
  return retryTimeOf(error) !== undefined
}
