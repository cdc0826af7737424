import { z } from 'zod'
import type { Severity } from '../clocks/clocks.ts'

/** Who is paged: each has a routing key of its own in PagerDuty. */
export const pageTargets = ['on_call', 'lead'] as const
export type PageTarget = (typeof pageTargets)[number]

const step = z.strictObject({
  after: z
    .int()
    .min(0)
    .max(100)
    .describe('How much of the response time has passed without a response, in percent. 0: at once.'),
  page: z.array(z.enum(pageTargets)).min(1, 'a step pages someone; write on_call, lead or both'),
})

const paged = [
  { after: 0, page: ['on_call' as const] },
  { after: 50, page: ['lead' as const] },
  { after: 100, page: ['on_call' as const, 'lead' as const] },
]

const steps = (severity: Severity) =>
  z
    .array(step)
    .max(10, 'more than 10 steps are listed; write fewer')
    .default(severity === 'P0' || severity === 'P1' ? paged : [])
    .describe(`Whom to page for a ${severity}, and when. Every change is always posted to Slack.`)

export const escalationSettings = z
  .strictObject({ P0: steps('P0'), P1: steps('P1'), P2: steps('P2'), P3: steps('P3') })
  .prefault({})
  .describe('Whom to page when nobody responds.')

export type EscalationSettings = z.output<typeof escalationSettings>
