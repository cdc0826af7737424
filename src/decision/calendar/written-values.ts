import { z } from 'zod'
import { nearest } from '../did-you-mean.ts'
import { durationPattern, parseDuration } from '../duration.ts'
import { placeProblem } from './holidays.ts'
import { isZone } from './wall-clock.ts'
import { dayTimePattern, momentPattern, parseMoment, suggestDayTime } from './written-times.ts'

/** The values that a policy writes as text. Each message says what is wrong and how to fix it. */

const zoneExample = 'write a name like "America/Los_Angeles"'

/** What was typed, cut where it would fill the message. */
function quoted(input: unknown): string {
  const typed = JSON.stringify(input)
  return typed.length > 80 ? `${typed.slice(0, 80)}…` : typed
}

/** A text with a message of its own for each way to get it wrong: left out, not a text, or not of its form. */
function text(what: string, fix: (typed: string) => string) {
  const message = (input: unknown) =>
    input === undefined
      ? `${what} is missing; ${fix('')}`
      : `${quoted(input)} is not ${what}; ${fix(String(input).slice(0, 80))}`
  return { message, base: z.string({ error: ({ input }) => message(input) }) }
}

const zoneText = text('an IANA time zone', (typed) => {
  const meant = nearest(typed, ['UTC', ...Intl.supportedValuesOf('timeZone')])
  return meant ? `did you mean "${meant}"?` : zoneExample
})
export const timeZone = zoneText.base
  .refine(isZone, { error: ({ input }) => zoneText.message(input) })
  .describe('IANA name of the zone in which windows and freezes are written.')

const dayTimeText = text('a day and time', (typed) => `write it like "${suggestDayTime(typed)}"`)
export const dayTime = dayTimeText.base.regex(dayTimePattern, {
  error: ({ input }) => dayTimeText.message(input),
})

const momentText = text(
  'a date and time',
  () => 'write it like "2026-12-18T00:00", or with an offset like "2026-12-18T00:00Z"',
)
export const moment = momentText.base
  .regex(momentPattern, { error: ({ input }) => momentText.message(input), abort: true })
  .refine((typed) => parseMoment(typed) !== undefined, {
    error: ({ input }) => `${quoted(input)} is not a date and time: the month has no such day`,
  })

const durationText = text('a duration', () => 'write it like "60s", "2m", "24h" or "1h30m"')
export const duration = durationText.base.regex(durationPattern, {
  error: ({ input }) => durationText.message(input),
})

/** A duration of which nothing at all makes no sense. */
export const lastingDuration = duration.refine(
  (typed) => !durationPattern.test(typed) || parseDuration(typed) > 0,
  {
    error: ({ input }) => `${quoted(input)} is zero; use a longer duration, like "24h"`,
  },
)

const placeText = text('a place whose holidays are known', () => 'write it like "US" or "US-CA"')
export const holidayPlace = placeText.base.superRefine((typed, context) => {
  const problem = placeProblem(typed)
  if (problem) context.addIssue({ code: 'custom', message: `${quoted(typed)} ${problem}` })
})
