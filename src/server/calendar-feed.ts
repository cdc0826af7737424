import { createHash } from 'node:crypto'
import ical, { ICalCalendarMethod, ICalEventTransparency } from 'ical-generator'
import { scheduleFromSettings } from '../decision/calendar/open-spans.ts'
import { windowStateAt, windowTransitions } from '../decision/calendar.ts'
import { list, oneLine, plural } from '../decision/markdown.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { WindowSettings } from '../decision/window-settings.ts'

/** A repository, `owner/name`, when its releases are allowed, and the freeze that was ordered and is in force. */
export type FeedEntry = { name: string; window: WindowSettings } & Pick<Snapshot, 'frozen'>

type Span = { from: Date; to: Date }
type FeedEvent = Span & { what: string; summary: string; description: string; began?: string | undefined }

/** How often clients should refresh, in seconds. */
const refresh = 3600

/**
 * The windows and freezes in the half-open range from `from` to `to`, as iCalendar (RFC 5545). Repositories with equal
 * settings share their events. All times are in UTC, so clients need no time zone rules. Events show as free time, since
 * they are not the subscriber's appointments. A window on a holiday is left out.
 */
export function calendarFeed(entries: FeedEntry[], from: Date, to: Date): string {
  const feed = ical({
    name: 'Release windows',
    prodId: { company: 'release-gate', product: 'release-gate', language: 'EN' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: refresh,
  })
  for (const group of grouped(entries)) {
    const events = [...windowEvents(group, from, to), ...freezeEvents(group, from, to)]
    for (const event of events) {
      feed.createEvent({
        id: eventId(group, event),
        start: event.from,
        end: event.to,
        stamp: from,
        summary: event.summary,
        description: event.description,
        transparency: ICalEventTransparency.TRANSPARENT,
      })
    }
  }
  return feed.toString()
}

type Group = { names: string[] } & Omit<FeedEntry, 'name'>

/** Groups repositories with equal times. Settings such as `urgent` do not matter here. */
function grouped(entries: FeedEntry[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { name, window, frozen } of entries) {
    const { time_zone, windows, freezes, holidays, frozen: byPolicy } = window
    const key = JSON.stringify([time_zone, windows, freezes, holidays, byPolicy, frozen])
    const group = groups.get(key) ?? { names: [], window, frozen }
    group.names.push(name)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function windowEvents({ names, ...entry }: Group, from: Date, to: Date): FeedEvent[] {
  const frozenUntil = new Date(
    Math.max(from.getTime(), ...blocksOf(entry, from, to).map((span) => span.to.getTime())),
  )
  const open = openSpans(entry.window, from, to).filter((span) => span.to > frozenUntil)
  const rest = open.map((span) =>
    span.from < frozenUntil && frozenUntil > from ? { ...span, from: frozenUntil } : span,
  )
  return rest.map((span) => ({
    ...span,
    what: 'window',
    summary: `Release window: ${label(names)}`,
    description: `Releases are allowed. ${repositoriesText(names)}`,
  }))
}

/** Only the first and the last window can cross the edge of the range. */
function openSpans(window: WindowSettings, from: Date, to: Date): Span[] {
  const changes = windowTransitions(window, from, to)
  const opens = changes.filter((change) => change.to === 'open').map(({ at }) => at)
  const closes = changes.filter((change) => change.to === 'closed').map(({ at }) => at)
  const first = windowStateAt(window, from)
  if (first.open && opens[0]?.getTime() !== from.getTime()) opens.unshift(first.opensAt ?? from)
  const last = opens.at(-1)
  if (last && opens.length > closes.length) {
    closes.push(windowStateAt(window, last < from ? from : last).closesAt ?? to)
  }
  return opens.flatMap((opening, index) => {
    const closing = closes[index]
    return closing ? [{ from: opening, to: closing }] : []
  })
}

/** The freezes that are in force, of the policy and ordered ones; without an end, they reach to that of the range. */
function blocksOf(
  { window, frozen }: Omit<FeedEntry, 'name'>,
  from: Date,
  to: Date,
): (Span & { reason: string; began?: string })[] {
  const byPolicy = window.frozen === undefined ? [] : [{ from, to, reason: window.frozen, began: 'unknown' }]
  if (!frozen) return byPolicy
  const { reason, since, until } = frozen
  return [...byPolicy, { from: new Date(since), to: until === undefined ? to : new Date(until), reason }]
}

function freezeEvents({ names, ...entry }: Group, from: Date, to: Date): FeedEvent[] {
  const planned = scheduleFromSettings(entry.window).freezes.flatMap((block) =>
    'freeze' in block ? [{ from: new Date(block.from), to: new Date(block.to), reason: block.freeze }] : [],
  )
  const inRange: (Span & { reason: string; began?: string })[] = [
    ...planned,
    ...blocksOf(entry, from, to),
  ].filter((span) => span.from < to && span.to > from)
  return inRange.map((span) => {
    const reason = oneLine(span.reason, 200)
    return {
      from: span.from,
      to: span.to,
      began: span.began,
      what: `freeze ${reason}`,
      summary: `Release freeze: ${reason}`,
      description: `Releases are frozen. ${repositoriesText(names)}`,
    }
  })
}

function label(names: string[]): string {
  return names.length === 1 ? oneLine(names[0] ?? '') : plural(names.length, 'repository', 'repositories')
}

function repositoriesText(names: string[]): string {
  const shown = names.slice(0, 50).map((name) => oneLine(name))
  const rest = names.length - shown.length
  return `Repositories: ${list(rest > 0 ? [...shown, `${rest} more`] : shown)}.`
}

/** A stable id, so that clients update an event and do not duplicate it. */
function eventId({ names }: Group, { what, from, began = from.toISOString() }: FeedEvent): string {
  const identity = JSON.stringify([names, what, began])
  return `${createHash('sha256').update(identity).digest('hex').slice(0, 32)}@release-gate`
}
