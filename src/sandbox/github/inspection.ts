import type { Context, MiddlewareHandler } from 'hono'
import { answered } from './bodies.ts'
import type { Actor, GitHubContext } from './context.ts'

/** One request as a route answered it; those that a limit or a fault answered are not among them. */
export type Exchange = {
  actor: Actor['kind']
  method: string
  /** As it was sent, still encoded, without the prefix of an Enterprise Server. */
  path: string
  query: URLSearchParams
  body: unknown
  status: number
  /** The answer as it was sent; empty where it is not JSON. */
  text: string
  /** The same, parsed for whoever asks for it; undefined where it is not JSON. */
  readonly answer: unknown
}

/** Looks on at what goes over the wire. Exchanges are read twice where anybody looks at them, webhooks cost nothing. */
export type Inspector = {
  exchange?(exchange: Exchange): void
  webhook(event: string, payload: unknown): void
}

/**
 * The inspectors of every sandbox of this process: a test run holds all that is said to GitHub's own description, wherever
 * a sandbox is started.
 */
export const inspectors = new Set<Inspector>()

/** Runs innermost, so that a 304 is seen as the answer that it stands for. */
export function inspection(): MiddlewareHandler<GitHubContext> {
  return async (c, next) => {
    if (![...inspectors].some(({ exchange }) => exchange)) return next()
    const sent = ['GET', 'HEAD'].includes(c.req.method) ? '' : await c.req.text()
    await next()
    const { pathname, searchParams: query } = new URL(c.req.url)
    const text = await textOf(c)
    const exchange: Exchange = {
      actor: c.var.actor.kind,
      method: c.req.method,
      path: pathname.replace(/^\/api(\/v3)?(?=\/)/, ''),
      query,
      body: parsed(sent),
      status: c.res.status,
      text,
      get answer() {
        return parsed(text)
      },
    }
    for (const inspector of inspectors) inspector.exchange?.(exchange)
  }
}

async function textOf(c: Context<GitHubContext>): Promise<string> {
  const isJson = c.res.headers.get('content-type')?.includes('application/json')
  return isJson ? new TextDecoder().decode(await answered(c)) : ''
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
