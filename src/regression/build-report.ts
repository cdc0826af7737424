import type { StagingSession } from '../services/mcp.ts'
import { cut } from './cut.ts'
import { gateResults, notCovered } from './gate-results.ts'
import type { Gathered } from './gathered.ts'
import { pluralize } from './pluralize.ts'
import { asNumber } from './ratio.ts'
import type { Redactor } from './redaction.ts'
import type { GateResult, RunReport, RunVerdict } from './report-schema.ts'
import type { RunInput } from './run-input.ts'
import { wilson } from './statistics.ts'
import { isError, toolRows } from './tool-rows.ts'

/** Builds the report from what was collected. Pure except for the clock that measures the run. */
export function buildReport(input: RunInput, seen: Gathered): RunReport {
  const rows = toolRows(seen.records, seen.tools, underLoad(input) ? {} : (input.baseline?.latency ?? {}))
  const gates = gateResults(input, seen)
  const verdict = verdictOf(gates)
  const errors = seen.records.filter(isError).length
  const { low, high } = seen.records.length > 0 ? wilson(errors, seen.records.length) : { low: 0, high: 1 }
  const report: RunReport = {
    version: 1,
    runId: input.runId,
    verdict,
    summary: summarise(verdict, gates),
    startedAt: seen.startedAt.toISOString(),
    durationMs: performance.now() - seen.began,
    partial: input.only !== undefined,
    ...(underLoad(input) ? { concurrency: input.concurrency } : {}),
    ...(seen.server ? { server: serverOf(seen.server) } : {}),
    ...(input.deployment === undefined ? {} : { deployment: input.deployment }),
    gates,
    errors: {
      calls: seen.records.length,
      errors,
      rate: seen.records.length > 0 ? errors / seen.records.length : 0,
      low,
      high,
      limit: asNumber(input.limits.errorRate),
    },
    tools: rows,
    notCovered: notCovered(input, seen),
    cases: seen.cases,
    contract: { changes: seen.changes, notes: seen.contractNotes },
    data: seen.data,
    removedCases: input.suiteChanges?.removedCases ?? [],
    changedParts: input.suiteChanges?.changedParts ?? [],
    addedWaivers: input.suiteChanges?.addedWaivers ?? [],
    addedReads: input.suiteChanges?.addedReads ?? [],
    notes: [...seen.notes, ...sessionNotes(seen), ...leakNotes(input, seen)],
  }
  return redactReport(report, input.redactor) as RunReport
}

function underLoad({ concurrency = 1 }: RunInput): boolean {
  return concurrency > 1
}

function serverOf({ server, protocolVersion, transport }: StagingSession): NonNullable<RunReport['server']> {
  return { name: server.name, version: server.version, protocol: protocolVersion, transport }
}

/** A run that could not continue is always inconclusive: half a run must never be called a regression. */
export function verdictOf(gates: GateResult[]): RunVerdict {
  const verdicts = gates.map(({ verdict }) => verdict)
  if (gates.some(({ gate, verdict }) => gate === 'connection' && verdict === 'inconclusive'))
    return 'inconclusive'
  if (verdicts.includes('failed')) return 'failed'
  return verdicts.includes('inconclusive') || verdicts.length === 0 ? 'inconclusive' : 'passed'
}

export function summarise(verdict: RunVerdict, gates: GateResult[]): string {
  const dead = gates.filter((gate) => gate.gate === 'connection' && gate.verdict === 'inconclusive')
  const telling = dead.length > 0 ? dead : gates.filter((gate) => gate.verdict === verdict)
  if (verdict === 'passed') return 'all gates passed'
  return telling.map(({ gate, message }) => `${gate}: ${message}`).join('; ')
}

function sessionNotes({ sessionsEnded }: Gathered): string[] {
  if (sessionsEnded === 0) return []
  const times = pluralize(sessionsEnded, 'time', 'times')
  return [
    `the server ended the session ${times}; a new one was opened, and calls that are safe to repeat were repeated`,
  ]
}

function leakNotes({ redactor }: RunInput, seen: Gathered): string[] {
  const leaks = redactor.leaks()
  const noise = seen.session?.noise() ?? 0
  const lines = pluralize(noise, 'line that is not JSON-RPC', 'lines that are not JSON-RPC')
  return [
    ...(leaks > 0
      ? [`answers contained values that look like secrets (${leaks}), which are redacted here`]
      : []),
    ...(noise > 0 ? [`the server printed ${lines}`] : []),
  ]
}

/**
 * Fields with the report's own values. They are not redacted, so that a suite cannot hide a verdict by capturing the word
 * `failed` as a secret.
 */
const ours = new Set(['runId', 'verdict', 'gate', 'severity', 'side', 'kind', 'transport', 'startedAt'])

/** The longest text in a report, since server errors can contain anything. */
export const LONGEST = 4000

function redactReport(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return cut(redactor.text(value), LONGEST)
  if (Array.isArray(value)) return value.map((item) => redactReport(item, redactor))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item]) => [key, ours.has(key) ? item : redactReport(item, redactor)]),
  )
}
