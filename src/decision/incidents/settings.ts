import { z } from 'zod'
import { day } from '../calendar/wall-clock.ts'
import { parseDayTime } from '../calendar/written-times.ts'
import { holidayPlace, timeZone } from '../calendar/written-values.ts'
import type { Allowance, Place } from '../clocks/business-time.ts'
import type { ClockName, defaultTargets, Severity, Targets } from '../clocks/clocks.ts'
import { durationPattern, parseDuration } from '../duration.ts'
import { escalationSettings } from './escalation-settings.ts'
import { jiraSettings } from './jira-settings.ts'

const allowancePattern = /^(none|\d{1,3} (business days?|service hours?))$/

/** In days, so that a deadline is found also after years of pauses. */
const longest = 1_000

const shorter = 'write a shorter time, or "none" for no deadline'

/** No transform, so that editors get the JSON Schema. */
const allowance = z
  .string()
  .refine((text) => allowancePattern.test(text) || (durationPattern.test(text) && parseDuration(text) > 0), {
    error: ({ input }) =>
      `${JSON.stringify(input)?.slice(0, 90)} is not a time allowance; write it like "15m", "4 service hours", "1 business day" or "none"`,
  })
  .refine((text) => !/^0+ /.test(text), {
    error: 'the allowance is zero; write a longer one, like "1 business day"',
  })
  .refine((text) => !durationPattern.test(text) || parseDuration(text) <= longest * day, {
    error: ({ input }) => `${JSON.stringify(input)} is more than 1,000 days; ${shorter}`,
  })

const clock = (severity: Severity, response: string, resolution: string) =>
  z
    .strictObject({ response: allowance.default(response), resolution: allowance.default(resolution) })
    .prefault({})
    .describe(`The time for the first response to a ${severity} and for its resolution.`)

const hourAndMinute = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
  error: ({ input }) => `${JSON.stringify(input)?.slice(0, 90)} is not a time of day; write it like "09:00"`,
})

const settings = z.strictObject({
  repository: z
    .string()
    .regex(/^[\w-]+\/[\w.-]+$/, {
      error: ({ input }) =>
        `${JSON.stringify(input)?.slice(0, 90)} is not a repository; write it like "my-org/incidents"`,
    })
    .describe('The private repository whose issues are the incidents. The App must be installed on it.'),
  time_zone: timeZone
    .default('America/Los_Angeles')
    .describe('The IANA zone of business days and service hours.'),
  holidays: holidayPlace.default('US').describe('Whose public holidays are not business days.'),
  service_hours: z
    .strictObject({ opens: hourAndMinute.default('09:00'), closes: hourAndMinute.default('21:00') })
    .refine(({ opens, closes }) => opens < closes, {
      path: ['closes'],
      error: 'service hours end before they begin; write a later time',
    })
    .prefault({})
    .describe('When someone watches the tickets, every day.'),
  clocks: z
    .strictObject({
      P0: clock('P0', '15m', '4h'),
      P1: clock('P1', '1h', '1 business day'),
      P2: clock('P2', '4 service hours', '3 business days'),
      P3: clock('P3', '1 business day', 'none'),
    })
    .prefault({})
    .describe('How long each severity may take: elapsed time, service hours or business days.'),
  escalation: escalationSettings,
  jira: jiraSettings.optional().describe('The Jira project in which remediation is tracked.'),
  postmortem: z
    .strictObject({
      from: z
        .enum(['resolved', 'declared'])
        .default('resolved')
        .describe('Whether the 72 hours count from when the P0 was resolved or declared.'),
    })
    .prefault({})
    .describe('The post-mortem of a P0.'),
  channel: z
    .string()
    .regex(/^([CG][A-Z0-9]{3,20}|#[^\sA-Z#.,<>|&]{1,80})$/, {
      error: ({ input }) =>
        `${JSON.stringify(input)?.slice(0, 90)} is not a channel; write its id, like "C0123456789", or its name in quotes, like "#incidents"`,
    })
    .optional()
    .describe('The Slack channel for incidents. Without it, they go to `slack.channel`.'),
})

/** Incidents: where they are kept, and their clocks. Everything but the repository has a default. */
export const incidentSettings = settings.superRefine((value, context) => {
  for (const [severity, allowances] of Object.entries(value.clocks))
    for (const [name, text] of Object.entries(allowances)) {
      const wanted = text.includes('service') ? allowanceOf(text, value) : undefined
      if (wanted?.kind !== 'service' || wanted.length <= longest * (wanted.closes - wanted.opens)) continue
      const message = `${JSON.stringify(text)} take more than 1,000 days with these \`service_hours\`; ${shorter}`
      context.addIssue({ code: 'custom', path: ['clocks', severity, name], message })
    }
})

export type IncidentSettings = z.output<typeof incidentSettings>

export function placeOf({ time_zone: zone, holidays }: IncidentSettings): Place {
  return { zone, holidays }
}

export function targetsOf(settings: IncidentSettings): Targets {
  const names = ['response', 'resolution'] as const
  const of = (severity: Severity) =>
    Object.fromEntries(
      names.map((name) => [name, allowanceOf(settings.clocks[severity][name], settings)]),
    ) as Record<ClockName, Allowance | undefined>
  return { P0: of('P0'), P1: of('P1'), P2: of('P2'), P3: of('P3') } satisfies typeof defaultTargets
}

function allowanceOf(
  text: string,
  { service_hours: { opens, closes } }: IncidentSettings,
): Allowance | undefined {
  if (text === 'none') return undefined
  const count = Number.parseInt(text, 10)
  if (text.includes('business')) return { kind: 'business', length: count * 24 * hour }
  if (text.includes('service'))
    return { kind: 'service', length: count * hour, opens: timeOfDay(opens), closes: timeOfDay(closes) }
  return { kind: 'elapsed', length: parseDuration(text) }
}

const hour = 3_600_000

/** Milliseconds after midnight. */
function timeOfDay(text: string): number {
  return parseDayTime(`Monday ${text}`) ?? 0
}
