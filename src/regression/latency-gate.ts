import type { Gathered } from './gathered.ts'
import { millis } from './latency-chart.ts'
import type { Limits } from './limits.ts'
import { mayWrite, saysThatItWrites } from './read-only-tools.ts'
import { measuredTools } from './repeatable.ts'
import type { GateResult } from './report-schema.ts'
import { evaluateSamples, type LatencyVerdict, type Samples } from './statistics.ts'
import type { SuiteCase } from './suite-schema.ts'

type Seen = Pick<Gathered, 'tools' | 'cases'> & {
  /** Of every tool that was called. */
  samples: readonly Samples[]
}

/** p95 of each tool that repeatable cases call; other tools are checked only for correctness. */
export function latencyGate(seen: Seen, limits: Limits, cases: readonly SuiteCase[]): GateResult {
  const measured = measuredTools(cases, seen.tools)
  const samples = seen.samples.filter(({ tool }) => measured.has(tool))
  const { p95: limitMs, warn: warnMs, perTool, total } = limits
  const evaluated = evaluateSamples({ samples, limitMs, warnMs, floors: { perTool, total } })
  if (total === 0 && evaluated.n === 0) {
    const message = `not evaluated, because no samples are required: ${limits.reason ?? 'the minimum is 0'}`
    return { gate: 'latency', verdict: 'passed', message }
  }
  const failed = evaluated.tools.filter(({ verdict }) => verdict === 'failed').map(({ tool }) => tool)
  const warned = evaluated.tools.filter((tool) => tool.warned).map(({ tool }) => tool)
  const limit = millis(limitMs)
  const message = {
    passed: `p95 of every tool is at most ${limit}${warned.length > 0 ? `; near it: ${warned.join(', ')}` : ''}`,
    failed: `p95 above ${limit}: ${failed.join(', ')}`,
    inconclusive: `too few samples of read-only tools: ${shortOf(evaluated, seen, limits).join('; ')}`,
  }[evaluated.verdict]
  return {
    gate: 'latency',
    verdict: evaluated.verdict,
    message: message + aside(measured, seen) + why(limits),
  }
}

function why({ perTool, total, reason }: Limits): string {
  return reason !== undefined && (perTool === 0 || total === 0) ? `; a minimum is 0: ${reason}` : ''
}

/** Read-only tools that were called but not measured, so that a reader does not assume that they are fast. */
function aside(measured: ReadonlySet<string>, { tools, samples }: Seen): string {
  const called = samples.map(({ tool }) => tool)
  const others = called.filter((tool) => !measured.has(tool) && !mayWrite(tools.get(tool)))
  if (others.length === 0) return ''
  return `; not measured, because no read-only case calls it: ${others.join(', ')}`
}

/** The missing samples: in total, and of each tool that has too few. */
function shortOf({ n, tools }: LatencyVerdict, seen: Seen, { perTool, total }: Limits): string[] {
  const few = tools.filter((each) => each.n < perTool)
  return [
    ...(n < total ? [`${n} of ${total} in all${n === 0 && hasNoHints(seen) ? hint : ''}`] : []),
    ...few.map(
      ({ tool, n: has }) => `${tool} has ${has} of ${perTool} samples (${whyFew(tool, seen.cases)})`,
    ),
  ]
}

const hint = '; no tool that was called declares readOnlyHint: list the read-only ones under `reads`'

function hasNoHints({ samples, tools }: Seen): boolean {
  const called = samples.map(({ tool }) => tools.get(tool))
  return called.every(mayWrite) && called.some((tool) => saysThatItWrites(tool) === undefined)
}

/** Only a case that passed is repeated until its tools have enough samples. */
function whyFew(tool: string, cases: Seen['cases']): string {
  const mine = cases.filter(({ tools }) => tools.includes(tool))
  const failed = mine.filter(({ verdict }) => verdict === 'failed')
  if (failed.length === 0) return 'its other calls ended in expected errors'
  return mine.length === 1 ? 'its case failed' : `${failed.length} of its ${mine.length} cases failed`
}
