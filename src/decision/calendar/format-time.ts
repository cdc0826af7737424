import { enAU } from 'date-fns/locale/en-AU'
import { enCA } from 'date-fns/locale/en-CA'
import { enGB } from 'date-fns/locale/en-GB'
import { enIE } from 'date-fns/locale/en-IE'
import { enIN } from 'date-fns/locale/en-IN'
import { enNZ } from 'date-fns/locale/en-NZ'
import { enUS } from 'date-fns/locale/en-US'
import { enZA } from 'date-fns/locale/en-ZA'
import { formatInTimeZone } from 'date-fns-tz/formatInTimeZone'
import { wallAt } from './wall-clock.ts'

/** English-speaking places, each of which has short names for the zones around it; "PST" is known in the first. */
const locales = [enUS, enGB, enAU, enCA, enIN, enNZ, enZA, enIE]

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

/** "Wed, Nov 25, 10:00 AM PST": for titles, where there is no room for UTC. Seconds are shown when there are any. */
export function formatTimeShort(at: Date, zone: string): string {
  return remembered(`short ${zone} ${at.getTime()}`, () => {
    const wall = wallAt(zone, at.getTime())
    return `${dateOf(wall)}, ${timeOfDay(wall)} ${abbreviationOf(zone, at)}`
  })
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
 * The zone's usual letters where English has them, else its offset: "PST", "BST", "GMT+5:45". Only this part is
 * formatted by date-fns-tz: it writes hours and minutes through a Date of the process's own zone, so a process in Los
 * Angeles would show 2:30 AM UTC on a Sunday in March as 3:30 AM.
 */
function abbreviationOf(zone: string, at: Date): string {
  const found = locales.map((locale) => formatInTimeZone(at, zone, 'zzz', { locale }))
  return found.find((name) => !/^GMT[+-]/.test(name)) ?? found[0] ?? zone
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
