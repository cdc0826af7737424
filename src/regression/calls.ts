import { setTimeout as wait } from 'node:timers/promises'
import type { FaultCause, ListedTool, Outcome, StagingSession } from '../services/mcp.ts'
import { isExpected } from './expectation.ts'
import { caseMayWrite } from './read-only-tools.ts'

/** One measured call. `expected`: whether its outcome is of the kind that its case expects. */
export type CallRecord = {
  tool: string
  kind: Outcome['kind']
  expected: boolean
  ms: number
  attempt: number
}

/** `unanswered`: the server ended the session, and the call is not safe to repeat. It is not recorded. */
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
  /** The calls of this caller. */
  own: CallRecord[]
  /** One measured call, with retries where they are allowed. Throws `RunStopped` when the server is gone. */
  call: (call: Call) => Promise<Called>
  /** One unmeasured call. */
  quietly: (call: Call) => Promise<Outcome>
}

/** Thrown when it makes no sense to continue. The verdict is then inconclusive, never failed. */
export type RunStopped = Error & { stopped: true }

export function runStopped(message: string): RunStopped {
  return Object.assign(new Error(message), { stopped: true as const })
}

export function isRunStopped(error: unknown): error is RunStopped {
  return error instanceof Error && 'stopped' in error
}

const ATTEMPTS = 3
const BACKOFF_MS = 200

/** Retried: connection errors, 429, 502 to 504. Never a timeout, since the call may have taken effect. */
const retried: ReadonlySet<FaultCause> = new Set([
  'connection',
  'closed',
  'broken_stream',
  'rate_limited',
  'unavailable',
])

/** The faults after which the session itself is in doubt. A server without sessions may answer 404 after a restart. */
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
  /** Called each time the server ends the session. */
  onSessionEnded?: () => void
  /** Called for each answer that a strict client rejects. */
  onRefused?: (problem: string) => void
  /** Awaited after each call, outside the measured time. */
  afterCall?: (session: StagingSession) => Promise<void>
  maxTotal: number
  /** Collects the calls of several callers. */
  records?: CallRecord[]
  signal?: AbortSignal
}

/** Calls tools one at a time; the time to connect is not measured. */
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

  /** Repeats a call whose session ended once in a new session, if that is safe. Only the second outcome counts. */
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
  return !caseMayWrite({ reads }, tool) || tool?.annotations?.idempotentHint === true
}

function mayRetry(outcome: Outcome, call: Call, tool: ListedTool | undefined): boolean {
  return isRepeatable(call, tool) && outcome.kind === 'transport_error' && retried.has(outcome.cause)
}

type LifeWatch = { stop: () => Promise<boolean> }

/**
 * Sends a ping once half of the time has passed, so that at the timeout a hung server can be distinguished from a slow tool without
 * waiting for a second timeout. A call that takes this long already has a bad latency.
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
