import { createHash } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { answered } from './bodies.ts'
import type { GitHubContext } from './context.ts'

/**
 * Conditional requests: a GET that answers 200 carries an ETag over the token, the Accept header and the body, and
 * `If-None-Match` with that ETag answers 304 without a body. So a renewed installation token costs every read afresh.
 * Runs inside the limits, which do not count a 304.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function etags(): MiddlewareHandler<GitHubContext> {
  return async (c, next) => {
    await next()
    if (!['GET', 'HEAD'].includes(c.req.method) || c.res.status !== 200) return
    const etag = tagOf(c, await answered(c))
    c.res.headers.set('etag', etag)
    c.res.headers.set('cache-control', 'private, max-age=60, s-maxage=60')
    c.res.headers.set('vary', 'Accept, Authorization, Cookie, X-GitHub-OTP')
    if (matches(c.req.header('if-none-match'), etag)) c.res = unmodified(c)
  }
}

function tagOf(c: Context, body: Uint8Array): string {
  const hash = createHash('sha256')
  for (const header of ['authorization', 'accept']) hash.update(`${c.req.header(header) ?? ''}\n`)
  return `W/"${hash.update(body).digest('hex')}"`
}

/** The weak comparison of RFC 9110, section 13.1.2: `W/` does not matter, `*` matches whatever exists. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || opaque(tag) === opaque(etag))
}

function unmodified(c: Context): Response {
  const headers = new Headers(c.res.headers)
  headers.delete('content-type')
  headers.delete('content-length')
  c.res = undefined // or Hono would carry the old headers over
  return new Response(null, { status: 304, headers })
}
