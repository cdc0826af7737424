import ms from 'ms'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { defaultLimits, type Limits } from './limits.ts'

/** The limits of a policy as numbers: rates are shares, times milliseconds. The policy's schema lets no other text through. */
export function limitsOfPolicy({ limits }: Pick<RegressionSettings, 'limits'>): Limits {
  const p95 = ms(limits.p95 as ms.StringValue)
  return {
    errorRate: Number.parseFloat(limits.errors) / 100,
    p95,
    warn: Math.min(defaultLimits.warn, p95),
    perTool: limits.per_tool,
    total: limits.total,
  }
}
