import { type Connection, isModern, type RequestLimits } from './connection.ts'
import { connectLegacy, type LegacyTarget } from './legacy.ts'
import type { Login } from './login.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { SessionOptions, StagingSession, StagingTarget } from './session.ts'
import { type Trace, traced } from './trace.ts'

export type Attempt = {
  ok: true
  connection: Connection
  stderr: () => string
  transport: StagingSession['transport']
}

/** Tries the ways to reach a server one after the other, and gives the first that works or the most telling fault. */
export async function connect(
  target: StagingTarget,
  options: SessionOptions,
  capabilities: Record<string, unknown>,
  current: { trace?: Trace },
): Promise<Attempt | Refusal> {
  if (target.kind === 'stdio') {
    return legacyAttempt({ kind: 'stdio', command: target.command }, options, capabilities, current)
  }
  const wanted = target.transport ?? 'auto'
  const url = new URL(target.url)
  const login = target.login ?? { kind: 'none' }
  const request = options.fetch ?? fetch
  if (isModern(options.protocolVersion)) return modernAttempt(url, login, options, capabilities)
  const first = wanted === 'sse' ? 'sse' : 'http'
  const attempt = await legacyAttempt(
    { kind: first, url, login, fetch: request },
    options,
    capabilities,
    current,
  )
  if (attempt.ok || wanted === 'sse') return attempt
  const forward = goesForward(attempt, options) && (await modernAttempt(url, login, options, capabilities))
  if (forward && (forward.ok || attempt.needsModern)) return forward
  if (wanted === 'http' || !attempt.maybeSse) return attempt
  const older = await legacyAttempt(
    { kind: 'sse', url, login, fetch: request },
    options,
    capabilities,
    current,
  )
  return older.ok ? older : attempt
}

/** A server that begins in a version of the newer era speaks it, unless it was asked for an older one alone. */
function goesForward(refusal: Refusal, { protocolVersion }: SessionOptions): boolean {
  return refusal.needsModern || (refusal.answeredModern && protocolVersion === undefined)
}

async function legacyAttempt(
  target: LegacyTarget,
  options: SessionOptions,
  capabilities: Record<string, unknown>,
  current: { trace?: Trace },
): Promise<Attempt | Refusal> {
  let told = () => ''
  const { trace, value, error } = await traced(options.maxBytes, (trace) => {
    current.trace = trace
    const limits = limitsOf(options, trace)
    const inFlight = () => current.trace
    const onStderr = (stderr: () => string) => {
      told = stderr
    }
    return connectLegacy({ ...options, target, capabilities, limits, inFlight, onStderr })
  })
  delete current.trace
  if (value) return { ok: true, connection: value, stderr: told, transport: target.kind }
  return refusalOf(error, trace, told())
}

async function modernAttempt(
  url: URL,
  login: Login,
  options: SessionOptions,
  capabilities: Record<string, unknown>,
): Promise<Attempt | Refusal> {
  const { connectModern } = await import('./modern.ts')
  const target = { url, login, capabilities, fetch: options.fetch ?? fetch }
  const { trace, value, error } = await traced(options.maxBytes, (trace) =>
    connectModern({ ...options, ...target, limits: limitsOf(options, trace) }),
  )
  if (value) return { ok: true, connection: value, stderr: () => '', transport: 'http' }
  return refusalOf(error, trace, '')
}

/** The limits of one exchange, which also end it when its trace is aborted. */
export function limitsOf(
  { timeout, maxTotal = timeout * 2, signal }: { timeout: number; maxTotal?: number; signal?: AbortSignal },
  trace: Trace,
): RequestLimits {
  trace.total = AbortSignal.timeout(maxTotal)
  if (signal) trace.stop = signal
  const signals = [trace.abort.signal, trace.total, ...(signal ? [signal] : [])]
  return { timeout: Math.min(timeout, maxTotal), maxTotal, signal: AbortSignal.any(signals) }
}
