import { retryAfterError } from '../store/retry-after-error.ts'

/** How long one call may take. */
export const callTimeout = 10_000

const MARK = Symbol.for('release-gate.refused')

/** The system understood the call and refuses it: the same call again would be refused again. */
export function refused(why: string): Error {
  return Object.assign(new Error(why), { [MARK]: true as const })
}

export function isRefused(error: unknown): boolean {
  return error instanceof Error && MARK in error
}

/** No system is left alone for longer, whatever it asks for: a page that waits must not wait for a proxy's mistake. In seconds. */
const longestWait = 300

/** Request Timeout and Too Early say nothing of the request: a proxy may answer so for any. */
const passing = [408, 425]

type Call = {
  /** The name of the system, for errors. */
  system: string
  url: string
  method: 'GET' | 'POST' | 'PUT'
  headers?: Record<string, string>
  body?: object
  signal: AbortSignal
  now: () => Date
}

/**
 * One call of a small JSON API. Errors name the system, the path and the status, never a header, a body or a query.
 * @throws `retryAfterError` at a limit, for five minutes at most, `refused` for other 4xx but those that pass, an error that is retried for everything else.
 */
export async function callJson({ system, url, method, headers, body, signal, now }: Call): Promise<unknown> {
  const { pathname } = new URL(url)
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(callTimeout)]),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new Error(`${system} could not be reached at ${pathname}: ${cause}`)
  })
  const text = await response.text()
  if (response.status === 429) {
    const seconds = Number(response.headers.get('retry-after'))
    const wait = seconds > 0 ? Math.min(seconds, longestWait) : 60
    throw retryAfterError(new Date(now().getTime() + wait * 1_000), `${system} asks to wait`)
  }
  const what = `${system} answered ${method} ${pathname} with ${response.status}`
  if (response.status === 401 || response.status === 403)
    throw new Error(`${what}. Check the key or token that the operator set.`)
  if (response.status >= 400 && response.status < 500 && !passing.includes(response.status))
    throw refused(what)
  if (!response.ok) throw new Error(what)
  return text === '' ? undefined : parsed(text, what)
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${what}, which is not JSON`)
  }
}
