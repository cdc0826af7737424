import { writesBy } from './case-run.ts'
import type { Gathered } from './judgement.ts'
import { millis } from './latency-chart.ts'
import type { Limits } from './limits.ts'
import type { CaseResult, DataCheck, GateResult } from './report-schema.ts'
import type { RunInput } from './run.ts'
import { judgeErrors, judgeLatency } from './statistics.ts'
import { latencies } from './tool-rows.ts'

/** Every gate of the run, in the order in which the report shows them. */
export function allGates(input: RunInput, seen: Gathered): GateResult[] {
  if (seen.gates.some(({ gate }) => gate === 'suite')) return seen.gates
  const connection: GateResult =
    seen.stopped === undefined
      ? { gate: 'connection', verdict: 'passed', message: 'connected throughout' }
      : { gate: 'connection', verdict: 'inconclusive', message: seen.stopped }
  if (!seen.server) return [connection]
  return [
    connection,
    ...seen.gates,
    ...coverageGate(input, seen),
    caseGate('answers', seen.cases),
    ...(seen.cases.some(({ gate }) => gate === 'ledger') || hasLedger(input)
      ? [caseGate('ledger', seen.cases)]
      : []),
    errorGate(seen, input.limits),
    latencyGate(seen, input.limits),
    ...dataGate(seen.data),
  ]
}

function hasLedger({ suite }: RunInput): boolean {
  return suite.cases.some(({ verify }) => verify !== undefined)
}

/** The tools that no case calls. */
export function notCovered({ suite }: RunInput, { tools }: Gathered): string[] {
  const covered = new Set([
    ...suite.cases.flatMap(({ tool, steps }) => [tool, ...(steps ?? []).map((step) => step.tool)]),
    ...suite.cases.flatMap(({ cleanup }) => (cleanup ?? []).map(({ tool }) => tool)),
    ...suite.reconcile.map(({ tool }) => tool),
  ])
  return [...tools.keys()].filter((name) => !covered.has(name))
}

function coverageGate(input: RunInput, seen: Gathered): GateResult[] {
  if (input.suite.coverage !== 'required') return []
  const missing = notCovered(input, seen)
  if (missing.length === 0) return [{ gate: 'coverage', verdict: 'passed', message: 'every tool has a case' }]
  return [{ gate: 'coverage', verdict: 'failed', message: `no case for ${missing.join(', ')}` }]
}

function caseGate(gate: 'answers' | 'ledger', cases: CaseResult[]): GateResult {
  const mine = gate === 'answers' ? cases : cases.filter((entry) => entry.gate === 'ledger')
  const failed = cases.filter((entry) => entry.verdict === 'failed' && entry.gate === gate)
  if (failed.length > 0) {
    return { gate, verdict: 'failed', message: `${failed.length} of ${cases.length} cases failed` }
  }
  const open = cases.filter(({ verdict }) => verdict === 'skipped' || verdict === 'inconclusive')
  const concerned = gate === 'ledger' ? open.filter(({ verdict }) => verdict === 'inconclusive') : open
  if (concerned.length > 0) {
    const why = concerned[0]?.notes[0] ?? 'not judged'
    return {
      gate,
      verdict: 'inconclusive',
      message: `${concerned.length} of ${cases.length} cases not judged: ${why}`,
    }
  }
  if (cases.length === 0) return { gate, verdict: 'inconclusive', message: 'no case was run' }
  return {
    gate,
    verdict: 'passed',
    message: gate === 'answers' ? `${mine.length} cases hold` : 'the rows are right',
  }
}

/** Errors over all calls, in three columns, expected ones left out. */
function errorGate({ records }: Gathered, { errorRate, total }: Limits): GateResult {
  const failures = records.filter(({ expected }) => !expected).length
  const n = records.length
  const verdict = judgeErrors({ failures, n, limit: errorRate, floor: total })
  const few = n < total ? `only ${n} calls, ${total} are needed: ` : ''
  return {
    gate: 'errors',
    verdict,
    message: `${few}${failures} of ${n} calls failed, at most ${errorRate * 100} % may`,
  }
}

/** p95 of each read-only tool; what writes is judged for correctness only. */
function latencyGate({ records, tools }: Gathered, limits: Limits): GateResult {
  const readOnly = records.filter(({ tool }) => !writesBy(tools.get(tool)))
  const byTool = Map.groupBy(readOnly, ({ tool }) => tool)
  const durationsMs = new Map([...byTool].map(([tool, calls]) => [tool, latencies(calls)]))
  const { p95: limitMs, warn: warnMs, perTool, total } = limits
  const judged = judgeLatency({ durationsMs, limitMs, warnMs, floors: { perTool, total } })
  const name = (verdict: string) =>
    judged.tools.filter((tool) => tool.judgement === verdict).map(({ tool }) => tool)
  const warned = judged.tools.filter((tool) => tool.warned).map(({ tool }) => tool)
  const limit = millis(limitMs)
  const message = {
    passed: `p95 of every tool is at most ${limit}${warned.length > 0 ? `; near it: ${warned.join(', ')}` : ''}`,
    failed: `p95 above ${limit}: ${name('failed').join(', ')}`,
    inconclusive: `too few samples of read-only tools: ${judged.n} in all of ${total}, ${perTool} for each tool`,
  }[judged.judgement]
  return { gate: 'latency', verdict: judged.judgement, message }
}

function dataGate(data: DataCheck[]): GateResult[] {
  if (data.length === 0) return []
  const worst =
    data.find(({ verdict }) => verdict === 'failed') ?? data.find(({ verdict }) => verdict !== 'passed')
  if (!worst) return [{ gate: 'data', verdict: 'passed', message: `${data.length} checks hold` }]
  return [{ gate: 'data', verdict: worst.verdict, message: `${worst.kind} ${worst.name}: ${worst.message}` }]
}
