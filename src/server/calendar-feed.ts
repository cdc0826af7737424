import { createHash } from 'node:crypto'
import ical, { ICalCalendarMethod, ICalEventTransparency } from 'ical-generator'
import { scheduleFromSettings } from '../decision/calendar/open-spans.ts'
import { windowStateAt, windowTransitions } from '../decision/calendar.ts'
import { list, oneLine, plural } from '../decision/markdown.ts'
import type { WindowSettings } from '../decision/window-settings.ts'

/** A repository, `owner/name`, and when its releases are allowed. */
export type FeedEntry = { name: string; window: WindowSettings }

type Span = { from: Date; to: Date }
type FeedEvent = Span & { what: string; summary: string; description: string }

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

type Group = { names: string[]; window: WindowSettings }

/** Groups repositories with equal times. Settings such as `urgent` do not matter here. */
function grouped(entries: FeedEntry[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { name, window } of entries) {
    const { time_zone, windows, freezes, holidays } = window
    const key = JSON.stringify([time_zone, windows, freezes, holidays])
    const group = groups.get(key) ?? { names: [], window }
    group.names.push(name)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function windowEvents({ names, window }: Group, from: Date, to: Date): FeedEvent[] {
  return openSpans(window, from, to).map((span) => ({
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

function freezeEvents({ names, window }: Group, from: Date, to: Date): FeedEvent[] {
  return scheduleFromSettings(window).freezes.flatMap((block) => {
    const span = { from: new Date(block.from), to: new Date(block.to) }
    if (!('freeze' in block) || span.from >= to || span.to <= from) return []
    const reason = oneLine(block.freeze, 200)
    return [
      {
        ...span,
        what: `freeze ${reason}`,
        summary: `Release freeze: ${reason}`,
        description: `Releases are frozen. ${repositoriesText(names)}`,
      },
    ]
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
function eventId({ names }: Group, { what, from }: FeedEvent): string {
  const identity = JSON.stringify([names, what, from.toISOString()])
  return `${createHash('sha256').update(identity).digest('hex').slice(0, 32)}@release-gate`
}
