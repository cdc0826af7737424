import { type Fault, type FaultCause, faultIn, faultOfThrown } from './faults.ts'
import { brokenOff, type Trace } from './trace.ts'

/** A tool's answer as it came: nothing dropped, nothing made up. */
export type RawResult = {
  content?: unknown[]
  structuredContent?: unknown
  isError?: boolean
  [key: string]: unknown
}

/** What became of one call. Tool, protocol and transport errors are three different columns. */
export type Outcome =
  | { kind: 'ok'; result: RawResult }
  | { kind: 'tool_error'; result: RawResult; unknownTool: boolean }
  | { kind: 'protocol_error'; code: number; message: string; unknownTool: boolean }
  | { kind: 'transport_error'; cause: FaultCause; message: string; status?: number }
  | { kind: 'needs_input'; message: string }

/** JSON-RPC error code of a server that speaks only newer protocols (MCP 2026-07-28). */
export const UNSUPPORTED_PROTOCOL_VERSION = -32022

/**
 * Sorts a result. An unknown tool comes back in three shapes (`isError`, -32602, -32603), depending on the server's
 * framework; `unknownTool` says so for all three.
 */
export function outcomeOfResult(value: unknown, tool: string): Outcome {
  const result = value as RawResult
  if (result.resultType === 'input_required') {
    return { kind: 'needs_input', message: 'the tool asks for input before it answers' }
  }
  if (result.isError !== true) return { kind: 'ok', result }
  return { kind: 'tool_error', result, unknownTool: namesUnknownTool(textOf(result), tool) }
}

/** Sorts whatever an exchange rejected with. */
export function outcomeOfError(error: unknown, trace: Trace, tool: string): Outcome {
  const spoken = trace.stop?.aborted || trace.total?.aborted ? undefined : protocolError(error)
  if (spoken) {
    const unknownTool =
      (spoken.code === -32602 || spoken.code === -32603) && namesUnknownTool(spoken.message, tool)
    return { kind: 'protocol_error', ...spoken, unknownTool }
  }
  const { cause, message, status } = faultOf(error, trace)
  return { kind: 'transport_error', cause, message, ...(status === undefined ? {} : { status }) }
}

/** The fault behind a rejected exchange, the most telling note first. */
export function faultOf(error: unknown, trace: Trace): Fault {
  if (trace.stop?.aborted) return { cause: 'aborted', message: 'the run was stopped' }
  if (isTimeout(error) || trace.total?.aborted) {
    if (trace.errors.length > 0) return brokenOff(trace)
    return { cause: 'timeout', message: 'no answer within the time allowed' }
  }
  const known = faultIn(error) ?? trace.fault
  if (known) return known
  if (isLogin(error)) return { cause: 'unauthorized', message: 'the login at the server failed' }
  if (isClosed(error)) return { cause: 'closed', message: 'the server closed the connection' }
  return faultOfThrown(error)
}

/**
 * The JSON-RPC error that the server itself sent, however the SDK wraps it: as McpError (1.x), ProtocolError (2.x),
 * or as the body of an HTTP error (a server may answer 400 with a JSON-RPC error inside).
 */
export function protocolError(error: unknown): { code: number; message: string } | undefined {
  if (!(error instanceof Error) || isTimeout(error) || isClosed(error)) return undefined
  const code = 'code' in error ? error.code : undefined
  const named =
    error.name === 'McpError' || error.name === 'ProtocolError' || /ProtocolVersionError/.test(error.name)
  if (named && typeof code === 'number') {
    return { code, message: error.message.replace(/^MCP error -?\d+: /, '') }
  }
  return errorInBody(error.message)
}

function errorInBody(message: string): { code: number; message: string } | undefined {
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

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'TimeoutError') return true
  if (!('code' in error)) return false
  if (error.code === 'REQUEST_TIMEOUT') return true
  // -32001 from the server carries no limit of ours; the SDK's own timeout does.
  const data = 'data' in error ? (error.data as Record<string, unknown> | undefined) : undefined
  return error.code === -32001 && (data?.timeout !== undefined || data?.maxTotalTimeout !== undefined)
}

function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'CONNECTION_CLOSED') return true
  return /Connection closed$|^Not connected/.test(error.message)
}

function isLogin(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    /Unauthorized|OAuth|InvalidClient|InvalidGrant|AuthorizationServer|Issuer/i.test(error.name) ||
    /HTTP 40[13]/.test(error.message)
  )
}

function namesUnknownTool(text: string, tool: string): boolean {
  if (!/unknown|not found|does not exist|no such|not registered/i.test(text)) return false
  return /tool/i.test(text) && (text.includes(tool) || /unknown tool|tool not found/i.test(text))
}

/** All text blocks of an answer, one after the other. */
export function textOf(result: RawResult): string {
  if (!Array.isArray(result.content)) return ''
  return result.content
    .map((block) => (block as { type?: unknown; text?: unknown }) ?? {})
    .filter((block) => block.type === 'text' && typeof block.text === 'string')
    .map((block) => String(block.text))
    .join('\n')
}
