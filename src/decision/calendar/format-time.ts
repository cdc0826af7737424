import { wallAt } from './wall-clock.ts'

/** English-speaking places, each of which has short names for the zones around it; "PST" is known in the first. */
const locales = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA', 'en-IE']

const names = new Map<string, Intl.DateTimeFormat[]>()
const shown = new Map<string, string>()

const utcDate = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
})

/** "Wed 25 Nov 2026, 10:00 PST (18:00 UTC)"; the date of the UTC part is shown when it is another one. */
export function formatTime(at: Date, zone: string): string {
  return remembered(`long ${zone} ${at.getTime()}`, () => {
    const wall = wallAt(zone, at.getTime())
    const short = formatTimeShort(at, zone)
    if (short.endsWith(' UTC')) return short
    const utc = timeOfDay(at.getTime())
    const sameDate = dateOf(wall) === dateOf(at.getTime())
    return `${short} (${sameDate ? utc : `${dateOf(at.getTime())}, ${utc}`} UTC)`
  })
}

/** "Wed 25 Nov 2026, 10:00 PST": for titles, where there is no room for UTC. Seconds are shown when there are any. */
export function formatTimeShort(at: Date, zone: string): string {
  return remembered(`short ${zone} ${at.getTime()}`, () => {
    const wall = wallAt(zone, at.getTime())
    return `${dateOf(wall)}, ${timeOfDay(wall)} ${abbreviationOf(zone, at)}`
  })
}

function dateOf(wall: number): string {
  const part = Object.fromEntries(utcDate.formatToParts(wall).map(({ type, value }) => [type, value]))
  return `${part.weekday} ${part.day} ${part.month} ${part.year}`
}

function timeOfDay(wall: number): string {
  const time = new Date(wall).toISOString().slice(11, 19)
  return time.endsWith(':00') ? time.slice(0, 5) : time
}

/** The zone's usual letters where English has them, else its distance: "PST", "BST", "GMT+5:45". */
function abbreviationOf(zone: string, at: Date): string {
  const found = formattersOf(zone).map((formatter) => nameIn(formatter, at))
  return found.find((name) => !/^GMT[+-]/.test(name)) ?? found[0] ?? zone
}

function nameIn(formatter: Intl.DateTimeFormat, at: Date): string {
  return formatter.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

function formattersOf(zone: string): Intl.DateTimeFormat[] {
  const key = zone.toLowerCase()
  const known = names.get(key)
  if (known) return known
  const made = locales.map(
    (locale) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }),
  )
  names.set(key, made)
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
