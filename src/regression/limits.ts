import { compareRatios, type Ratio, ratio } from './ratio.ts'
import type { Suite } from './suite-schema.ts'

/** The limits of a run. Rates are exact fractions, times are milliseconds. */
export type Limits = {
  errorRate: Ratio
  p95: number
  /** Above this a latency is shown as a warning, without failing. */
  warn: number
  perTool: number
  total: number
  /** Why a sample minimum is 0. */
  reason?: string | undefined
}

/** The default limits, where neither a policy nor the suite sets others. */
export const defaultLimits: Limits = {
  errorRate: ratio('2%'),
  p95: 3000,
  warn: 2000,
  perTool: 20,
  total: 60,
}

/**
 * A suite can only tighten the limits. Where it is looser, the policy applies and the report says so. The suite comes from the
 * head, and a pull request must not loosen its own limits.
 */
export function tighten(policy: Limits, gates: Suite['gates']): { limits: Limits; refused: string[] } {
  const refused: string[] = []
  const atMost = (name: string, limit: number, wanted: number | undefined) => {
    if (wanted !== undefined && wanted > limit) refused.push(name)
    return Math.min(limit, wanted ?? limit)
  }
  const atLeast = (name: string, limit: number, wanted: number | undefined) => {
    if (wanted !== undefined && wanted < limit) refused.push(name)
    return Math.max(limit, wanted ?? limit)
  }
  const p95 = atMost('latency.p95', policy.p95, gates.latency.p95)
  const rate = gates.errors.rate ?? policy.errorRate
  const looser = compareRatios(rate, policy.errorRate) > 0
  if (looser) refused.push('errors.rate')
  const limits = {
    errorRate: looser ? policy.errorRate : rate,
    p95,
    warn: Math.min(p95, gates.latency.warn ?? policy.warn),
    perTool: atLeast('samples.per_tool', policy.perTool, gates.samples.per_tool),
    total: atLeast('samples.total', policy.total, gates.samples.total),
    reason: policy.reason,
  }
  return { limits, refused }
}

/** Without a policy the suite's own limits count, looser ones too (an engineer at the command line). */
export function suiteLimits(gates: Suite['gates']): Limits {
  return {
    errorRate: gates.errors.rate ?? defaultLimits.errorRate,
    p95: gates.latency.p95 ?? defaultLimits.p95,
    warn: gates.latency.warn ?? Math.min(defaultLimits.warn, gates.latency.p95 ?? defaultLimits.warn),
    perTool: gates.samples.per_tool ?? defaultLimits.perTool,
    total: gates.samples.total ?? defaultLimits.total,
    reason: gates.samples.reason,
  }
}
