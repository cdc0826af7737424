import type { FaultCause } from './faults.ts'
import type { Trace } from './trace.ts'

export type JsonRpcError = { code: number; message: string }

/** JSON-RPC error code of a server that speaks only newer protocols (MCP 2026-07-28). */
export const UNSUPPORTED_PROTOCOL_VERSION = -32022

/**
 * What these statuses say holds whatever JSON-RPC stands in the body: a server that forgot the session answers 404 with
 * an error inside (spec 2025-11-25, session management), and a proxy words its 401 or 503 as it likes.
 */
const toldByStatus: ReadonlySet<FaultCause> = new Set([
  'unauthorized',
  'not_found',
  'session_ended',
  'rate_limited',
  'unavailable',
])

/** The JSON-RPC error that is the server's answer to an exchange, or undefined where it gave none that counts. */
export function answeredError(error: unknown, { fault, stop, total }: Trace): JsonRpcError | undefined {
  // Of an exchange that was broken off the SDK tells in the same words.
  if (stop?.aborted || total?.aborted) return undefined
  return fault && toldByStatus.has(fault.cause) ? undefined : protocolError(error)
}

/**
 * The JSON-RPC error that the server itself sent, however the SDK wraps it: as McpError (1.x), ProtocolError (2.x),
 * or as the body of an HTTP error (a server may answer 400 with a JSON-RPC error inside).
 */
export function protocolError(error: unknown): JsonRpcError | undefined {
  if (!(error instanceof Error) || isTimeout(error) || isClosed(error)) return undefined
  const code = 'code' in error ? error.code : undefined
  const named =
    error.name === 'McpError' || error.name === 'ProtocolError' || /ProtocolVersionError/.test(error.name)
  if (named && typeof code === 'number') {
    return { code, message: error.message.replace(/^MCP error -?\d+: /, '') }
  }
  return errorInBody(error.message)
}

function errorInBody(message: string): JsonRpcError | undefined {
  const body = message.slice(message.indexOf('{'), message.lastIndexOf('}') + 1)
  if (!body.includes('"error"')) return undefined
  try {
    const parsed: unknown = JSON.parse(body)
    const error = (parsed as { jsonrpc?: unknown; error?: { code?: unknown; message?: unknown } }).error
    if (typeof error?.code !== 'number') return undefined
    return { code: error.code, message: String(error.message ?? '') }
  } catch {
    return undefined
  }
}

export function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'TimeoutError') return true
  if (!('code' in error)) return false
  if (error.code === 'REQUEST_TIMEOUT') return true
  // -32001 from the server carries no limit of ours; the SDK's own timeout does.
  const data = 'data' in error ? (error.data as Record<string, unknown> | undefined) : undefined
  return error.code === -32001 && (data?.timeout !== undefined || data?.maxTotalTimeout !== undefined)
}

export function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'CONNECTION_CLOSED') return true
  return /^(MCP error -32000: )?Connection closed$|^Not connected/.test(error.message)
}
