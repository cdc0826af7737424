import type { WindowSettings } from '../window-settings.ts'
import { holidayDates } from './holidays.ts'
import { day, instantOf, week } from './wall-clock.ts'
import { instantOfMoment, lengthOf, parseDayTime, parseMoment } from './written-times.ts'

/** Half-open: `from` belongs to it, `to` does not. Both are instants in milliseconds. */
export type Span = { from: number; to: number }

/** A time in which no window is open, whatever the windows say. */
export type Block = Span & ({ freeze: string } | { holiday: string })

/** The settings, read once. `opens` counts from Monday 00:00; lengths are of wall-clock time. */
export type Schedule = {
  zone: string
  windows: { opens: number; length: number }[]
  freezes: Block[]
  holidays: string | undefined
}

/** Throws for settings that the schema would refuse: a broken calendar must never read as an open window. */
export function scheduleFromSettings(settings: WindowSettings): Schedule {
  const zone = settings.time_zone
  return {
    zone,
    holidays: settings.holidays,
    windows: settings.windows.map(({ opens, closes }) => {
      const from = known(opens, parseDayTime(opens))
      return { opens: from, length: lengthOf(from, known(closes, parseDayTime(closes))) }
    }),
    freezes: settings.freezes.map(({ from, to, reason }) => ({
      from: instantOfMoment(known(from, parseMoment(from)), zone, 'first'),
      to: instantOfMoment(known(to, parseMoment(to)), zone, 'second'),
      freeze: reason,
    })),
  }
}

function known<T>(text: string, value: T | undefined): T {
  if (value === undefined)
    throw new RangeError(`${JSON.stringify(text)} is not a time that the calendar can read`)
  return value
}

/**
 * When a window is open within a range, and what blocks windows there. Exact inside the range; a stretch that
 * reaches an edge of the range is cut there. Windows that overlap or adjoin make one stretch.
 */
export function openSpans(schedule: Schedule, range: Span): { stretches: Span[]; blocks: Block[] } {
  const blocks = [...schedule.freezes, ...holidayBlocks(schedule, range)]
    .filter((block) => block.from < range.to && block.to > range.from)
    .sort((a, b) => a.from - b.from)
  const stretches = subtractSpans(joined(occurrences(schedule, range)), blocks).flatMap((span) =>
    clipped(span, range),
  )
  return { stretches, blocks }
}

/** Monday 00:00 of the wall's week number; 1970 began on a Thursday. */
const mondayOf = (number: number) => number * week - 3 * day

/** Every occurrence that may touch the range, with a week to spare on either side for offsets and long windows. */
function occurrences({ zone, windows }: Schedule, range: Span): Span[] {
  const spans: Span[] = []
  const last = Math.floor((range.to + 3 * day) / week) + 1
  for (let number = Math.floor((range.from + 3 * day) / week) - 2; number <= last; number++) {
    for (const { opens, length } of windows) {
      const wall = mondayOf(number) + opens
      spans.push({ from: instantOf(zone, wall, 'first'), to: instantOf(zone, wall + length, 'second') })
    }
  }
  return spans.sort((a, b) => a.from - b.from)
}

/** Spans that overlap or adjoin become one. A span that closes before it opens (both moved by a gap) is none. */
function joined(sorted: Span[]): Span[] {
  const result: Span[] = []
  for (const { from, to } of sorted) {
    if (to <= from) continue
    const previous = result.at(-1)
    if (previous && from <= previous.to) previous.to = Math.max(previous.to, to)
    else result.push({ from, to })
  }
  return result
}

/** What is left of the spans outside the blocks, which are sorted by their begin. */
export function subtractSpans(spans: Span[], blocks: Span[]): Span[] {
  return spans.flatMap((span) => {
    const open: Span[] = []
    let from = span.from
    for (const block of blocks) {
      if (block.to <= from || block.from >= span.to) continue
      if (block.from > from) open.push({ from, to: block.from })
      from = block.to
    }
    return from < span.to ? [...open, { from, to: span.to }] : open
  })
}

function clipped(span: Span, range: Span): Span[] {
  const cut = { from: Math.max(span.from, range.from), to: Math.min(span.to, range.to) }
  return cut.from < cut.to ? [cut] : []
}

/** A holiday blocks its date in the window's zone, midnight to midnight; a window of several days goes on after it. */
function holidayBlocks({ zone, holidays }: Schedule, range: Span): Block[] {
  if (holidays === undefined) return []
  const [first, last] = [range.from - day, range.to + day]
  // One year earlier as well: a holiday of several days may reach over New Year.
  const from = new Date(first).getUTCFullYear() - 1
  const years = Array.from({ length: new Date(last).getUTCFullYear() - from + 1 }, (_, index) => from + index)
  return years
    .flatMap((year) => holidayDates(holidays, year))
    .filter(({ date }) => date >= first - day && date <= last)
    .map(({ date, name }) => ({
      from: instantOf(zone, date, 'first'),
      to: instantOf(zone, date + day, 'second'),
      holiday: name,
    }))
}
