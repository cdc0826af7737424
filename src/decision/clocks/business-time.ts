import { holidayDates } from '../calendar/holidays.ts'
import { type Span, subtractSpans } from '../calendar/open-spans.ts'
import { day, instantOf, wallAt } from '../calendar/wall-clock.ts'

/** Whose days these are: an IANA zone and, for its public holidays, a place such as "US-CA". */
export type Place = { zone: string; holidays: string | undefined }

/**
 * Time that counts for a clock, in milliseconds. `elapsed` is time on any day. `business` is wall-clock time on business days,
 * of which each has 24 hours. `service` is wall-clock time between two times of every day, as milliseconds after midnight.
 */
export type Allowance =
  | { kind: 'elapsed'; length: number }
  | { kind: 'business'; length: number }
  | { kind: 'service'; length: number; opens: number; closes: number }

/** No allowance and no pause of an incident reaches further. */
const farthest = 3_660 * day

/**
 * The instant at which an allowance is used up that runs from `start`, in milliseconds since 1970. Time in `excluded` does not
 * count. A start outside the time that counts is the same as a start when it next begins.
 *
 * Business and service time are wall-clock time, so a day on which the clocks change still has 24 hours: an hour that does
 * not exist counts as passed, and one that is repeated counts once.
 *
 * @throws RangeError if it is not used up within ten years.
 */
export function deadlineOf(
  start: number,
  allowance: Allowance,
  place: Place,
  excluded: readonly Span[] = [],
): number {
  const blocks = [...excluded].sort((a, b) => a.from - b.from)
  const clock = allowance.kind === 'elapsed' ? elapsed : wallClock(place.zone)
  let left = allowance.length
  for (const span of spansThatCount(start, allowance, place)) {
    for (const { from, to } of subtractSpans([{ from: Math.max(span.from, start), to: span.to }], blocks)) {
      const length = clock.between(from, to)
      if (left <= length) return clock.after(from, left)
      left -= length
    }
  }
  throw new RangeError(`The allowance is not used up within ten years of ${new Date(start).toISOString()}.`)
}

/**
 * The instant at which a part of the time that counts between two instants has passed, for the kind of time of an allowance. `part` is from 0
 * to 1. Time in `excluded` does not count.
 *
 * @throws RangeError as `deadlineOf`.
 */
export function partWay(
  { from, to }: Span,
  part: number,
  { allowance, place, excluded }: { allowance: Allowance; place: Place; excluded: readonly Span[] },
): number {
  if (allowance.kind === 'elapsed' || to <= from) return from + Math.max(0, to - from) * part
  const length = Math.round(timeBetween({ from, to }, allowance, place, excluded) * part)
  return deadlineOf(from, { ...allowance, length }, place, excluded)
}

function timeBetween(
  { from, to }: Span,
  allowance: Allowance,
  place: Place,
  excluded: readonly Span[],
): number {
  const blocks = [...excluded].sort((a, b) => a.from - b.from)
  const clock = wallClock(place.zone)
  let sum = 0
  for (const span of spansThatCount(from, allowance, place)) {
    if (span.from >= to) break
    const part = { from: Math.max(span.from, from), to: Math.min(span.to, to) }
    for (const left of subtractSpans([part], blocks)) sum += clock.between(left.from, left.to)
  }
  return sum
}

type Clock = { between(from: number, to: number): number; after(from: number, length: number): number }

const elapsed: Clock = { between: (from, to) => to - from, after: (from, length) => from + length }

function wallClock(zone: string): Clock {
  const after = (from: number, length: number) => {
    const wall = wallAt(zone, from) + length
    const first = instantOf(zone, wall, 'first')
    return first < from ? instantOf(zone, wall, 'second') : first
  }
  return { between: (from, to) => Math.max(0, wallAt(zone, to) - wallAt(zone, from)), after }
}

/** The spans of time that counts and that end after `start`, in order. */
function* spansThatCount(start: number, allowance: Allowance, place: Place): Generator<Span> {
  if (allowance.kind === 'elapsed') return yield { from: start, to: start + farthest }
  const service = allowance.kind === 'service'
  const [opens, closes] = service ? [allowance.opens, allowance.closes] : [0, day]
  const first = Math.floor(wallAt(place.zone, start) / day) * day
  for (let midnight = first; midnight < first + farthest; midnight += day) {
    if (!service && !isBusinessDay(midnight, place.holidays)) continue
    const from = instantOf(place.zone, midnight + opens, 'first')
    const to = instantOf(place.zone, midnight + closes, 'first')
    if (to > start) yield { from, to }
  }
}

/** Monday to Friday, and no public holiday of the place. `midnight` is a wall time. */
function isBusinessDay(midnight: number, holidays: string | undefined): boolean {
  const date = new Date(midnight)
  if ([0, 6].includes(date.getUTCDay())) return false
  if (holidays === undefined) return true
  const year = date.getUTCFullYear()
  // A holiday of several days may have begun the year before.
  return ![year - 1, year].some((each) => holidayDates(holidays, each).some((one) => one.date === midnight))
}
