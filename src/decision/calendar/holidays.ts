import Holidays from 'date-holidays'
import { day } from './wall-clock.ts'

/** A public holiday's date: the wall time of its midnight, and its name in English where there is one. */
export type HolidayDate = { date: number; name: string }

type Codes = Record<string, string> | undefined

const publicHolidays = { types: ['public' as const] }
const places = new Holidays()
const known = new Map<string, HolidayDate[]>()

/**
 * The dates of the public holidays of a place ("US-CA") that begin in a year. A half holiday counts as its whole
 * date, a substitute day as a holiday, and one of several days as each of its dates. The dates are the place's
 * own; the calendar lays them on the window's zone.
 */
export function holidayDates(place: string, year: number): HolidayDate[] {
  const key = `${place} ${year}`
  const before = known.get(key)
  if (before) return before
  const [country = '', state = '', region = ''] = place.split('-')
  const dates = new Holidays(country, state, region, publicHolidays)
    .getHolidays(year, 'en')
    .flatMap(({ date, start, end, name }) => {
      const first = Date.parse(`${date.slice(0, 10)}T00:00:00Z`)
      const count = Math.max(1, Math.round((end.getTime() - start.getTime()) / day))
      return Array.from({ length: count }, (_, index) => ({ date: first + index * day, name }))
    })
  if (known.size >= 1000) known.clear()
  known.set(key, dates)
  return dates
}

/** Every place of which holidays are known: countries, their states, and the regions of those. */
export function holidayPlaces(): string[] {
  const codes = (listed: Codes) => Object.keys(listed ?? {})
  return codes(places.getCountries()).flatMap((country) => [
    country,
    ...codes(places.getStates(country)).flatMap((state) => [
      `${country}-${state}`,
      ...codes(places.getRegions(country, state)).map((region) => `${country}-${state}-${region}`),
    ]),
  ])
}

/** What is wrong with the name of a place, as the end of a sentence, or undefined when its holidays are known. */
export function placeProblem(place: string): string | undefined {
  const unknown = unknownPart(place)
  if (!unknown) return undefined
  const upper = place.toUpperCase()
  const meant = unknownPart(upper) ? unknown.meant : upper
  return `is not ${unknown.what}; ${meant ? `did you mean "${meant}"?` : 'write it like "US" or "US-CA"'}`
}

type Unknown = { what: string; meant: string | undefined }

/** The first part of "country-state-region" of which no holidays are known. */
function unknownPart(place: string): Unknown | undefined {
  const [country = '', state, region, ...rest] = place.split('-')
  if (rest.length > 0) return { what: 'a country, a state and a region', meant: undefined }
  return (
    missing('a country whose holidays are known', country, places.getCountries(), '') ??
    missing(
      `a state of ${country} whose holidays are known`,
      state,
      places.getStates(country),
      `${country}-`,
    ) ??
    missing(
      `a region of ${country}-${state} whose holidays are known`,
      region,
      state === undefined ? undefined : places.getRegions(country, state),
      `${country}-${state}-`,
    )
  )
}

function missing(what: string, code: string | undefined, codes: Codes, prefix: string): Unknown | undefined {
  if (code === undefined || Object.hasOwn(codes ?? {}, code)) return undefined
  const spelled = Object.entries(codes ?? {}).find(([, name]) => name.toLowerCase() === code.toLowerCase())
  return { what, meant: spelled && prefix + spelled[0] }
}
