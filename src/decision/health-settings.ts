import { z } from 'zod'
import { duration, lastingDuration } from './calendar/written-values.ts'

const monitor = z.strictObject({
  id: z.int().positive().describe('The number of the monitor, at the end of its address in Datadog.'),
  name: z.string().min(1).max(100).describe('What the check calls it.'),
})

const traffic = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(500)
    .describe('A metric query that counts requests, such as sum:mcp.requests{env:production}.as_count().'),
  minimum: z
    .int()
    .positive()
    .default(20)
    .describe('If a check sees fewer requests, the watch is inconclusive.'),
})

const watchSettings = z.strictObject({
  warm_up: duration.default('5m').describe('How long after a merge the first check runs.'),
  checks: z.int().min(1).max(20).default(3).describe('How many checks to run.'),
  every: lastingDuration.default('5m').describe('The time between two checks.'),
  traffic: traffic.optional(),
})

/** An earlier version named `checks` differently, and policies and watches that it stored are still read. */
function withCurrentName(watch: unknown): unknown {
  if (typeof watch !== 'object' || watch === null || !('looks' in watch) || 'checks' in watch) return watch
  const { looks: checks, ...rest } = watch
  return { checks, ...rest }
}

const watch = z
  .preprocess(withCurrentName, watchSettings)
  .optional()
  .describe('Watches the monitors after each merge. Default: off.')

/** The settings of the gate `production_health`. */
export const healthSettings = z.strictObject({
  monitors: z.array(monitor).max(20, 'more than 20 monitors are listed; write fewer').default([]),
  watch,
})

export type HealthSettings = z.output<typeof healthSettings>
