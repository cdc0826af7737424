import { addMonths } from 'date-fns/addMonths'
import { isSameName } from '../decision/github-names.ts'
import { calendarFeed, type FeedEntry } from './calendar-feed.ts'
import { isCalendarToken } from './calendar-link.ts'
import type { Handler } from './server.ts'

export type CalendarOptions = {
  /** Every repository whose policy has a window. */
  entries: () => Promise<FeedEntry[]>
  /** The key of the addresses. */
  key: () => Promise<string>
  now: () => Date
}

/** How many months the feed covers. */
const months = 6

/**
 * `GET /calendar.ics`: the windows and freezes of the next six months, of all repositories or with
 * `?repository=owner/name` of one. Without a valid token the answer is 404, whether or not the repository exists.
 */
export function calendarHandler({ entries, key, now }: CalendarOptions): Handler {
  return async (request, response) => {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    const repository = query.get('repository') ?? undefined
    if (!isCalendarToken(await key(), query.get('token') ?? '', repository)) return refuse(response)
    const all = await entries()
    const shown = repository === undefined ? all : all.filter(({ name }) => isSameName(name, repository))
    if (repository !== undefined && shown.length === 0) return refuse(response)
    const from = now()
    response.writeHead(200, {
      'content-type': 'text/calendar; charset=utf-8',
      'content-disposition': 'inline; filename="release-windows.ics"',
      'cache-control': 'private, max-age=300',
      'referrer-policy': 'no-referrer',
    })
    response.end(calendarFeed(shown, from, addMonths(from, months)))
  }
}

function refuse(response: Parameters<Handler>[1]): void {
  response.writeHead(404, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify({ error: 'Not found.' })}\n`)
}
