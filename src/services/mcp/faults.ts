/**
 * Why a call got no answer from the tool. None of these is a tool error, since the tool never answered. `session_ended` is how
 * a server says that it forgot the session that the request named. Different failures of servers and proxies are distinguished,
 * because different people fix them. `refused` is the answer of a server that would not begin a session.
 */
export type FaultCause =
  | 'timeout'
  | 'connection'
  | 'closed'
  | 'broken_stream'
  | 'html'
  | 'malformed'
  | 'redirect'
  | 'unauthorized'
  | 'not_found'
  | 'session_ended'
  | 'rate_limited'
  | 'unavailable'
  | 'http'
  | 'refused'
  | 'too_large'
  | 'aborted'

export type Fault = { cause: FaultCause; message: string; status?: number }

const BY_STATUS: Record<number, FaultCause> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** The fault according to a response's status and type, or undefined if the body decides. */
export function faultOfResponse(
  response: Response,
  requested: URL,
  expectsAnswer: boolean,
  inSession = false,
): Fault | undefined {
  const { status } = response
  if (status >= 300 && status < 400) return redirectFault(response, requested)
  if (status === 404 && inSession)
    return { cause: 'session_ended', status, message: 'the server ended the session (HTTP 404)' }
  if (!response.ok) {
    return { cause: BY_STATUS[status] ?? 'http', status, message: `the server answered HTTP ${status}` }
  }
  const type = response.headers.get('content-type') ?? ''
  if (expectsAnswer && /^\s*text\/html|^\s*application\/xhtml/i.test(type)) {
    return { cause: 'html', status, message: 'the server answered with a web page (HTML), not with MCP' }
  }
  return undefined
}

function redirectFault(response: Response, requested: URL): Fault | undefined {
  const location = response.headers.get('location')
  if (!location || !URL.canParse(location, requested)) {
    return { cause: 'redirect', status: response.status, message: 'the server redirects without a location' }
  }
  const target = new URL(location, requested)
  // Within the origin the SDK follows on its own, and the next response is evaluated instead of this one.
  return {
    cause: 'redirect',
    status: response.status,
    message: `the server redirects to ${target.host}, which is not followed`,
  }
}

/** The fault behind an error that `fetch` or a stream threw. */
export function faultOfThrown(error: unknown): Fault {
  const message = deepest(error)
  if (error instanceof SyntaxError || nameOf(error) === 'ZodError' || nameOf(error) === '$ZodError') {
    return { cause: 'malformed', message: 'the answer is not well-formed JSON-RPC' }
  }
  // After five minutes without a word, whatever timeout was given: https://undici.nodejs.org, `headersTimeout`.
  if (/^(Headers|Body) Timeout Error$/.test(message)) {
    return { cause: 'timeout', message: `no answer within the time allowed: ${message}` }
  }
  if (/terminated|other side closed|premature close|stream disconnected|aborted/i.test(message)) {
    return { cause: 'broken_stream', message: `the answer was cut off: ${message}` }
  }
  if (/socket hang up|ECONNRESET|EPIPE/i.test(message)) {
    return { cause: 'broken_stream', message: `the connection broke: ${message}` }
  }
  const [, command] = /^spawn (.+) ENOENT$/.exec(message) ?? []
  const why =
    command === undefined ? message : `the command ${command} is not found; install it, or give its path`
  return { cause: 'connection', message: `the server cannot be reached: ${why}` }
}

/** The fault behind an error that came after the server had answered: where `fetch` did not fail, the connection stood. */
export function faultOfUnreadable(error: unknown): Fault {
  const fault = faultOfThrown(error)
  if (fault.cause !== 'connection' || (error instanceof Error && error.message === 'fetch failed'))
    return fault
  return { cause: 'malformed', message: `the answer cannot be read: ${deepest(error)}` }
}

function deepest(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause !== undefined) current = current.cause
  if (current instanceof AggregateError && current.errors.length > 0) return deepest(current.errors[0])
  return current instanceof Error ? current.message : String(current)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** Carries a `Fault` through code that only knows how to throw. */
export function faultError(fault: Fault): Error & { fault: Fault } {
  return Object.assign(new Error(fault.message), { fault })
}

export function faultIn(error: unknown): Fault | undefined {
  return error instanceof Error && 'fault' in error ? (error.fault as Fault) : undefined
}
