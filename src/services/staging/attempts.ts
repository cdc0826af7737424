import type { SessionOptions, StagingSession, StagingTarget } from '../staging.ts'
import type { Connection, RequestLimits } from './connection.ts'
import type { Fault } from './faults.ts'
import { connectLegacy, type LegacyTarget } from './legacy.ts'
import type { Login } from './login.ts'
import { faultOf, protocolError, UNSUPPORTED_PROTOCOL_VERSION } from './outcome.ts'
import { type Trace, traced } from './trace.ts'

export type Attempt = {
  ok: true
  connection: Connection
  stderr: () => string
  transport: StagingSession['transport']
}
export type Refusal = { ok: false; fault: Fault; needsModern: boolean; maybeSse: boolean; stderr: string }

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
  const first = wanted === 'sse' ? 'sse' : 'http'
  const attempt = await legacyAttempt(
    { kind: first, url, login, fetch: request },
    options,
    capabilities,
    current,
  )
  if (attempt.ok || wanted === 'sse') return attempt
  if (attempt.needsModern) return modernAttempt(url, login, options, capabilities)
  if (wanted === 'http' || !attempt.maybeSse) return attempt
  const older = await legacyAttempt(
    { kind: 'sse', url, login, fetch: request },
    options,
    capabilities,
    current,
  )
  return older.ok ? older : attempt
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
    const { maxBytes, protocolVersion } = options
    return connectLegacy({ target, capabilities, maxBytes, limits, inFlight, onStderr, protocolVersion })
  })
  delete current.trace
  if (value) return { ok: true, connection: value, stderr: told, transport: target.kind }
  return refusal(error, trace, told())
}

async function modernAttempt(
  url: URL,
  login: Login,
  options: SessionOptions,
  capabilities: Record<string, unknown>,
): Promise<Attempt | Refusal> {
  const { connectModern } = await import('./modern.ts')
  const request = options.fetch ?? fetch
  const { trace, value, error } = await traced(options.maxBytes, (trace) =>
    connectModern({ url, login, fetch: request, capabilities, limits: limitsOf(options, trace) }),
  )
  if (value) return { ok: true, connection: value, stderr: () => '', transport: 'http' }
  return refusal(error, trace, '')
}

function refusal(error: unknown, trace: Trace, stderr: string): Refusal {
  const spoken = protocolError(error)
  const fault = faultOf(error, trace)
  const needsModern = spoken?.code === UNSUPPORTED_PROTOCOL_VERSION
  const maybeSse = !spoken && [400, 404, 405].includes(fault.status ?? 0)
  if (!spoken || trace.fault?.cause === 'unauthorized')
    return { ok: false, fault, needsModern, maybeSse, stderr }
  const message = `the server refused to begin a session: ${spoken.message} (${spoken.code})`
  return { ok: false, fault: { cause: 'http', message }, needsModern, maybeSse, stderr }
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
