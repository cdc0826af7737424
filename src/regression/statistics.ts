import { compareRatios, type Ratio, ratio } from './ratio.ts'
import type { RunVerdict } from './report-schema.ts'

/**
 * The value at the p-th percentile by nearest rank: the smallest value that at least p percent of all values do not exceed.
 * Always a measured value. `p` is from 0 to 100 with at most three decimals. Undefined without values.
 */
export function percentile(values: readonly number[], p: number): number | undefined {
  if (!(p >= 0 && p <= 100)) throw new RangeError(`a percentile lies between 0 and 100: ${p}`)
  if (values.some((value) => Number.isNaN(value))) throw new RangeError('a measured value is not a number')
  const sorted = values.toSorted((left, right) => left - right)
  // In thousandths, since 99.9 × 1000 is not exactly 99900 in binary.
  const rank = Math.ceil((Math.round(p * 1000) * sorted.length) / 100_000)
  return sorted[Math.max(rank, 1) - 1]
}

/**
 * The Wilson score interval of an error rate, for z standard deviations (1.96: 95%). It stays between 0 and 1 and is meaningful
 * even if nothing failed. Without a sample it is the whole range.
 */
export function wilson(failures: number, n: number, z = 1.96): { low: number; high: number } {
  demandCounts(failures, n)
  if (n === 0) return { low: 0, high: 1 }
  const rate = failures / n
  const square = z * z
  const centre = (rate + square / (2 * n)) / (1 + square / n)
  const margin = (z / (1 + square / n)) * Math.sqrt((rate * (1 - rate)) / n + square / (4 * n * n))
  return {
    low: failures === 0 ? 0 : Math.max(0, centre - margin),
    high: failures === n ? 1 : Math.min(1, centre + margin),
  }
}

export type ErrorRate = { failures: number; n: number; rate: number | undefined; low: number; high: number }

/** The share of calls that failed, with its 95% interval, for display; `evaluateErrors` uses the exact counts. */
export function errorRate(failures: number, n: number): ErrorRate {
  return { failures, n, rate: n === 0 ? undefined : failures / n, ...wilson(failures, n) }
}

/**
 * Whether at most `limit` of n calls failed. The limit is a share such as 0.02, `2%` or a fraction, and is compared exactly: 1
 * of 50 passes, 1 of 49 fails. Below the minimum, and always without a sample, the result is inconclusive.
 */
export function evaluateErrors(run: {
  failures: number
  n: number
  limit: number | string | Ratio
  floor?: number
}): RunVerdict {
  demandCounts(run.failures, run.n)
  if (run.n === 0 || run.n < (run.floor ?? 0)) return 'inconclusive'
  const share = { numerator: BigInt(run.failures), denominator: BigInt(run.n) }
  const limit = typeof run.limit === 'object' ? run.limit : ratio(run.limit)
  return compareRatios(share, limit) <= 0 ? 'passed' : 'failed'
}

function demandCounts(failures: number, n: number): void {
  const whole = [failures, n].every((count) => Number.isSafeInteger(count) && count >= 0)
  if (!whole || failures > n) throw new RangeError(`no such counts: ${failures} failures of ${n}`)
}

export type Floors = { perTool: number; total: number }

/** How many calls of a tool were measured, and their percentiles in milliseconds. */
export type Samples = {
  tool: string
  n: number
  p50?: number | undefined
  p95?: number | undefined
  p99?: number | undefined
}

export type ToolLatency = Samples & {
  verdict: RunVerdict
  /** Within the limit, but beyond the warning. */
  warned: boolean
}

export type LatencyVerdict = { verdict: RunVerdict; n: number; tools: ToolLatency[] }

export type LatencyRun = {
  /** Durations of one tool's calls, in milliseconds. */
  durationsMs: ReadonlyMap<string, readonly number[]> | Readonly<Record<string, readonly number[]>>
  limitMs: number
  warnMs?: number | undefined
  floors: Floors
}

/**
 * Whether each tool's p95 is within the limit. A tool with fewer samples than its minimum is inconclusive, and with fewer than
 * the total minimum so is the whole. A tool that fails with enough samples fails the whole, even if another one has too few.
 */
export function evaluateLatency({ durationsMs, ...limits }: LatencyRun): LatencyVerdict {
  const entries = isMap(durationsMs) ? [...durationsMs] : Object.entries(durationsMs)
  const samples = entries.map(([tool, durations]) => {
    const [p50, p95, p99] = [50, 95, 99].map((p) => percentile(durations, p))
    return { tool, n: durations.length, p50, p95, p99 }
  })
  return evaluateSamples({ samples, ...limits })
}

/** The same from percentiles that are known already. */
export function evaluateSamples({
  samples,
  ...limits
}: Omit<LatencyRun, 'durationsMs'> & { samples: readonly Samples[] }): LatencyVerdict {
  const tools = samples.map((each) => evaluateTool(each, limits))
  const n = tools.reduce((sum, tool) => sum + tool.n, 0)
  return { verdict: overall(tools, n, limits.floors), n, tools }
}

function isMap(durations: LatencyRun['durationsMs']): durations is ReadonlyMap<string, readonly number[]> {
  return durations instanceof Map
}

function evaluateTool(samples: Samples, run: Omit<LatencyRun, 'durationsMs'>): ToolLatency {
  const { n, p95 } = samples
  const evaluated = p95 !== undefined && n >= run.floors.perTool
  const verdict = !evaluated ? 'inconclusive' : p95 <= run.limitMs ? 'passed' : 'failed'
  const warned = verdict === 'passed' && run.warnMs !== undefined && p95 !== undefined && p95 > run.warnMs
  return { ...samples, verdict, warned }
}

function overall(tools: readonly ToolLatency[], n: number, floors: Floors): RunVerdict {
  if (n === 0 || n < floors.total) return 'inconclusive'
  if (tools.some(({ verdict }) => verdict === 'failed')) return 'failed'
  return tools.some(({ verdict }) => verdict === 'inconclusive') ? 'inconclusive' : 'passed'
}
