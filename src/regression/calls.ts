import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { FaultCause, ListedTool, Outcome, StagingSession } from '../services/mcp.ts'
import { isExpected } from './expectation.ts'
import { writesIn } from './reads.ts'

/** One call as it was measured. `expected` says whether its kind of outcome is the one that its case asks for. */
export type CallRecord = {
  tool: string
  kind: Outcome['kind']
  expected: boolean
  ms: number
  attempt: number
}

/** `unanswered`: the server ended the session, and the call is not safe to repeat; it is not among the records. */
export type Called = { outcome: Outcome; ms: number; attempts: number; unanswered: boolean }

export type Call = {
  tool: string
  args: Record<string, unknown>
  timeout: number
  expected: string[]
  /** The case declares that it only reads, so the call may be repeated. */
  reads?: boolean
}

export type Caller = {
  session: () => StagingSession
  tools: ReadonlyMap<string, ListedTool>
  /** The calls of all callers of the run. */
  records: CallRecord[]
  /** The calls of this one. */
  own: CallRecord[]
  /** One measured call, retried where the rule allows. Throws `RunStopped` when the server is gone. */
  call: (call: Call) => Promise<Called>
  /** One call that is not measured. */
  quietly: (call: Call) => Promise<Outcome>
}

/** Thrown where going on makes no sense: the verdict is then inconclusive, never a regression. */
export type RunStopped = Error & { stopped: true }

export function runStopped(message: string): RunStopped {
  return Object.assign(new Error(message), { stopped: true as const })
}

export function isRunStopped(error: unknown): error is RunStopped {
  return error instanceof Error && 'stopped' in error
}

const ATTEMPTS = 3
const BACKOFF_MS = 200

/** Retried: connection errors, 429, 502 to 504 (rule "Measuring"). Never a timeout: it may have happened. */
const retried: ReadonlySet<FaultCause> = new Set([
  'connection',
  'closed',
  'broken_stream',
  'rate_limited',
  'unavailable',
])

/** The faults after which the session itself is in doubt; a 404 may be one that a server without sessions gives after a restart. */
const needsReopening: ReadonlySet<FaultCause> = new Set([
  'connection',
  'closed',
  'not_found',
  'session_ended',
  'too_large',
])

export type CallerOptions = {
  session: StagingSession
  tools: ReadonlyMap<string, ListedTool>
  reopen: () => Promise<StagingSession | undefined>
  /** Told each time that the server ended the session. */
  onSessionEnded?: () => void
  /** Told of each answer that a strict client refuses. */
  onRefused?: (problem: string) => void
  /** Waited for after each call, outside the measure. */
  afterCall?: (session: StagingSession) => Promise<void>
  maxTotal: number
  /** Where several callers put their calls together. */
  records?: CallRecord[]
  signal?: AbortSignal
}

/** Calls tools one at a time, connecting outside the measure. */
export function createCaller({
  session: first,
  tools,
  reopen,
  onSessionEnded,
  onRefused,
  afterCall,
  maxTotal,
  records = [],
  signal,
}: CallerOptions): Caller {
  const own: CallRecord[] = []
  let session = first

  async function once({ tool, args, timeout }: Call): Promise<{ outcome: Outcome; ms: number }> {
    signal?.throwIfAborted()
    const alive = watchLife(session, timeout)
    const began = performance.now()
    const outcome = await session.callTool(tool, args, { timeout, maxTotal: Math.max(timeout, maxTotal) })
    const ms = performance.now() - began
    await stopIfGone(outcome, alive)
    if ('refused' in outcome) for (const problem of outcome.refused ?? []) onRefused?.(`${tool}: ${problem}`)
    await afterCall?.(session)
    return { outcome, ms }
  }

  async function stopIfGone(outcome: Outcome, alive: LifeWatch): Promise<void> {
    const sign = alive.stop()
    if (outcome.kind !== 'transport_error') return
    if (outcome.cause === 'aborted') throw runStopped('the run was stopped')
    if (outcome.cause === 'unauthorized') throw runStopped('the login to the server failed during the run')
    if (outcome.cause === 'timeout' && !(await sign))
      throw runStopped('the server hangs: it gave no sign of life')
    if (!needsReopening.has(outcome.cause)) return
    if (outcome.cause === 'session_ended') onSessionEnded?.()
    await session.close()
    const next = await reopen()
    if (!next) throw runStopped(`the server died during the run: ${outcome.message}`)
    session = next
  }

  /** A call whose session ended is made once more in a new one, where that is safe; only the second is an answer. */
  async function inSession(call: Call): Promise<{ outcome: Outcome; ms: number }> {
    const first = await once(call)
    return isSessionEnded(first.outcome) && isRepeatable(call, tools.get(call.tool)) ? once(call) : first
  }

  return {
    session: () => session,
    tools,
    records,
    own,
    quietly: async (call) => (await inSession(call)).outcome,
    async call(call) {
      for (let attempt = 1; ; attempt += 1) {
        const { outcome, ms } = await inSession(call)
        if (isSessionEnded(outcome) && !isRepeatable(call, tools.get(call.tool)))
          return { outcome, ms, attempts: attempt, unanswered: true }
        const expected = isExpected(outcome, call.expected)
        const record = { tool: call.tool, kind: outcome.kind, expected, ms, attempt }
        records.push(record)
        own.push(record)
        if (attempt === ATTEMPTS || !mayRetry(outcome, call, tools.get(call.tool))) {
          return { outcome, ms, attempts: attempt, unanswered: false }
        }
        await wait(BACKOFF_MS * attempt, undefined, signal ? { signal } : {})
      }
    },
  }
}

export function isSessionEnded(outcome: Outcome): boolean {
  return outcome.kind === 'transport_error' && outcome.cause === 'session_ended'
}

function isRepeatable({ reads = false }: Call, tool: ListedTool | undefined): boolean {
  return !writesIn({ reads }, tool) || tool?.annotations?.idempotentHint === true
}

function mayRetry(outcome: Outcome, call: Call, tool: ListedTool | undefined): boolean {
  return isRepeatable(call, tool) && outcome.kind === 'transport_error' && retried.has(outcome.cause)
}

type LifeWatch = { stop: () => Promise<boolean> }

/**
 * Asks for a sign of life once half of the time is gone, so that a server that hangs is told from one slow tool at the
 * moment of the timeout, not a second timeout later. By then the call is far from any good latency.
 */
function watchLife(session: StagingSession, timeout: number): LifeWatch {
  let sign: Promise<boolean> | undefined
  const timer = setTimeout(() => {
    sign = session.probe({ timeout: timeout / 2, maxTotal: timeout / 2 })
  }, timeout / 2)
  return {
    stop() {
      clearTimeout(timer)
      return sign ?? Promise.resolve(true)
    },
  }
}
