import type { WindowSettings } from '../window-settings.ts'
import { parseDayTime } from './written-times.ts'

type Week = Pick<WindowSettings, 'time_zone' | 'windows'>

/**
 * The rule of the window, which is true at any time: "Wednesdays 10:00–11:00 Pacific", "Sundays 22:00 to Mondays 02:00 UTC".
 * Windows with the same hours share their days: "Mondays and Fridays 10:00–11:00 Pacific".
 */
export function weekInWords({ time_zone, windows }: Week): string {
  const parts = windows.map(({ opens, closes }) => partOf(opens, closes))
  const byHours = Map.groupBy(parts, ({ hours }) => hours)
  const all = [...byHours].map(([hours, same]) => `${inWords(same.map(({ days }) => days))} ${hours}`)
  return `${inWords(all)} ${zoneName(time_zone)}`
}

function partOf(opens: string, closes: string): { days: string; hours: string } {
  const [from, to] = [splitUp(opens), splitUp(closes)]
  const lasts = (parseDayTime(closes) ?? 0) - (parseDayTime(opens) ?? 0)
  const hours =
    from.day === to.day && lasts > 0 ? `${from.time}–${to.time}` : `${from.time} to ${to.day}s ${to.time}`
  return { days: `${from.day}s`, hours }
}

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function splitUp(dayTime: string): { day: string; time: string } {
  const [name = '', time = ''] = dayTime.split(' ')
  const day = days.find((full) => full.toLowerCase().startsWith(name.toLowerCase())) ?? name
  return { day, time }
}

function inWords(items: string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** "Pacific", "Central European", and the zone's own name where English has none. */
function zoneName(zone: string): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longGeneric' })
  const parts = format.formatToParts(Date.UTC(2026, 0, 1))
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone
  return name.startsWith('GMT') ? zone : name.replace(/( Standard)? Time$/, '')
}
