import { type Fault, type FaultCause, faultIn, faultOfThrown, faultOfUnreadable } from './faults.ts'
import { answeredError, isClosed, isTimeout } from './json-rpc-errors.ts'
import { brokenOff, type Trace } from './trace.ts'

/** A tool's answer as it came: nothing dropped, nothing made up. */
export type RawResult = {
  content?: unknown[]
  structuredContent?: unknown
  isError?: boolean
  [key: string]: unknown
}

/** What became of one call. `refused` says why a strict client refuses the answer. Tool, protocol and transport errors are three different columns. */
export type Outcome =
  | { kind: 'ok'; result: RawResult; refused?: string[] }
  | { kind: 'tool_error'; result: RawResult; unknownTool: boolean; refused?: string[] }
  | { kind: 'protocol_error'; code: number; message: string; unknownTool: boolean }
  | { kind: 'transport_error'; cause: FaultCause; message: string; status?: number }
  | { kind: 'needs_input'; message: string }

/**
 * Sorts a result. Frameworks report an unknown tool in different ways: `isError`, -32602 or -32603. `unknownTool` covers all of
 * them.
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
  const answered = answeredError(error, trace)
  if (answered && forgetsSession(answered.message, trace)) {
    return {
      kind: 'transport_error',
      cause: 'session_ended',
      message: `the server ended the session (HTTP 400): ${answered.message}`,
      status: 400,
    }
  }
  if (answered) {
    const unknownTool =
      (answered.code === -32602 || answered.code === -32603) && namesUnknownTool(answered.message, tool)
    return { kind: 'protocol_error', ...answered, unknownTool }
  }
  const { cause, message, status } = faultOf(error, trace)
  return { kind: 'transport_error', cause, message, ...(status === undefined ? {} : { status }) }
}

/** Servers on the Python SDK before 1.24 answer 400 instead of 404: https://github.com/modelcontextprotocol/python-sdk/issues/1727 */
function forgetsSession(message: string, { inSession, fault }: Trace): boolean {
  if (!inSession || fault?.status !== 400) return false
  return /\bsession\b.*(not found|invalid|expired|terminated|unknown|does not exist)|(no valid|invalid|expired|unknown) session\b/i.test(
    message,
  )
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
  if (isLogin(error)) return { cause: 'unauthorized', message: 'the login to the server failed' }
  if (isClosed(error)) return { cause: 'closed', message: 'the server closed the connection' }
  return trace.answered ? faultOfUnreadable(error) : faultOfThrown(error)
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
