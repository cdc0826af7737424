import { wallAt } from './calendar/wall-clock.ts'
import { windowStateAt, windowTransitions } from './calendar.ts'
import type { WindowSettings } from './window-settings.ts'

/** A stretch of time in which releases are allowed; `closesAt` undefined: it does not close in the years that are searched. */
export type Opening = { opensAt: Date; closesAt: Date | undefined }

/** What is posted in a channel about an opening, each at its time. */
export const momentKinds = ['before', 'open', 'closing', 'closed'] as const
export type MomentKind = (typeof momentKinds)[number]

/** To be posted from `due` on, late rather than never, and not at all from `until` on: then it would not be true anymore, or not be news. */
export type ReleaseDayEvent = Opening & { kind: MomentKind; due: Date; until: Date }

const minute = 60_000
const hour = 60 * minute

const ahead = hour
const warning = 10 * minute
/** Merges of the last moments are recorded a little later. */
const settling = minute
/** A summary is news for so long. */
const memory = 12 * hour

/** The moments of the openings around an instant: those that have ended lately, the current one, and one that begins soon. */
export function momentsAround(settings: WindowSettings, now: Date): ReleaseDayEvent[] {
  return openingsAround(settings, now).flatMap(momentsOf)
}

/** When there is something to tell next. */
export function nextMoment(settings: WindowSettings, now: Date): Date | undefined {
  const state = windowStateAt(settings, now)
  const { opensAt } = state.open && state.closesAt ? windowStateAt(settings, state.closesAt) : state
  const upcoming = opensAt ? [new Date(opensAt.getTime() - ahead), opensAt] : []
  const times = [...upcoming, ...momentsAround(settings, now).map(({ due }) => due)]
  const next = times.filter((time) => time > now).map((time) => time.getTime())
  return next.length === 0 ? undefined : new Date(Math.min(...next))
}

/** The date of an opening on the clock of its zone: openings of one date share a thread. */
export function dayOf({ opensAt }: Pick<Opening, 'opensAt'>, zone: string): string {
  return new Date(wallAt(zone, opensAt.getTime())).toISOString().slice(0, 10)
}

export function isSameOpening(one: Opening, other: Opening): boolean {
  return (
    one.opensAt.getTime() === other.opensAt.getTime() && one.closesAt?.getTime() === other.closesAt?.getTime()
  )
}

function openingsAround(settings: WindowSettings, now: Date): Opening[] {
  const from = new Date(now.getTime() - memory - hour)
  const to = new Date(now.getTime() + ahead + 1)
  const inside = windowTransitions(settings, from, to).map(({ at, to: state }) =>
    state === 'open' ? at : new Date(at.getTime() - 1),
  )
  const openings = new Map<number, Opening>()
  for (const at of [...inside, now]) {
    const { open, opensAt, closesAt } = windowStateAt(settings, at)
    if (open && opensAt) openings.set(opensAt.getTime(), { opensAt, closesAt })
  }
  return [...openings.values()]
}

function momentsOf({ opensAt, closesAt }: Opening): ReleaseDayEvent[] {
  const opening = { opensAt, closesAt }
  const at = (time: Date, by: number) => new Date(time.getTime() + by)
  const before: ReleaseDayEvent = { ...opening, kind: 'before', due: at(opensAt, -ahead), until: opensAt }
  if (!closesAt) return [before, { ...opening, kind: 'open', due: opensAt, until: at(opensAt, memory) }]
  // In a window that is hardly longer than the warning, the opening says all that the warning would.
  const warned = closesAt.getTime() - opensAt.getTime() >= 2 * warning
  const last = warned ? at(closesAt, -warning) : closesAt
  return [
    before,
    { ...opening, kind: 'open', due: opensAt, until: last },
    ...(warned ? [{ ...opening, kind: 'closing' as const, due: last, until: closesAt }] : []),
    { ...opening, kind: 'closed', due: at(closesAt, settling), until: at(closesAt, memory) },
  ]
}
