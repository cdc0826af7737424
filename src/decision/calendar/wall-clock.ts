/**
 * Wall-clock time of IANA zones. An instant is milliseconds since 1970 in UTC; a wall time is what a clock on
 * the wall shows, written as the milliseconds that the same digits would have in UTC.
 *
 * Not done with date-fns-tz: around a change of the clocks its `fromZonedTime` and `getTimezoneOffset` are off by an hour
 * (America/Denver, 1986-04-27T06:26Z), and its `formatInTimeZone` loads all of date-fns.
 */

export const day = 86_400_000
export const week = 7 * day

const clocks = new Map<string, Intl.DateTimeFormat>()

/** Keyed in lower case, since a zone's name may be written in any case and the map must stay bounded. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const key = zone.toLowerCase()
  const known = clocks.get(key)
  if (known) return known
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  clocks.set(key, clock)
  return clock
}

/** The three-letter names that IANA has. ICU knows more, and takes "BST" for Bangladesh. */
const shortNames = /^(UTC|GMT|UCT|EST|MST|HST|CET|MET|EET|WET|PRC|ROC|ROK)$/i

/** Whether this is a zone by IANA's name. Offsets such as "+05:00" are no zones: they have no rules. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name) || /^SystemV\//i.test(name)) return false
  if (/^[A-Za-z]{3}$/.test(name) && !shortNames.test(name)) return false
  try {
    clockOf(name)
    return true
  } catch {
    return false
  }
}

/** What the zone's clock shows at an instant. Throws a RangeError for a zone that the runtime does not know. */
export function wallAt(zone: string, instant: number): number {
  const millisecond = ((instant % 1000) + 1000) % 1000
  const [month = 1, date = 1, year = 1970, hour = 0, minute = 0, second = 0] =
    clockOf(zone).format(instant).match(/\d+/g)?.map(Number) ?? []
  return Date.UTC(year, month - 1, date, hour, minute, second, millisecond)
}

function offsetAt(zone: string, instant: number): number {
  return wallAt(zone, instant) - instant
}

/**
 * The instant at which the zone's clock shows a wall time. A time that daylight saving skips is shifted by the length of the
 * gap. Of a repeated one, `which` is taken: the first for opening, the second for closing.
 *
 * No zone is more than 14 hours from UTC, so a day to either side sees the offsets before and after any change.
 */
export function instantOf(zone: string, wall: number, which: 'first' | 'second'): number {
  const before = offsetAt(zone, wall - day)
  const after = offsetAt(zone, wall + day)
  if (before === after) return wall - before
  const real = [wall - before, wall - after].filter((instant) => wallAt(zone, instant) === wall)
  if (real.length === 0) return wall - before
  return which === 'first' ? Math.min(...real) : Math.max(...real)
}
