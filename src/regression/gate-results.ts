import type { Gathered } from './gathered.ts'
import { latencyGate } from './latency-gate.ts'
import { ledgerGate } from './ledger-gate.ts'
import type { Limits } from './limits.ts'
import { pluralize } from './pluralize.ts'
import { protocolGate } from './protocol-gate.ts'
import { percent } from './ratio.ts'
import { casesToRun } from './repeatable.ts'
import type { CaseResult, DataCheck, GateResult, RunReport } from './report-schema.ts'
import type { RunInput } from './run-input.ts'
import { evaluateErrors } from './statistics.ts'
import type { Suite } from './suite-schema.ts'
import { isError, samplesOf } from './tool-rows.ts'

/** Every gate of the run, in the order in which the report shows them. */
export function gateResults(input: RunInput, seen: Gathered): GateResult[] {
  if (seen.gates.some(({ gate }) => gate === 'suite')) return seen.gates
  const connection: GateResult =
    seen.stopped === undefined
      ? { gate: 'connection', verdict: 'passed', message: 'connected throughout' }
      : { gate: 'connection', verdict: 'inconclusive', message: seen.stopped }
  if (!seen.server) return [connection]
  const cases = casesToRun(input)
  return [
    connection,
    ...seen.gates,
    ...(seen.refused ? [protocolGate(seen.refused, seen.refusedBefore)] : []),
    ...coverageGate(input.suite, notCovered(input, seen)),
    answersGate(seen.cases),
    ...ledgerGate(cases, seen.cases),
    errorGate({ calls: seen.records.length, errors: seen.records.filter(isError).length }, input.limits),
    underLoad(latencyGate({ ...seen, samples: samplesOf(seen.records) }, input.limits, cases), input),
    ...dataGate(seen.data),
  ]
}

function underLoad(result: GateResult, { concurrency = 1 }: RunInput): GateResult {
  if (concurrency === 1) return result
  const message = `${result.message}; measured under load (${concurrency} calls at a time), not compared with the last release`
  return { ...result, message }
}

/** The tools that neither a case nor a reconciliation calls. A cleanup checks nothing, so it covers no tool. */
export function notCovered({ suite }: RunInput, { tools }: Gathered): string[] {
  const covered = new Set([
    ...suite.cases.flatMap(({ tool, steps }) => [tool, ...(steps ?? []).map((step) => step.tool)]),
    ...suite.reconcile.map(({ tool }) => tool),
  ])
  return [...tools.keys()].filter((name) => !covered.has(name))
}

export function coverageGate({ coverage }: Pick<Suite, 'coverage'>, missing: string[]): GateResult[] {
  if (coverage !== 'required') return []
  if (missing.length === 0) return [{ gate: 'coverage', verdict: 'passed', message: 'every tool has a case' }]
  return [{ gate: 'coverage', verdict: 'failed', message: `no case for ${missing.join(', ')}` }]
}

function answersGate(cases: CaseResult[]): GateResult {
  const say = (verdict: GateResult['verdict'], message: string): GateResult => ({
    gate: 'answers',
    verdict,
    message,
  })
  const failed = cases.filter(({ verdict, gate }) => verdict === 'failed' && gate === 'answers')
  if (failed.length > 0) return say('failed', `${failed.length} of ${cases.length} cases failed`)
  const open = cases.filter(({ verdict }) => verdict === 'skipped' || verdict === 'inconclusive')
  if (open.length > 0) {
    const why = open[0]?.notes[0] ?? 'not evaluated'
    return say('inconclusive', `${open.length} of ${cases.length} cases inconclusive: ${why}`)
  }
  if (cases.length === 0) return say('inconclusive', 'no cases were run')
  return say('passed', pluralize(cases.length, 'case passed', 'cases passed'))
}

/** Errors over all calls, those of the three columns. */
export function errorGate(
  { calls: n, errors: failures }: Pick<RunReport['errors'], 'calls' | 'errors'>,
  { errorRate, total }: Limits,
): GateResult {
  const verdict = evaluateErrors({ failures, n, limit: errorRate, floor: total })
  const few = n < total ? `only ${n} calls, ${total} are needed: ` : ''
  return {
    gate: 'errors',
    verdict,
    message: `${few}${failures} of ${n} calls failed; the limit is ${percent(errorRate)}`,
  }
}

function dataGate(data: DataCheck[]): GateResult[] {
  if (data.length === 0) return []
  const worst =
    data.find(({ verdict }) => verdict === 'failed') ?? data.find(({ verdict }) => verdict !== 'passed')
  if (!worst)
    return [
      { gate: 'data', verdict: 'passed', message: pluralize(data.length, 'check passed', 'checks passed') },
    ]
  return [{ gate: 'data', verdict: worst.verdict, message: `${worst.kind} ${worst.name}: ${worst.message}` }]
}
