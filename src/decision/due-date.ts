import { holidayDates } from './calendar/holidays.ts'
import { day, instantOf, wallAt } from './calendar/wall-clock.ts'
import type { WindowSettings } from './window-settings.ts'

type Place = Pick<WindowSettings, 'time_zone' | 'holidays'>

/** How long a review may take. */
const businessDays = 2

/**
 * When the review of a merge is due: two business days later, at the same time of day in the zone of the window.
 * Saturdays, Sundays and, where the policy names a place, its public holidays are no business days. Not date-fns'
 * `addBusinessDays`: that one counts the days of the zone that this process runs in.
 */
export function dueDate(mergedAt: Date, { time_zone: zone, holidays }: Place): Date {
  let wall = wallAt(zone, mergedAt.getTime())
  for (let left = businessDays; left > 0; ) {
    wall += day
    if (isBusinessDay(wall, holidays)) left -= 1
  }
  return new Date(instantOf(zone, wall, 'second'))
}

function isBusinessDay(wall: number, holidays: string | undefined): boolean {
  const midnight = Math.floor(wall / day) * day
  const date = new Date(midnight)
  if ([0, 6].includes(date.getUTCDay())) return false
  if (holidays === undefined) return true
  const year = date.getUTCFullYear()
  // A holiday of several days may have begun the year before.
  return ![year - 1, year].some((each) => holidayDates(holidays, each).some((one) => one.date === midnight))
}
