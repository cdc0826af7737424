import { z } from 'zod'
import { isZone } from './calendar/wall-clock.ts'
import { instantOfMoment, parseDayTime, parseMoment } from './calendar/written-times.ts'
import { dayTime, duration, holidayPlace, moment, timeZone } from './calendar/written-values.ts'
import { urgentSettings } from './urgent-settings.ts'

/** The settings of the gate `release_window`: `{}` parses to the defaults. No transforms, so that editors get its JSON Schema. */

const windowSpan = z
  .strictObject({
    opens: dayTime.meta({ examples: ['Wednesday 10:00'] }),
    closes: dayTime.meta({ examples: ['Wednesday 11:00'] }),
    long: z.boolean().optional().describe('Whether this window is meant to be open for more than 24 hours.'),
  })
  .refine(
    ({ opens, closes }) => parseDayTime(opens) === undefined || parseDayTime(opens) !== parseDayTime(closes),
    {
      path: ['closes'],
      error: ({ input }) =>
        `this window closes when it opens, at ${JSON.stringify((input as { opens: string }).opens)}; ` +
        'write a later time at which it closes',
    },
  )

const freeze = z.strictObject({
  from: moment.describe("Local time of the window's zone, or with an ISO offset."),
  to: moment.describe("Local time of the window's zone, or with an ISO offset. The freeze ends at it."),
  reason: z
    .string({ error: 'a freeze needs a reason; the check shows it' })
    .trim()
    .min(1, 'a freeze needs a reason; the check shows it')
    .max(200, 'the reason is longer than 200 characters; write a sentence, the check shows it'),
})

const windowExample = 'write at least one, like { opens: Wednesday 10:00, closes: Wednesday 11:00 }'

export const windowSettings = z
  .strictObject({
    time_zone: timeZone.default('America/Los_Angeles'),
    windows: z
      .array(windowSpan)
      .min(1, `no window is listed, so nothing could ever be released; ${windowExample}`)
      .max(50, 'more than 50 windows are listed; write fewer')
      .default([{ opens: 'Wednesday 10:00', closes: 'Wednesday 11:00' }])
      .describe('When releases are allowed, each week. A window may cross midnight and the end of the week.'),
    freezes: z
      .array(freeze)
      .max(500, 'more than 500 freezes are listed; remove those that have passed')
      .default([])
      .describe('Times when no window is open.'),
    frozen: z
      .string()
      .trim()
      .min(1, 'write why releases are frozen; the check shows it')
      .max(200, 'the reason is longer than 200 characters; write a sentence, the check shows it')
      .optional()
      .describe(
        'Closes the window immediately, until this line is removed. The check shows its text as the reason.',
      ),
    holidays: holidayPlace
      .optional()
      .describe(
        'A country, or a country and state, such as US-CA. No window is open on its public holidays.',
      ),
    closing_margin: duration
      .default('60s')
      .describe('How long before closing to start revoking green checks.'),
    urgent: urgentSettings.prefault({}),
  })
  .superRefine((settings, context) => {
    for (const [index, each] of settings.freezes.entries()) {
      if (!endsBeforeItBegins(each, settings.time_zone)) continue
      context.addIssue({
        code: 'custom',
        path: ['freezes', index, 'to'],
        message: `this freeze ends at ${each.to}, not after it begins at ${each.from}; write a later end`,
      })
    }
  })

export type WindowSettings = z.output<typeof windowSettings>

/** The zone of a policy's times, those of its release window; UTC where its gates have none. */
export function timeZoneOf({ release_window: window }: { readonly release_window?: unknown }): string {
  const isSet = typeof window === 'object' && window !== null && 'time_zone' in window
  return isSet && typeof window.time_zone === 'string' ? window.time_zone : 'UTC'
}

/** False if the times themselves are invalid, which is reported separately. */
function endsBeforeItBegins(each: { from: string; to: string }, zone: string): boolean {
  const [from, to] = [parseMoment(each.from), parseMoment(each.to)]
  if (!from || !to || !isZone(zone)) return false
  return instantOfMoment(to, zone, 'second') <= instantOfMoment(from, zone, 'first')
}
