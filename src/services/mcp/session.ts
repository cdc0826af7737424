import type { Fault } from './faults.ts'
import type { Login } from './login.ts'
import type { Outcome } from './outcome.ts'
import type { Command } from './stdio.ts'
import type { Strict } from './strict.ts'
import type { ToolListing } from './tool-list.ts'

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
  /** Called with each token that the login obtains, before it is used, since the server may return it in an answer. */
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
