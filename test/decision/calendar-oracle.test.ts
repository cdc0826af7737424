import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowStateAt, windowTransitions } from '../../src/decision/calendar.ts'
import { type WindowSettings, windowSettings } from '../../src/decision/window-settings.ts'

/**
 * The calendar against an oracle that shares nothing with it: Temporal says when each window of each week opens
 * and closes, and an instant is open when one of these contains it and no freeze does. Slow and plain.
 */

const zones = [
  'America/Los_Angeles',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Santiago',
  'Europe/London',
  'Europe/Dublin',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Gaza',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Pacific/Apia',
  'Pacific/Chatham',
  'UTC',
]

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

type Time = { day: number; time: string }
type Interval = { from: number; to: number }
type Case = {
  zone: string
  windows: { opens: Time; closes: Time }[]
  freezes: { from: string; to: string }[]
}

function settingsOf({ zone, windows, freezes }: Case): WindowSettings {
  const written = ({ day, time }: Time) => `${dayNames[day - 1]} ${time}`
  return windowSettings.parse({
    time_zone: zone,
    windows: windows.map(({ opens, closes }) => ({ opens: written(opens), closes: written(closes) })),
    freezes: freezes.map((freeze) => ({ ...freeze, reason: 'holidays' })),
  })
}

type Oracle = {
  open(at: number): boolean
  /** Every instant at which the answer changes, in order, within the weeks that it sees. */
  changes: number[]
  /** The weeks at either end are left out: windows that began before them or go on after them are not known. */
  sees: Interval
}

function oracleOf(
  { zone, windows, freezes }: Case,
  first: Temporal.PlainDate,
  last: Temporal.PlainDate,
): Oracle {
  const instant = (local: Temporal.PlainDateTime, which: 'compatible' | 'later') =>
    local.toZonedDateTime(zone, { disambiguation: which }).epochMilliseconds
  const intervals: Interval[] = []
  for (let date = first; Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    for (const { opens, closes } of windows) {
      if (date.dayOfWeek !== opens.day) continue
      const begin = date.toPlainDateTime(opens.time)
      let end = date.toPlainDateTime(closes.time)
      while (end.dayOfWeek !== closes.day || Temporal.PlainDateTime.compare(end, begin) <= 0)
        end = end.add({ days: 1 })
      intervals.push({ from: instant(begin, 'compatible'), to: instant(end, 'later') })
    }
  }
  const frozen = freezes.map(({ from, to }) => ({
    from: instant(Temporal.PlainDateTime.from(from), 'compatible'),
    to: instant(Temporal.PlainDateTime.from(to), 'later'),
  }))
  const open = (at: number) => {
    const within = ({ from, to }: Interval) => from <= at && at < to
    return intervals.some(within) && !frozen.some(within)
  }
  const midnight = (date: Temporal.PlainDate) => date.toZonedDateTime(zone).epochMilliseconds
  const sees = { from: midnight(first.add({ days: 10 })), to: midnight(last.subtract({ days: 2 })) }
  const edges = new Set([...intervals, ...frozen].flatMap(({ from, to }) => [from, to]))
  const changes = [...edges]
    .filter((edge) => sees.from < edge && edge < sees.to && open(edge) !== open(edge - 1))
    .sort((a, b) => a - b)
  return { open, changes, sees }
}

const weekOfMs = 7 * 86_400_000
const dateIn = (zone: string, at: number) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()

/** The clock changes of a zone from 2010 to 2037, in which several years of each kind of zone have some. */
const clockChanges = new Map(zones.map((zone) => [zone, changesOf(zone)]))

function changesOf(zone: string): number[] {
  const found: number[] = []
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.from('2010-01-01T00:00Z').toZonedDateTimeISO(zone)
  while (at) {
    at = at.getTimeZoneTransition('next')
    if (!at || at.year >= 2037) break
    found.push(at.epochMilliseconds)
  }
  return found
}

const two = (value: number) => String(value).padStart(2, '0')
const timeOf = (minutes: number, seconds: number) =>
  `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}${seconds ? `:${two(seconds)}` : ''}`

/** Any time of the week, the small hours of the weekend (in which clocks change) more often than others. */
const time = fc.oneof(
  fc.record({
    day: fc.integer({ min: 1, max: 7 }),
    time: fc
      .tuple(fc.integer({ min: 0, max: 1439 }), fc.constantFrom(0, 0, 0, 59))
      .map(([m, s]) => timeOf(m, s)),
  }),
  fc.record({
    day: fc.constantFrom(6, 7, 7, 7, 5),
    time: fc.integer({ min: 0, max: 13 }).map((quarter) => timeOf(quarter * 15, 0)),
  }),
)
const windows = fc.array(
  fc
    .record({ opens: time, closes: time })
    .filter(({ opens, closes }) => opens.day !== closes.day || opens.time !== closes.time),
  { minLength: 1, maxLength: 3 },
)

/** Freezes from an hour to five days, as minutes from the week that is looked at. */
const freezes = fc.array(
  fc.record({ starts: fc.integer({ min: -9000, max: 9000 }), lasts: fc.integer({ min: 60, max: 7200 }) }),
  { maxLength: 2 },
)

const near = fc.integer({ min: -5 * 86_400_000, max: 5 * 86_400_000 })
const place = fc.constantFrom(...zones).chain((zone) => {
  const changes = clockChanges.get(zone) ?? []
  const anywhere = fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2037, 0) })
  const centre =
    changes.length > 0
      ? fc.oneof(anywhere, fc.constantFrom(...changes), fc.constantFrom(...changes))
      : anywhere
  return fc.record({ zone: fc.constant(zone), centre })
})

