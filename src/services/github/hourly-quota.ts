import { z } from 'zod'
import { githubPoints } from '../metrics.ts'
import type { Answer } from './limits.ts'

/** What GitHub said last of an hourly limit. */
export type Allowance = { limit: number; remaining: number; resetAt: Date }
type Resource = 'core' | 'graphql'

/** What is left of each installation's hourly limits, of requests and of points. */
export type Budget = {
  note: (installationId: number, resource: Resource, answer: Answer) => void
  left: (installationId: number, resource: Resource) => Allowance | undefined
}

const points = z.object({
  data: z.object({
    rateLimit: z.object({ cost: z.number(), limit: z.number(), remaining: z.number(), resetAt: z.string() }),
  }),
})

/**
 * Learned from every answer: REST says it in its headers, and GraphQL in the answer too, with what the query cost. Kept in
 * memory, since GitHub counts the requests of all processes together and each answer says so.
 */
export function createBudget(now: () => Date): Budget {
  const known = new Map<string, Allowance>()
  return {
    note(installationId, resource, answer) {
      const spent = points.safeParse(answer.data).data?.data.rateLimit
      if (spent) githubPoints.inc(spent.cost)
      const allowance = spent ? { ...spent, resetAt: new Date(spent.resetAt) } : inHeaders(answer.headers)
      if (allowance) known.set(`${installationId} ${resource}`, allowance)
    },
    left(installationId, resource) {
      const allowance = known.get(`${installationId} ${resource}`)
      return allowance && allowance.resetAt > now() ? allowance : undefined
    },
  }
}

function inHeaders(headers: Answer['headers']): Allowance | undefined {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map(
    (name) => headers[`x-ratelimit-${name}`],
  )
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined
  return { limit: Number(limit), remaining: Number(remaining), resetAt: new Date(Number(reset) * 1000) }
}
