import type { Context } from 'hono'

/** The rows of the page that the request asks for; sets the `Link` header as GitHub does. */
export function page<T>(c: Context, rows: T[], { most = 100, usual = 30 } = {}): T[] {
  const size = Math.min(Math.max(Number(c.req.query('per_page') ?? usual) || usual, 1), most)
  const number = Math.max(Number(c.req.query('page') ?? 1) || 1, 1)
  linkPages(c, number, Math.max(Math.ceil(rows.length / size), 1), size)
  return rows.slice((number - 1) * size, number * size)
}

function linkPages(c: Context, current: number, last: number, size: number): void {
  const links: string[] = []
  const add = (rel: string, target: number) => {
    const url = new URL(c.req.url)
    if (c.req.query('per_page')) url.searchParams.set('per_page', String(size))
    url.searchParams.set('page', String(target))
    links.push(`<${url}>; rel="${rel}"`)
  }
  if (current > 1) add('prev', current - 1)
  if (current < last) add('next', current + 1)
  if (current < last) add('last', last)
  if (current > 1) add('first', 1)
  if (links.length > 0) c.header('Link', links.join(', '))
}

/** Cursor paging, as the activity and delivery lists have it: `after` names the last row seen. */
export function cursorPage<T extends { id: number }>(c: Context, rows: T[]): T[] {
  const size = Math.min(Math.max(Number(c.req.query('per_page') ?? 30) || 30, 1), 100)
  const after = Number(c.req.query('after') ?? 0)
  const start = after ? rows.findIndex(({ id }) => id === after) + 1 : 0
  const shown = rows.slice(start, start + size)
  const last = shown.at(-1)
  if (last && start + size < rows.length) {
    const url = new URL(c.req.url)
    url.searchParams.set('after', String(last.id))
    c.header('Link', `<${url}>; rel="next"`)
  }
  return shown
}
