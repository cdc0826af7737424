import { getRequestListener } from '@hono/node-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { html } from 'hono/html'
import { matchedRoutes } from 'hono/route'
import { statusOfError } from '../../services/github/errors.ts'
import type { Handler } from '../server.ts'
import { readableRepositories } from './access.ts'
import { freezePages } from './freeze-pages.ts'
import { boardHeaders } from './headers.ts'
import { assetRoutes, page } from './layout.ts'
import { boardPages } from './pages.ts'
import { type BoardContext, clearedCookie, endViewerSession, signedIn } from './session.ts'
import type { BoardShell } from './shell.ts'
import { signInRoutes, signOutRoute } from './sign-in.ts'

/** Serves the board to Node's HTTP server. */
export function boardHandler(shell: BoardShell): Handler {
  return getRequestListener(boardApp(shell).fetch, { overrideGlobalObjects: false })
}

/** The board: sign-in, and behind it every page of `pages.ts`. */
export function boardApp(shell: BoardShell): Hono<BoardContext> {
  const app = new Hono<BoardContext>()
  app.use(headersOf(shell), bodyLimit({ maxSize: 64 * 1024 }))
  app.route('/', assetRoutes())
  app.route('/', signInRoutes(shell))
  app.use(viewerOnly(shell))
  app.route('/', signOutRoute(shell))
  app.route('/', freezePages(shell))
  app.route('/', boardPages(shell))
  app.notFound((context) => context.json({ error: 'Not found.' }, 404))
  app.onError((error, context) => failed(shell, error, context))
  return app
}

function headersOf(shell: BoardShell): MiddlewareHandler {
  return async (context, next) => {
    // The address is known only once the server listens.
    await boardHeaders(shell.base().startsWith('https:'))(context, next)
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store')
  }
}

/** Lets nobody through without a session, and sets what the pages know. A path without a page is 404 for everybody. */
function viewerOnly(shell: BoardShell): MiddlewareHandler<BoardContext> {
  return async (context, next) => {
    if (matchedRoutes(context).every(({ method }) => method === 'ALL')) return next()
    const viewer = await signedIn(shell, context.req.raw)
    if (!viewer) return askToSignIn(context)
    const readable = await readableRepositories(shell, viewer).catch((error: unknown) => {
      if (statusOfError(error) === 401) return undefined
      throw error
    })
    // GitHub refuses the person's token: they revoked the App's access there.
    if (!readable) {
      await endViewerSession(shell, viewer)
      context.header('set-cookie', clearedCookie(shell, 'session'))
      return askToSignIn(context)
    }
    context.set('viewer', viewer)
    context.set('readable', readable)
    return next()
  }
}

/** A page is shown again after the sign-in; whatever else asks gets 401. */
function askToSignIn(context: Context): Response {
  const isPage = context.req.method === 'GET' && context.req.header('accept')?.includes('text/html')
  if (!isPage) return context.json({ error: 'Sign in first.' }, 401)
  const { pathname, search } = new URL(context.req.url)
  const asked = `${pathname}${search}`
  return context.redirect(
    asked === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ return_to: asked })}`,
    303,
  )
}

function failed({ log }: BoardShell, error: Error, context: Context): Response | Promise<Response> {
  log.error({ problem: error.message, path: context.req.path }, 'A page of the board failed')
  const status = statusOfError(error)
  const why =
    status === undefined
      ? 'Something went wrong; the log of the bot says what.'
      : `GitHub answered ${status}.`
  const body = html`<p>${why}</p><p>Nothing was changed. Try again in a minute.</p>`
  return context.html(page({ title: 'This page cannot be shown now' }, body), 502)
}
