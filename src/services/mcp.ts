import { type Attempt, connect, limitsOf } from './mcp/attempts.ts'
import { faultIn } from './mcp/faults.ts'
import { withHeaders } from './mcp/headers.ts'
import { loginSecrets } from './mcp/login.ts'
import { type Outcome, outcomeOfError, outcomeOfResult, type RawResult } from './mcp/outcome.ts'
import { onlyPublicElsewhere } from './mcp/public-addresses.ts'
import { withExactNumbers } from './mcp/raw-message.ts'
import type { CallLimits, Opened, SessionOptions, StagingSession, StagingTarget } from './mcp/session.ts'
import { readToolList } from './mcp/tool-list.ts'
import { type Trace, traced } from './mcp/trace.ts'

export { type ExactNumber, exactNumber, isExact, parseJson, plain } from './mcp/exact-json.ts'
export type { Fault, FaultCause } from './mcp/faults.ts'
export type { Login } from './mcp/login.ts'
export { type Outcome, type RawResult, textOf } from './mcp/outcome.ts'
export type { CallLimits, Opened, SessionOptions, StagingSession, StagingTarget } from './mcp/session.ts'
export { duplicateNames, type ListedTool, type ToolAnnotations, type ToolListing } from './mcp/tool-list.ts'
export { loginSecrets }

/**
 * Opens a session: SDK 1.x first, then SDK 2.x for a server that speaks only the 2026-07-28 protocol (it answers
 * -32022), then SSE for one that knows no Streamable HTTP. Never rejects: a server that cannot be reached, or a login
 * that fails, is a fault.
 */
export async function openStaging(target: StagingTarget, options: SessionOptions): Promise<Opened> {
  const current: { trace?: Trace } = {}
  const capabilities =
    options.elicitation === 'defaults' ? { elicitation: { form: { applyDefaults: true } } } : {}
  const base = options.fetch ?? fetch
  const guarded = target.kind === 'http' ? onlyPublicElsewhere(base, addressesOf(target)) : base
  const headed = { ...options, fetch: target.kind === 'http' ? withHeaders(guarded, target) : base }
  const attempt = await connect(target, headed, capabilities, current)
  if (!attempt.ok) return { ok: false, fault: attempt.fault, stderr: attempt.stderr }
  const login = loginOf(target)
  return { ok: true, session: sessionOver(attempt, options, { capabilities, login }, current) }
}

/** The addresses that the operator set. */
function addressesOf({ url, login }: StagingTarget & { kind: 'http' }): string[] {
  return login && 'issuer' in login && login.issuer !== undefined ? [url, login.issuer] : [url]
}

/** How the client is authenticated, as stored with a list: the kind of login and the header names. */
function loginOf(target: StagingTarget): string {
  if (target.kind === 'stdio') return 'none'
  const names = Object.keys(target.headers ?? {}).map((name) => name.toLowerCase())
  return [target.login?.kind ?? 'none', ...names.sort()].join(' + ')
}

function sessionOver(
  { connection, stderr, transport }: Attempt,
  options: SessionOptions,
  pinned: StagingSession['pinned'],
  current: { trace?: Trace },
): StagingSession {
  async function ask(method: string, params: Record<string, unknown>, given: CallLimits = {}) {
    const maxBytes = given.maxBytes ?? options.maxBytes
    const exchanged = await traced(maxBytes, (trace) => {
      current.trace = trace
      trace.heard = []
      return connection.request(method, params, limitsOf({ ...options, ...given }, trace))
    })
    delete current.trace
    if (exchanged.value === undefined) return exchanged
    return { ...exchanged, value: withExactNumbers(exchanged.trace.heard ?? [], exchanged.value) }
  }
  const { era, server, protocolVersion, capabilities } = connection
  return {
    transport,
    era,
    server,
    protocolVersion,
    capabilities,
    pinned,
    stderr,
    noise: () => connection.noise?.() ?? 0,
    announced: connection.announced,
    strict: connection.strict,
    async listTools() {
      let failed: Outcome | undefined
      const read = async (params: Record<string, unknown>) => {
        const { value, error, trace } = await ask('tools/list', params)
        if (value !== undefined) return value
        failed = outcomeOfError(error, trace, '')
        throw error
      }
      try {
        return { ok: true, listing: await readToolList(read, connection.strict) }
      } catch (error) {
        const fault = faultIn(error) ?? { cause: 'malformed', message: 'tools/list is not a list' }
        return { ok: false, outcome: failed ?? { kind: 'transport_error', ...fault } }
      }
    },
    async callTool(name, args, limits) {
      const { value, error, trace } = await ask('tools/call', { name, arguments: args }, limits)
      if (value === undefined) return outcomeOfError(error, trace, name)
      const outcome = outcomeOfResult(value, name)
      if (outcome.kind !== 'ok' && outcome.kind !== 'tool_error') return outcome
      const refused = connection.strict.result(value as RawResult)
      return refused.length > 0 ? { ...outcome, refused } : outcome
    },
    async probe(limits) {
      const { value } = await traced(options.maxBytes, (trace) =>
        connection.probe(limitsOf({ ...options, ...limits }, trace)),
      )
      return value === true
    },
    close: () => connection.close().catch(() => undefined),
  }
}
