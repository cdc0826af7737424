import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { personClient } from '../../services/github/person-client.ts'
import { readPerson, readReadable } from '../../services/github/user-access.ts'
import {
  authorizeUrl,
  callbackPath,
  type SignInApp,
  tokenForCode,
} from '../../services/github/user-tokens.ts'
import { isLoopback } from '../../settings/addresses.ts'
import { isSameSecret } from '../../settings/same-secret.ts'
import { keepSignIn, takeSignIn } from '../../store/sign-ins.ts'
import { hashOfSecret, newSecret } from '../secrets.ts'
import { checkCsrf, notFromSession } from './csrf.ts'
import { page } from './layout.ts'
import { createRateLimit } from './rate-limit.ts'
import {
  type BoardContext,
  clearedCookie,
  endViewerSession,
  readCookie,
  sessionHours,
  signedCookie,
  signedIn,
  startSession,
} from './session.ts'
import type { BoardShell } from './shell.ts'
import { signOut } from './sign-out.ts'

/** How long somebody may take on GitHub's pages. */
const patience = 10 * 60_000

/** Signing in with GitHub: its web flow with a state that works once in one browser, and PKCE. */
export function signInRoutes(shell: BoardShell): Hono {
  const isAllowed = createRateLimit({ most: 30, within: 60_000, proxies: shell.trustedProxies })
  return new Hono()
    .get('/sign-in', (context) => context.html(signInPage(shell, context.req.query('return_to'))))
    .get('/sign-in/github', (context) =>
      isAllowed(context) ? begin(shell, context) : refuse(context, 429, tooMany),
    )
    .get(callbackPath, (context) => finish(shell, context, isAllowed))
}

const tooMany = 'There were too many sign-ins from your address. Wait a minute, then try again.'
const notOurs =
  'This sign-in was not started in this browser within the last ten minutes, or it was finished already. Start again.'

function signInPage({ signIn }: BoardShell, returnTo: string | undefined) {
  const query = returnTo === undefined ? '' : `?${new URLSearchParams({ return_to: returnTo })}`
  const content =
    'problem' in signIn
      ? html`<p class="error">${signIn.problem}</p>`
      : html`<p>You see the repositories that you can read on GitHub.</p>
<p><a class="button" href="/sign-in/github${query}">Sign in with GitHub</a></p>`
  return page({ title: 'Sign in' }, content)
}

async function begin(shell: BoardShell, context: Context): Promise<Response> {
  const { signIn, base, database } = shell
  if ('problem' in signIn) return refuse(context, 503, signIn.problem)
  const elsewhere = addressOfBase(base(), context.req.raw)
  if (elsewhere) return context.redirect(elsewhere, 302)
  const [state, verifier] = [newSecret(), newSecret()]
  const now = new Date()
  const returnTo = ownAddress(base(), context.req.query('return_to'))
  const expiresAt = new Date(now.getTime() + patience)
  await keepSignIn(database, { state: hashOfSecret(state), verifier, returnTo, expiresAt }, now)
  context.header('set-cookie', await signedCookie(shell, 'state', state, patience / 1000))
  const redirectUri = `${base()}${callbackPath}`
  return context.redirect(authorizeUrl(signIn, { redirectUri, state, verifier }), 302)
}

/** Counts only what was not begun in this browser, so that nobody keeps others with the same address from coming back. */
async function finish(
  shell: BoardShell,
  context: Context,
  isAllowed: (context: Context) => boolean,
): Promise<Response> {
  const { signIn, base, database } = shell
  if ('problem' in signIn) return refuse(context, 503, signIn.problem)
  const { state = '', code, error } = context.req.query()
  const begun = await readCookie(shell, context.req.raw, 'state')
  if (!begun || !isSameSecret(state, begun))
    return isAllowed(context) ? refuse(context, 400, notOurs) : refuse(context, 429, tooMany)
  const taken = await takeSignIn(database, hashOfSecret(state), new Date())
  context.header('set-cookie', clearedCookie(shell, 'state'))
  if (!taken) return refuse(context, 400, notOurs)
  if (error === 'access_denied') return refuse(context, 403, 'You canceled the sign-in on GitHub.')
  if (!code)
    return refuse(context, 400, `GitHub did not sign you in${error ? ` (${error})` : ''}. Start again.`)
  const redirectUri = `${base()}${callbackPath}`
  const given = await tokenForCode(signIn, { code, verifier: taken.verifier, redirectUri })
  if ('error' in given) return refuse(context, 400, refusalText(given))
  return signInWith(shell, context, signIn, given.token, taken.returnTo)
}

function refusalText({ error, description }: { error: string; description: string }): string {
  if (error === 'incorrect_client_credentials')
    return 'GitHub does not accept GITHUB_CLIENT_SECRET. Create a new client secret in the settings of the App.'
  return `GitHub did not sign you in (${error}): ${description}`
}

async function signInWith(
  shell: BoardShell,
  context: Context,
  signIn: SignInApp,
  githubToken: string,
  returnTo: string,
): Promise<Response> {
  const github = personClient(signIn.apiUrl, githubToken)
  const person = await readPerson(github)
  if (!person) return refuse(context, 403, 'Only people can sign in.')
  const readable = await readReadable(github)
  const before = await signedIn(shell, context.req.raw)
  if (before) await endViewerSession(shell, before)
  const { token } = await startSession(shell, person, { client: 'board', githubToken, readable })
  const cookie = await signedCookie(shell, 'session', token, sessionHours * 3600)
  context.header('set-cookie', cookie, { append: true })
  shell.log.info({ login: person.login }, 'Signed in')
  return context.redirect(returnTo, 303)
}

/** Ends the session for every copy of its cookie, and the person's token on GitHub. */
export function signOutRoute(shell: BoardShell): Hono<BoardContext> {
  return new Hono<BoardContext>().post('/sign-out', async (context) => {
    const { viewer } = context.var
    const form = await context.req.formData()
    if (!checkCsrf(viewer, context.req.raw, { form, base: shell.base() }))
      return refuse(context, 403, notFromSession)
    await signOut(shell, viewer)
    context.header('set-cookie', clearedCookie(shell, 'session'))
    return context.redirect('/sign-in', 303)
  })
}

/** An address of the board itself, whatever was asked for: never another site's. */
export function ownAddress(base: string, asked: string | undefined): string {
  const home = new URL('/', base)
  if (asked === undefined || !URL.canParse(asked, home)) return home.href
  const url = new URL(asked, home)
  // Not the path alone: browsers read a path that begins with two slashes as another host.
  return url.origin === home.origin && asked.startsWith('/') ? url.href : home.href
}

/** Cookies belong to a host: on this machine, `localhost` is another one than 127.0.0.1. GitHub sends the browser back to `base`. */
export function addressOfBase(base: string, request: Request): string | undefined {
  const asked = new URL(request.url)
  const isLocal = isLoopback(base) && isLoopback(request.url)
  if (!isLocal || asked.hostname === new URL(base).hostname) return undefined
  return `${base}${asked.pathname}${asked.search}`
}

function refuse(context: Context, status: 400 | 403 | 429 | 503, why: string): Response | Promise<Response> {
  const content = html`<p class="error">${why}</p><p><a href="/sign-in">Sign in</a></p>`
  return context.html(page({ title: 'You are not signed in' }, content), status)
}
