import { openSpans, type Schedule, scheduleFromSettings } from './calendar/open-spans.ts'
import { type CalendarAnswer, covers, findWindowAround } from './calendar/search.ts'
import { week } from './calendar/wall-clock.ts'
import type { WindowSettings } from './window-settings.ts'

export { formatDate, formatTime, formatTimeShort, formatTimeWithYear } from './calendar/format-time.ts'

/** A moment at which the window opens or closes. */
export type Transition = { at: Date; to: 'open' | 'closed' }

/**
 * The state of the calendar at an instant. When open, `opensAt` and `closesAt` are the bounds of the current stretch, else of
 * the next one; either is undefined when it lies outside the years that are searched (from two calendar years before that of
 * the instant to two after it): the window never opens, or never closes. `freeze` and `holiday` are those in force at the
 * instant, whether or not a window would be open.
 */
export type CalendarState = {
  open: boolean
  opensAt: Date | undefined
  closesAt: Date | undefined
  next: Transition | undefined
  freeze?: { reason: string; from: Date; to: Date }
  holiday?: string
}

type Calendar = { schedule: Schedule; answers: CalendarAnswer[] }

/**
 * Calendars by settings object. Remembering is invisible from outside: an answer holds for exactly the span that
 * it was found for, and settings that came out of the schema are never changed.
 */
const calendars = new WeakMap<WindowSettings, Calendar>()
const answersKept = 16

/**
 * Whether the window is open at an instant, and when that changes, to the millisecond.
 *
 * @throws RangeError for an invalid date: fail closed.
 */
export function windowStateAt(settings: WindowSettings, at: Date): CalendarState {
  const instant = at.getTime()
  if (Number.isNaN(instant)) throw new RangeError('The calendar was asked about an invalid date')
  const calendar = calendarOf(settings)
  const known = calendar.answers.find(({ valid }) => covers(valid, instant))
  return toState(known ?? remember(calendar, findWindowAround(calendar.schedule, instant)))
}

/** Every opening and closing in the half-open range from `from` to `to`, in order. */
export function windowTransitions(settings: WindowSettings, from: Date, to: Date): Transition[] {
  const [first, last] = [from.getTime(), to.getTime()]
  const range = { from: first - week, to: last + week }
  return openSpans(calendarOf(settings).schedule, range)
    .stretches.flatMap((stretch): Transition[] => [
      { at: new Date(stretch.from), to: 'open' },
      { at: new Date(stretch.to), to: 'closed' },
    ])
    .filter(({ at }) => first <= at.getTime() && at.getTime() < last)
}

function calendarOf(settings: WindowSettings): Calendar {
  const known = calendars.get(settings)
  if (known) return known
  const calendar = { schedule: scheduleFromSettings(settings), answers: [] }
  calendars.set(settings, calendar)
  return calendar
}

function remember({ answers }: Calendar, answer: CalendarAnswer): CalendarAnswer {
  answers.unshift(answer)
  answers.length = Math.min(answers.length, answersKept)
  return answer
}

/** Fresh dates for each caller, since a Date can be changed. */
function toState({ open, opensAt, closesAt, freeze, holiday }: CalendarAnswer): CalendarState {
  const change = open ? closesAt : opensAt
  return {
    open,
    opensAt: dateOf(opensAt),
    closesAt: dateOf(closesAt),
    next: change === undefined ? undefined : { at: new Date(change), to: open ? 'closed' : 'open' },
    ...(freeze && 'freeze' in freeze
      ? { freeze: { reason: freeze.freeze, from: new Date(freeze.from), to: new Date(freeze.to) } }
      : {}),
    ...(holiday && 'holiday' in holiday ? { holiday: holiday.holiday } : {}),
  }
}

function dateOf(instant: number | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant)
}
