import { ProbotOctokit } from 'probot'
import { retryAfter } from '../../store/retry-later.ts'

/** GitHub's client for one installation. */
export type GitHub = InstanceType<typeof ProbotOctokit>

/**
 * Probot's client without Octokit's own retries and waiting: the retry plugin repeats POST too, and the throttling
 * plugin spaces writes a second apart and waits inside the process for up to an hour. A failure is thrown, and the
 * queue runs the job again. A function, since Probot gives throttling options of its own that plain defaults lose to.
 */
export const GateOctokit = ProbotOctokit.defaults((options: object) => ({
  ...options,
  retry: { enabled: false },
  throttle: { enabled: false },
}))

export function statusOfError(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

/** The answer, or undefined where GitHub answers 404: absent, or not to be seen by us. */
export async function orAbsent<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if (statusOfError(error) === 404) return undefined
    throw error
  }
}

/** As `orAbsent`, and for what was there: a deleted issue answers 410. */
export async function orGone<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if ([404, 410].includes(statusOfError(error) ?? 0)) return undefined
    throw error
  }
}

type Limited = {
  status: number
  response?: { headers: Record<string, string | number | undefined>; data?: unknown }
}

/**
 * Turns a reached limit into "again at the time that GitHub names": `retry-after` in seconds, or the reset of the
 * hourly limit, or a minute where GitHub names none. Any other error is returned as it is.
 */
export function asRetry(error: unknown, now: Date): unknown {
  const status = statusOfError(error)
  if (status !== 403 && status !== 429) return error
  const { headers = {}, data } = (error as Limited).response ?? {}
  const after = Number(headers['retry-after'])
  if (Number.isFinite(after) && after > 0) return limited(new Date(now.getTime() + after * 1000))
  if (String(headers['x-ratelimit-remaining']) === '0') {
    return limited(new Date(Number(headers['x-ratelimit-reset']) * 1000))
  }
  const says = JSON.stringify(data ?? '')
  return status === 429 || says.includes('secondary rate limit')
    ? limited(new Date(now.getTime() + 60_000))
    : error
}

function limited(at: Date): Error {
  return retryAfter(at, "GitHub's limit is reached")
}

/** Whether GitHub refuses a token for the installation: it was removed or suspended. */
export function revoked(error: unknown): boolean {
  const url = (error as { request?: { url?: string } } | undefined)?.request?.url ?? ''
  return (
    /\/app\/installations\/\d+\/access_tokens$/.test(url) &&
    [401, 403, 404].includes(statusOfError(error) ?? 0)
  )
}

/** Method and path of the request that failed, without the host and the query. */
export function requestOf(error: unknown): string | undefined {
  const { method, url } =
    (error as { request?: { method?: string; url?: string } } | undefined)?.request ?? {}
  return method && url && URL.canParse(url) ? `${method} ${new URL(url).pathname}` : undefined
}
