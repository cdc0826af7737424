import { getRequestListener } from '@hono/node-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { html } from 'hono/html'
import { matchedRoutes } from 'hono/route'
import type { Handler } from '../server.ts'
import { whyFailed } from '../why-failed.ts'
import { isAccessRevoked, readableRepositories } from './access.ts'
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
  app.use(headersOf(shell), bodyLimit({ maxSize: 64 * 1024, onError: tooLarge }))
  app.route('/', assetRoutes())
  app.route('/', signInRoutes(shell))
  app.use(viewerOnly(shell))
  // Ends a session also while GitHub does not answer.
  app.route('/', signOutRoute(shell))
  app.use(withReadable(shell))
  app.route('/', freezePages(shell))
  app.route('/', boardPages(shell))
  app.notFound(notFound)
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

/** Lets nobody through without a session. A path without a page is 404 for everybody. */
function viewerOnly(shell: BoardShell): MiddlewareHandler<BoardContext> {
  return async (context, next) => {
    if (matchedRoutes(context).every(({ method }) => method === 'ALL')) return next()
    const viewer = await signedIn(shell, context.req.raw)
    if (!viewer) return askToSignIn(context)
    context.set('viewer', viewer)
    return next()
  }
}

function withReadable(shell: BoardShell): MiddlewareHandler<BoardContext> {
  return async (context, next) => {
    const { viewer } = context.var
    if (viewer) context.set('readable', await readableRepositories(shell, viewer))
    return next()
  }
}

function isForPage({ req }: Context): boolean {
  return req.method === 'GET' && req.header('accept')?.includes('text/html') === true
}

/** The same for what a person cannot see and for what there is not. */
function notFound(context: Context<BoardContext>): Response | Promise<Response> {
  if (!isForPage(context)) return context.json({ error: 'Not found.' }, 404)
  const { viewer } = context.var
  const body = html`<p>There is no such page, or you cannot read its repository on GitHub.</p>
<p><a href="/">Go to the first page</a></p>`
  return context.html(page({ title: 'Not found', ...(viewer && { viewer }) }, body), 404)
}

/** A page is shown again after the sign-in; whatever else asks gets 401. */
function askToSignIn(context: Context): Response {
  if (!isForPage(context)) return context.json({ error: 'Sign in first.' }, 401)
  const { pathname, search } = new URL(context.req.url)
  const asked = `${pathname}${search}`
  return context.redirect(
    asked === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ return_to: asked })}`,
    303,
  )
}

function tooLarge(context: Context): Response | Promise<Response> {
  const body = html`<p class="error">A form of the board never sends that much. Nothing was changed.</p>`
  return context.html(page({ title: 'The form is too large' }, body), 413)
}

async function failed(shell: BoardShell, error: Error, context: Context<BoardContext>): Promise<Response> {
  if (isAccessRevoked(error)) {
    await endViewerSession(shell, context.var.viewer)
    context.header('set-cookie', clearedCookie(shell, 'session'))
    return askToSignIn(context)
  }
  shell.log.error({ problem: error.message, path: context.req.path }, 'A page of the board failed')
  const body = html`<p>${whyFailed(error)}</p><p>Nothing was changed. Try again in a minute.</p>`
  return context.html(page({ title: 'This page is unavailable' }, body), 502)
}
