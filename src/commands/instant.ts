import { parseMoment } from '../decision/calendar/written-times.ts'

/** An instant as ISO text. Requires an offset, since the time zone of this machine has nothing to do with the release. */
export function instantOf(option: string, text: string): string {
  const instant = instantIn(text)
  if (instant !== undefined) return instant
  throw new Error(
    `${option}: ${JSON.stringify(text)} is not an ISO date and time with an offset. Example: "2026-12-24T09:00:00Z" or "2026-12-24T09:00-08:00".`,
  )
}

/** An instant, or a day, which begins at midnight UTC. Undefined: neither. */
export function instantOrDayIn(text: string): string | undefined {
  return instantIn(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text)
}

function instantIn(text: string): string | undefined {
  const moment = parseMoment(text)
  return moment?.offset === undefined ? undefined : new Date(moment.wall - moment.offset).toISOString()
}
