import ms from 'ms'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { ratio } from './ratio.ts'

/**
 * The limits of a policy: rates are exact fractions, times are milliseconds. The policy schema has already validated the texts.
 */
export function limitsOfPolicy({ limits }: Pick<RegressionSettings, 'limits'>): Limits {
  const p95 = ms(limits.p95 as ms.StringValue)
  return {
    errorRate: ratio(limits.errors),
    p95,
    warn: Math.min(defaultLimits.warn, p95),
    perTool: limits.per_tool,
    total: limits.total,
    reason: limits.reason,
  }
}
