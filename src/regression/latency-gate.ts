import { writesBy } from './case-run.ts'
import type { Gathered } from './judgement.ts'
import { millis } from './latency-chart.ts'
import type { Limits } from './limits.ts'
import type { GateResult } from './report-schema.ts'
import { judgeLatency, type LatencyJudgement } from './statistics.ts'
import { latencies } from './tool-rows.ts'

type Seen = Pick<Gathered, 'records' | 'tools' | 'cases'>

/** p95 of each read-only tool; what writes is judged for correctness only. */
export function latencyGate(seen: Seen, limits: Limits): GateResult {
  const readOnly = seen.records.filter(({ tool }) => !writesBy(seen.tools.get(tool)))
  const byTool = Map.groupBy(readOnly, ({ tool }) => tool)
  const durationsMs = new Map([...byTool].map(([tool, calls]) => [tool, latencies(calls)]))
  const { p95: limitMs, warn: warnMs, perTool, total } = limits
  const judged = judgeLatency({ durationsMs, limitMs, warnMs, floors: { perTool, total } })
  const failed = judged.tools.filter(({ judgement }) => judgement === 'failed').map(({ tool }) => tool)
  const warned = judged.tools.filter((tool) => tool.warned).map(({ tool }) => tool)
  const limit = millis(limitMs)
  const message = {
    passed: `p95 of every tool is at most ${limit}${warned.length > 0 ? `; near it: ${warned.join(', ')}` : ''}`,
    failed: `p95 above ${limit}: ${failed.join(', ')}`,
    inconclusive: `too few samples of read-only tools: ${shortOf(judged, seen, limits).join('; ')}`,
  }[judged.judgement]
  return { gate: 'latency', verdict: judged.judgement, message }
}

/** What is missing: samples in all, and of each tool that has too few. */
function shortOf({ n, tools }: LatencyJudgement, { cases }: Seen, { perTool, total }: Limits): string[] {
  const few = tools.filter((each) => each.n < perTool)
  return [
    ...(n < total ? [`${n} of ${total} in all`] : []),
    ...few.map(({ tool, n: has }) => `${tool} has ${has} of ${perTool} samples (${whyFew(tool, cases)})`),
  ]
}

/** Only a case that passed and does not write is repeated until its tools have samples enough. */
function whyFew(tool: string, cases: Seen['cases']): string {
  const mine = cases.filter(({ tools }) => tools.includes(tool))
  const failed = mine.filter(({ verdict }) => verdict === 'failed')
  if (mine.length === 0) return 'no case was run that calls it'
  if (failed.length > 0)
    return mine.length === 1 ? 'its case failed' : `${failed.length} of its ${mine.length} cases failed`
  if (mine.every(({ verdict }) => verdict === 'passed')) return 'its case also writes, so it is not repeated'
  return 'its case was not judged'
}
