import { day } from './calendar/wall-clock.ts'
import { deadlineOf } from './clocks/business-time.ts'
import type { WindowSettings } from './window-settings.ts'

type Place = Pick<WindowSettings, 'time_zone' | 'holidays'>

/** How long a review may take: two business days. */
const allowance = { kind: 'business' as const, length: 2 * day }

/**
 * When the review of a merge is due: two business days later, at the same time of day in the zone of the window. A merge on a
 * weekend or a holiday counts from the beginning of the next business day.
 *
 * @throws RangeError for an invalid date, or where ten years have no two business days.
 */
export function dueDate(mergedAt: Date, { time_zone: zone, holidays }: Place): Date {
  return new Date(deadlineOf(mergedAt.getTime(), allowance, { zone, holidays }))
}
