import { isModern } from './connection.ts'
import type { Fault } from './faults.ts'
import { answeredError, protocolError, UNSUPPORTED_PROTOCOL_VERSION } from './json-rpc-errors.ts'
import { faultOf } from './outcome.ts'
import type { Trace } from './trace.ts'

/** Why a session did not begin, and what could be tried instead. */
export type Refusal = {
  ok: false
  fault: Fault
  needsModern: boolean
  /** The server began a session in a version that only SDK 2.x knows. */
  answeredModern: boolean
  maybeSse: boolean
  stderr: string
}

export function refusalOf(error: unknown, trace: Trace, stderr: string): Refusal {
  const answered = answeredError(error, trace)
  const { status = 0 } = faultOf(error, trace)
  return {
    ok: false,
    fault: openingFault(error, trace),
    needsModern: protocolError(error)?.code === UNSUPPORTED_PROTOCOL_VERSION,
    answeredModern: isModern(unsupportedVersion(error)),
    maybeSse: !answered && [400, 404, 405].includes(status),
    stderr,
  }
}

/** A server that answers, and will not begin, is distinguished from one that could not be asked. */
function openingFault(error: unknown, trace: Trace): Fault {
  const fault = faultOf(error, trace)
  const answered = answeredError(error, trace)
  if (answered) {
    const message = `the server refused to start a session: ${answered.message} (${answered.code})`
    return { cause: (trace.fault?.status ?? 0) >= 500 ? 'http' : 'refused', message }
  }
  if (fault.status === 400) return { ...fault, cause: 'refused' }
  if (!trace.fault && speaksNoVersionOfOurs(error)) return { cause: 'refused', message: error.message }
  return fault
}

/** In the words of SDK 1.x, and by the code of SDK 2.x. */
function speaksNoVersionOfOurs(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ERA_NEGOTIATION_FAILED') return true
  return unsupportedVersion(error) !== undefined
}

function unsupportedVersion(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return /^Server's protocol version is not supported: (.*)$/.exec(error.message)?.[1]
}
