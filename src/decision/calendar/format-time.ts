import { wallAt } from './wall-clock.ts'

/** English-speaking places, each of which has short names for the zones around it; "PST" is known in the first. */
const locales = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA', 'en-IE']

const shown = new Map<string, string>()

const dateFormat = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
})

/** "Wed, Nov 25, 10:00 AM PST (18:00 UTC)"; the date of the UTC part is shown when it is another one. */
export function formatTime(at: Date, zone: string): string {
  return remembered(`long ${zone} ${at.getTime()}`, () => {
    const wall = wallAt(zone, at.getTime())
    const short = formatTimeShort(at, zone)
    if (short.endsWith(' UTC')) return short
    const utc = utcTime(at)
    const sameDate = dateOf(wall) === dateOf(at.getTime())
    return `${short} (${sameDate ? utc : `${dateOf(at.getTime())}, ${utc}`} UTC)`
  })
}

/** "Wed, Nov 25, 2026, 10:00 AM PST (18:00 UTC)": where the time may be far away, or is read long after. */
export function formatTimeWithYear(at: Date, zone: string): string {
  const wall = wallAt(zone, at.getTime())
  const date = dateOf(wall)
  return `${date}, ${new Date(wall).getUTCFullYear()}${formatTime(at, zone).slice(date.length)}`
}

/** "Wed, Nov 25, 10:00 AM PST": for titles, where there is no room for UTC. Seconds are shown when there are any. */
export function formatTimeShort(at: Date, zone: string): string {
  return remembered(`short ${zone} ${at.getTime()}`, () => {
    const wall = wallAt(zone, at.getTime())
    return `${dateOf(wall)}, ${timeOfDay(wall)} ${abbreviationOf(zone, at)}`
  })
}

/** "Wed, Nov 25": the date on the zone's clock. */
export function formatDate(at: Date, zone: string): string {
  return dateOf(wallAt(zone, at.getTime()))
}

function dateOf(wall: number): string {
  return dateFormat.format(wall)
}

function timeOfDay(wall: number): string {
  const time = new Date(wall)
  const hour = time.getUTCHours()
  return `${hour % 12 || 12}:${minutesOf(time)} ${hour < 12 ? 'AM' : 'PM'}`
}

function utcTime(at: Date): string {
  return `${String(at.getUTCHours()).padStart(2, '0')}:${minutesOf(at)}`
}

/** "05", and "05:30" where there are seconds. */
function minutesOf(time: Date): string {
  const parts =
    time.getUTCSeconds() === 0 ? [time.getUTCMinutes()] : [time.getUTCMinutes(), time.getUTCSeconds()]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/**
 * The zone's usual letters where English has them, else its offset: "PST", "BST", "GMT+5:45". Not done with date-fns-tz, which
 * asks Intl the same question, and loads all of date-fns for it: a second of every start.
 */
function abbreviationOf(zone: string, at: Date): string {
  let first: string | undefined
  for (const namer of namersOf(zone)) {
    const name = namer.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value
    if (name && !/^GMT[+-]/.test(name)) return name
    first ??= name
  }
  return first ?? zone
}

const namers = new Map<string, Intl.DateTimeFormat[]>()

function namersOf(timeZone: string): Intl.DateTimeFormat[] {
  const known = namers.get(timeZone)
  if (known) return known
  const made = locales.map((locale) => new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }))
  namers.set(timeZone, made)
  return made
}

/** A thousand pull requests wait for the same opening, so the same few texts are asked for over and over. */
function remembered(key: string, make: () => string): string {
  const known = shown.get(key)
  if (known !== undefined) return known
  const text = make()
  if (shown.size >= 500) shown.clear()
  shown.set(key, text)
  return text
}
