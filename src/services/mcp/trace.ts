import { AsyncLocalStorage } from 'node:async_hooks'
import { type Fault, faultError, faultOfThrown } from './faults.ts'
import type { RawMessage } from './raw-message.ts'

/**
 * What is noted about one exchange with the server while it lasts. The SDK's own `onerror` belongs to the whole
 * connection, and a stream that breaks off looks to the caller like a timeout; so each exchange keeps its own notes.
 */
export type Trace = {
  maxBytes: number
  bytes: number
  errors: Error[]
  fault?: Fault
  /** What came, where the exchange asks for it to be kept. */
  heard?: RawMessage[]
  /** The request named a session, which the server may have forgotten. */
  inSession?: boolean
  /** The server has answered over HTTP: what fails after that is not a connection error. */
  answered: boolean
  /** The stream named an event id, so the SDK will ask again for what is missing (spec 2025-11-25, resumability). */
  resumable: boolean
  abort: AbortController
  /** The caller's signal to stop, combined with the time limit of this exchange. */
  stop?: AbortSignal
  total?: AbortSignal
  fail: (fault: Fault) => void
}

const traces = new AsyncLocalStorage<Trace>()

export function currentTrace(): Trace | undefined {
  return traces.getStore()
}

/**
 * Runs one exchange. Rejects as soon as the transport is known to be broken, without waiting for the timeout; and
 * whenever it rejects, its own requests are aborted, so that no socket stays open behind it.
 */
export async function traced<T>(
  maxBytes: number,
  exchange: (trace: Trace) => Promise<T>,
): Promise<{ trace: Trace; value?: T; error?: unknown }> {
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  let failed = false
  const trace: Trace = {
    maxBytes,
    bytes: 0,
    errors: [],
    answered: false,
    resumable: false,
    abort: new AbortController(),
    fail(fault) {
      if (failed) return
      failed = true
      trace.fault = fault
      broken.reject(faultError(fault))
    },
  }
  try {
    const value = await traces.run(trace, () => Promise.race([exchange(trace), broken.promise]))
    return { trace, value }
  } catch (error) {
    trace.abort.abort()
    return { trace, error }
  }
}

/** How every error begins that says that an answer is too long. */
export const TOO_LARGE = 'the answer is larger than'

/** To be called from a transport's `onerror`: files the error with the exchange that it belongs to. */
export function noteError(error: Error, trace: Trace | undefined): void {
  if (!trace || trace.abort.signal.aborted) return
  trace.errors.push(error)
  if (error.message.startsWith(TOO_LARGE)) trace.fail({ cause: 'too_large', message: error.message })
  else if (/^SSE error/.test(error.message)) trace.fail(brokenOff(trace))
  else if (/Maximum reconnection attempts/.test(error.message))
    trace.fail(faultOfThrown(new Error('terminated')))
  else if (/SSE stream disconnected/.test(error.message) && !trace.resumable) trace.fail(brokenOff(trace))
}

export function isUnreadable(error: Error): boolean {
  return error instanceof SyntaxError || error.name.includes('ZodError')
}

/** A stream ended without its answer: malformed where something unreadable came, otherwise broken off. */
export function brokenOff(trace: Trace): Fault {
  const unreadable = trace.errors.find(isUnreadable)
  if (trace.fault) return trace.fault
  if (unreadable) return faultOfThrown(unreadable)
  return { cause: 'broken_stream', message: 'the stream ended before the answer came' }
}
