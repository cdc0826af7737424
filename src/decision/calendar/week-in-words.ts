import type { WindowSettings } from '../window-settings.ts'
import { day } from './wall-clock.ts'
import { lengthOf, parseDayTime } from './written-times.ts'

type Week = Pick<WindowSettings, 'time_zone' | 'windows'>
type Window = Pick<WindowSettings['windows'][number], 'opens' | 'closes'>

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

/** How long a window is open each week on the wall's clock, in milliseconds. */
export function windowLength({ opens, closes }: Window): number {
  return lengthOf(parseDayTime(opens) ?? 0, parseDayTime(closes) ?? 0)
}

/** For how long releases are allowed each week, in milliseconds: what two windows share counts once. */
export function openTime(windows: Window[]): number {
  const spans = windows.flatMap(spansOf).sort((a, b) => a.from - b.from)
  let [total, end] = [0, 0]
  for (const { from, to } of spans) {
    total += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return total
}

/** The pairs of windows that are open at the same time. */
export function overlaps(windows: Window[]): [Window, Window][] {
  return windows.flatMap((one, index) =>
    windows
      .slice(index + 1)
      .flatMap((other): [Window, Window][] => (isShared(one, other) ? [[one, other]] : [])),
  )
}

function isShared(one: Window, other: Window): boolean {
  return spansOf(one).some((a) => spansOf(other).some((b) => a.from < b.to && b.from < a.to))
}

/** Within one week from Monday to Sunday: a window over the week's end is two spans. */
function spansOf(window: Window): { from: number; to: number }[] {
  const from = parseDayTime(window.opens) ?? 0
  const to = from + windowLength(window)
  if (to <= 7 * day) return [{ from, to }]
  return [
    { from, to: 7 * day },
    { from: 0, to: to - 7 * day },
  ]
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

const zoneNames = new Map<string, string>()

/** Zones that Americans name without "time": "10:00 Pacific". */
const american = ['Pacific', 'Mountain', 'Central', 'Eastern', 'Atlantic', 'Alaska', 'Hawaii-Aleutian']

/** "Pacific", "Central European time", and the zone's own name where English has none. Made once: a formatter costs a tenth of a millisecond. */
function zoneName(zone: string): string {
  const known = zoneNames.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longGeneric' })
  const parts = format.formatToParts(Date.UTC(2026, 0, 1))
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone
  const place = name.replace(/( Standard)? Time$/, '')
  const isPlain = american.includes(place) || place === name
  const words = name.startsWith('GMT') ? zone : isPlain ? place : `${place} time`
  zoneNames.set(zone, words)
  return words
}
