import { type Attempt, connect, limitsOf } from './mcp/attempts.ts'
import { plain } from './mcp/exact-json.ts'
import { type Fault, faultIn } from './mcp/faults.ts'
import { withHeaders } from './mcp/headers.ts'
import { asWritten } from './mcp/heard.ts'
import { type Login, loginSecrets } from './mcp/login.ts'
import { type Outcome, outcomeOfError, outcomeOfResult, type RawResult } from './mcp/outcome.ts'
import type { Command } from './mcp/stdio.ts'
import type { Strict } from './mcp/strict.ts'
import { readToolList, type ToolListing } from './mcp/tool-list.ts'
import { type Trace, traced } from './mcp/trace.ts'

export { type ExactNumber, exactNumber, isExact, parseJson, plain } from './mcp/exact-json.ts'
export type { Fault, FaultCause } from './mcp/faults.ts'
export type { Login } from './mcp/login.ts'
export { type Outcome, type RawResult, textOf } from './mcp/outcome.ts'
export type { ListedTool, ToolAnnotations, ToolListing } from './mcp/tool-list.ts'
export { loginSecrets }

/** Where the server under test is. `auto` tries Streamable HTTP first and falls back to the older SSE transport. */
export type StagingTarget =
  | {
      kind: 'http'
      url: string
      transport?: 'auto' | 'http' | 'sse'
      login?: Login
      /** Sent to the server with each request, and to no other origin, such as that of a login. */
      headers?: Record<string, string>
    }
  | { kind: 'stdio'; command: Command }

export type SessionOptions = {
  /** Milliseconds for each request without a word from the server; the SDK's own default would be 60 s. */
  timeout: number
  /** Milliseconds for each request in all, however much progress is reported. Defaults to twice the timeout. */
  maxTotal?: number
  /** The most bytes that one answer may have. */
  maxBytes: number
  /** `defaults` answers every elicitation with the defaults of its schema; `none` does not offer elicitation. */
  elicitation?: 'none' | 'defaults'
  /** Asks for this version of the protocol instead of the newest. */
  protocolVersion?: string
  /** Told each token that the login obtains, before it is used: the server may give it back in an answer. */
  onSecret?: (secret: string) => void
  signal?: AbortSignal
  fetch?: typeof fetch
}

export type CallLimits = { timeout?: number; maxTotal?: number; maxBytes?: number; signal?: AbortSignal }

/** One open session with the server under test, the same for every transport and every generation of the protocol. */
export type StagingSession = {
  transport: 'http' | 'sse' | 'stdio'
  era: '2025' | '2026'
  server: { name: string; version: string }
  protocolVersion: string
  capabilities: unknown
  /** What `tools/list` may depend on; stored beside every baseline. */
  pinned: { capabilities: Record<string, unknown>; login: string }
  listTools: () => Promise<{ ok: true; listing: ToolListing } | { ok: false; outcome: Outcome }>
  /** One call. Never rejects: whatever happens is an outcome. */
  callTool: (name: string, args: Record<string, unknown>, limits?: CallLimits) => Promise<Outcome>
  probe: (limits?: CallLimits) => Promise<boolean>
  stderr: () => string
  /** How many lines that are no JSON-RPC a command has printed where only JSON-RPC belongs. */
  noise: () => number
  /** How often the server has announced another list of tools (`notifications/tools/list_changed`). */
  announced: () => number
  /** What a client refuses that keeps to the protocol: the SDK's own one of the same generation. */
  strict: Strict
  close: () => Promise<void>
}

export type Opened = { ok: true; session: StagingSession } | { ok: false; fault: Fault; stderr: string }

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
  const headed = { ...options, fetch: target.kind === 'http' ? withHeaders(base, target) : base }
  const attempt = await connect(target, headed, capabilities, current)
  if (!attempt.ok) return { ok: false, fault: attempt.fault, stderr: attempt.stderr }
  const login = loginOf(target)
  return { ok: true, session: sessionOver(attempt, options, { capabilities, login }, current) }
}

/** How the server knows who asks, for what is stored beside a list: the kind of login, and the names of headers. */
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
    return { ...exchanged, value: asWritten(exchanged.trace.heard ?? [], exchanged.value) }
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
        // The contract is compared in doubles.
        if (value !== undefined) return plain(value)
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
      const refused = connection.strict.result(plain(value) as RawResult)
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
