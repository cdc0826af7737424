import { nearest } from '../did-you-mean.ts'
import { day, instantOf, week } from './wall-clock.ts'

/** How a policy writes times: a day of the week with a time, and a date with a time. */

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const dayNames = days.map(
  (name) => `[${name[0]}${name[0]?.toLowerCase()}]${name.slice(1, 3)}(${name.slice(3)})?`,
)
const hourAndMinute = '([01]\\d|2[0-3]):[0-5]\\d'

/** "Wednesday 10:00", "Wed 10:00:30". */
export const dayTimePattern = new RegExp(`^(${dayNames.join('|')}) ${hourAndMinute}(:[0-5]\\d)?$`)

/** "2026-12-18T00:00" in the window's own zone, "2026-12-18T00:00Z" or "2026-12-18T00:00:00+01:00" anywhere. */
export const momentPattern = new RegExp(
  `^(19[7-9]|[2-9]\\d\\d)\\d-\\d\\d-\\d\\d[T ]${hourAndMinute}(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-]${hourAndMinute})?$`,
)

/** Milliseconds of wall-clock time since Monday 00:00, or undefined when the text is not a day and time. */
export function parseDayTime(text: string): number | undefined {
  if (!dayTimePattern.test(text)) return undefined
  const [name = '', time = ''] = text.split(' ')
  const index = days.findIndex((full) => full.toLowerCase().startsWith(name.toLowerCase()))
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number)
  return index * day + (hour * 3600 + minute * 60 + second) * 1000
}

/** How long a window lasts on the wall's clock, in milliseconds; 0 when it closes when it opens. */
export function lengthOf(opens: number, closes: number): number {
  return (closes - opens + week) % week
}

/** The day and time that the writer probably meant: the nearest day's name, and the time where it can be read. */
export function suggestDayTime(text: string): string {
  const typed = text.match(/[A-Za-z]+/)?.[0] ?? ''
  const begun = days.find((full) => typed.length > 2 && full.toLowerCase().startsWith(typed.toLowerCase()))
  const name = begun ?? nearest(typed, days) ?? 'Wednesday'
  const [, hour = '10', minute = '00'] = text.match(/\b(\d{1,2})[:.](\d\d)\b/) ?? []
  const suggestion = `${name} ${hour.padStart(2, '0')}:${minute}`
  return dayTimePattern.test(suggestion) ? suggestion : `${name} 10:00`
}

/** A date and time as written: what the clock shows, and how far that clock is from UTC when the text says so. */
export type WrittenTime = { wall: number; offset: number | undefined }

/** Undefined when the text is not a date and time, a date that no calendar has (30 February) included. */
export function parseMoment(text: string): WrittenTime | undefined {
  if (!momentPattern.test(text)) return undefined
  const [, date = '', time = '', zone] = text.match(/^(.{10}).([\d:.]+)(.*)$/) ?? []
  const local = `${date}T${time}Z`
  const wall = Date.parse(local)
  if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== date) return undefined
  return { wall, offset: zone ? parseOffset(zone) : undefined }
}

function parseOffset(text: string): number {
  if (text === 'Z') return 0
  const [hours = 0, minutes = 0] = text.slice(1).split(':').map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

/**
 * The instant of a written moment, in milliseconds since 1970; without an offset it is on the zone's clock. `which` decides where
 * the clock shows that time twice.
 *
 * @throws RangeError for a zone that the runtime does not know.
 */
export function instantOfMoment(moment: WrittenTime, zone: string, which: 'first' | 'second'): number {
  if (moment.offset !== undefined) return moment.wall - moment.offset
  return instantOf(zone, moment.wall, which)
}
