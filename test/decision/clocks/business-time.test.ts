import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holidayDates } from '../../../src/decision/calendar/holidays.ts'
import { type Allowance, deadlineOf, type Place } from '../../../src/decision/clocks/business-time.ts'
import { defaultTargets, evaluateClocks, severities } from '../../../src/decision/clocks/clocks.ts'

/**
 * Against an oracle that shares nothing with the code but the list of holidays: it walks minute by minute over Temporal's
 * wall clock and counts the minutes that count.
 */

const hour = 3_600_000
const minute = 60_000
const places: Place[] = [
  { zone: 'America/Los_Angeles', holidays: 'US-CA' },
  { zone: 'America/New_York', holidays: 'US' },
  { zone: 'Europe/Berlin', holidays: 'DE-BY' },
  { zone: 'Australia/Lord_Howe', holidays: 'AU' },
  { zone: 'Asia/Kathmandu', holidays: undefined },
  { zone: 'UTC', holidays: undefined },
]

function oracle(start: number, allowance: Allowance, place: Place): number {
  let at = start
  for (let left = allowance.length; left > 0; at += minute) if (counts(at, allowance, place)) left -= minute
  return at
}

function counts(at: number, allowance: Allowance, { zone, holidays }: Place): boolean {
  if (allowance.kind === 'elapsed') return true
  const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const sinceMidnight = (wall.hour * 60 + wall.minute) * minute
  if (allowance.kind === 'service')
    return sinceMidnight >= allowance.opens && sinceMidnight < allowance.closes
  if (wall.dayOfWeek > 5) return false
  const date = Date.UTC(wall.year, wall.month - 1, wall.day)
  return (
    holidays === undefined ||
    ![wall.year - 1, wall.year].some((year) => holidayDates(holidays, year).some((one) => one.date === date))
  )
}

const place = fc.constantFrom(...places)
const length = fc.integer({ min: 1, max: 90 * 60 }).map((minutes) => minutes * minute)
const allowance: fc.Arbitrary<Allowance> = fc.oneof(
  length.map((length) => ({ kind: 'business' as const, length })),
  length.map((length) => ({ kind: 'service' as const, length, opens: 9 * hour, closes: 21 * hour })),
  length.map((length) => ({ kind: 'elapsed' as const, length })),
)

/** Whole minutes in the weeks around the changes of the clocks of ten years, in which everything odd happens. */
const start = fc
  .record({
    year: fc.integer({ min: 2020, max: 2029 }),
    change: fc.constantFrom([2, 8], [2, 25], [3, 1], [9, 1], [9, 25], [10, 1]),
    minutes: fc.integer({ min: -7 * 24 * 60, max: 10 * 24 * 60 }),
  })
  .map(({ year, change: [month = 0, date = 1], minutes }) => Date.UTC(year, month, date) + minutes * minute)

const given = { seed: 20_261_126, numRuns: 150 }

describe('time that counts', () => {
  test('is what a walk over the wall clock minute by minute counts', () => {
    fc.assert(
      fc.property(start, allowance, place, (at, wanted, where) => {
        const used = deadlineOf(at, wanted, where)
        // The walk ends a minute after the last one that counted; the end of a span is the same point in it.
        expect(used).toBe(oracle(at, wanted, where))
      }),
      { ...given, numRuns: 60 },
    )
  })

  test('used in two parts is used as one', () => {
    fc.assert(
      fc.property(start, allowance, allowance, place, (at, one, other, where) => {
        const second: Allowance = { ...one, length: other.length }
        const sum: Allowance = { ...one, length: one.length + other.length }
        expect(deadlineOf(deadlineOf(at, one, where), second, where)).toBe(deadlineOf(at, sum, where))
      }),
      given,
    )
  })

  test('a pause never makes it end earlier, and one outside it changes nothing', () => {
    const pause = fc.tuple(start, fc.integer({ min: 0, max: 10 * 24 * 60 }))
    fc.assert(
      fc.property(start, allowance, place, fc.array(pause, { maxLength: 4 }), (at, wanted, where, pauses) => {
        const spans = pauses.map(([from, minutes]) => ({ from, to: from + minutes * minute }))
        const plain = deadlineOf(at, wanted, where)
        expect(deadlineOf(at, wanted, where, spans)).toBeGreaterThanOrEqual(plain)
        const outside = [
          { from: at - hour, to: at },
          { from: plain, to: plain + hour },
        ]
        expect(deadlineOf(at, wanted, where, outside)).toBe(plain)
      }),
      given,
    )
  })

  test('that is never used up is an error, not an endless search', () => {
    const forever = [{ from: 0, to: Date.UTC(2999, 0, 1) }]
    const where = { zone: 'UTC', holidays: undefined }
    expect(() => deadlineOf(0, { kind: 'business', length: 1 }, where, forever)).toThrow(
      'within ten years of 1970-01-01',
    )
  })
})

describe('the clocks of an incident', () => {
  const severity = fc.constantFrom(...severities)

  test('a raised severity never makes a deadline later', () => {
    fc.assert(
      fc.property(
        start,
        severity,
        severity,
        fc.integer({ min: 0, max: 5_000 }),
        place,
        (at, one, other, minutes, where) => {
          const [low, high] = [one, other].sort().reverse() as [typeof one, typeof one]
          const changed = at + minutes * minute
          const times = { takenAt: changed, startedAt: at, resolved: [], waiting: [] }
          const before = { at, severity: low }
          const plain = evaluateClocks({ ...times, severities: [before] }, defaultTargets, where)
          const raised = evaluateClocks(
            { ...times, severities: [before, { at: changed, severity: high }] },
            defaultTargets,
            where,
          )
          for (const [index, { due = Number.POSITIVE_INFINITY }] of plain.entries())
            expect(raised[index]?.due ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(due)
        },
      ),
      given,
    )
  })
})