describe('the calendar says what an independent oracle says', () => {
  it('at 12,000 random instants of random zones, windows and freezes, and at each edge and a millisecond before it', () => {
    let instants = 0
    let inChangedWeeks = 0
    const years = new Set<number>()
    fc.assert(
      fc.property(
        place,
        windows,
        freezes,
        fc.array(near, { minLength: 6, maxLength: 6 }),
        (where, open, frozen, distances) => {
          const { zone, centre } = where
          const local = Temporal.Instant.fromEpochMilliseconds(centre)
            .toZonedDateTimeISO(zone)
            .toPlainDateTime()
            .round('minute')
          const spans = frozen.map(({ starts, lasts }) => {
            const from = local.add({ minutes: starts })
            return {
              from: from.toString().slice(0, 16),
              to: from.add({ minutes: lasts }).toString().slice(0, 16),
            }
          })
          const settled = spans.filter(({ from, to }) => isForward(zone, from, to))
          const example = { zone, windows: open, freezes: settled }
          const oracle = oracleOf(
            example,
            dateIn(zone, centre - 4 * weekOfMs),
            dateIn(zone, centre + 5 * weekOfMs),
          )
          const edge = oracle.changes.find((change) => change >= centre) ?? centre
          const chosen = [...distances.map((distance) => centre + distance), edge, edge - 1]
          const settings = settingsOf(example)
          const isChangedWeek = clockChanges.get(zone)?.includes(centre)
          if (isChangedWeek) years.add(new Date(centre).getUTCFullYear())
          for (const at of chosen) {
            expect(answerOf(settings, at, oracle), `${new Date(at).toISOString()}`).toEqual(
              expected(oracle, at),
            )
            instants += 1
            if (isChangedWeek) inChangedWeeks += 1
          }
        },
      ),
      { numRuns: 1500 },
    )
    expect(instants).toBeGreaterThanOrEqual(10_000)
    expect(inChangedWeeks).toBeGreaterThanOrEqual(3_000)
    expect(years.size).toBeGreaterThanOrEqual(10)
  })

  it.each([
    ['America/Los_Angeles', 'Sunday 01:15', 'Sunday 02:45'],
    ['America/Los_Angeles', 'Wednesday 10:00', 'Wednesday 11:00'],
    ['Australia/Lord_Howe', 'Sunday 01:45', 'Sunday 02:15'],
    ['Africa/Casablanca', 'Sunday 02:30', 'Sunday 03:00'],
    ['America/Sao_Paulo', 'Sunday 00:00', 'Sunday 00:45'],
    ['Europe/London', 'Sunday 01:00', 'Sunday 01:30'],
    ['Pacific/Apia', 'Friday 10:00', 'Friday 11:00'],
    ['America/St_Johns', 'Saturday 23:30', 'Sunday 00:01'],
    ['Asia/Kathmandu', 'Sunday 22:00', 'Monday 02:00'],
  ])('through 20 years of %s, %s to %s', (zone, opens, closes) => {
    const example = { zone, windows: [{ opens: read(opens), closes: read(closes) }], freezes: [] }
    const [from, to] = [Date.UTC(2008, 0, 1), Date.UTC(2028, 0, 1)]
    const oracle = oracleOf(example, dateIn(zone, from - 2 * weekOfMs), dateIn(zone, to + weekOfMs))
    const inRange = oracle.changes.filter((at) => at >= from && at < to)
    const found = windowTransitions(settingsOf(example), new Date(from), new Date(to))
    expect(found.map(({ at }) => at.getTime())).toEqual(inRange)
    expect(found.map((each) => each.to)).toEqual(inRange.map((at) => (oracle.open(at) ? 'open' : 'closed')))
    expect(found.length).toBeGreaterThan(2000)
  })
})

function read(text: string): Time {
  const [name = '', time = ''] = text.split(' ')
  return { day: dayNames.indexOf(name) + 1, time }
}

function isForward(zone: string, from: string, to: string): boolean {
  const [first, last] = [from, to].map((text) => Temporal.PlainDateTime.from(text))
  if (!first || !last) return false
  const begins = first.toZonedDateTime(zone, { disambiguation: 'compatible' })
  return Temporal.ZonedDateTime.compare(begins, last.toZonedDateTime(zone, { disambiguation: 'later' })) < 0
}

type Said = {
  open: boolean
  since: number | undefined
  next: number | undefined
  thenCloses: number | undefined
}

/** What the oracle says; undefined where it would have to look outside the weeks that it knows. */
function expected({ open: isOpen, changes }: Oracle, at: number): Said {
  const open = isOpen(at)
  const [next, then] = changes.filter((change) => change > at)
  return {
    open,
    since: open ? changes.findLast((change) => change <= at) : undefined,
    next,
    thenCloses: open ? next : then,
  }
}

/** What the calendar says, in the same form and no farther than the oracle's weeks. */
function answerOf(settings: WindowSettings, at: number, oracle: Oracle): Said {
  const state = windowStateAt(settings, new Date(at))
  const known = (date: Date | undefined) =>
    date && oracle.sees.from < date.getTime() && date.getTime() < oracle.sees.to ? date.getTime() : undefined
  expect(state.next?.to).toBe(state.next && (state.open ? 'closed' : 'open'))
  return {
    open: state.open,
    since: state.open ? known(state.opensAt) : undefined,
    next: known(state.next?.at),
    thenCloses: known(state.closesAt),
  }
}
