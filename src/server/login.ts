import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { personClient } from '../services/github/person-client.ts'
import { readPerson, readReadable } from '../services/github/user-access.ts'
import { type SignInApp, startDevice, tokenForDevice } from '../services/github/user-tokens.ts'
import { loginPath, loginTokenPath } from './api-paths.ts'
import { createRateLimit } from './board/rate-limit.ts'
import { startSession } from './board/session.ts'
import type { BoardShell } from './board/shell.ts'
import { refuse } from './command-requests.ts'

/** What `release-gate login` shows, and what it polls with. */
export type LoginStarted = {
  deviceCode: string
  userCode: string
  verificationUri: string
  expiresIn: number
  interval: number
}

/** The answer to a poll. `interval`: GitHub asks for that many seconds between two polls from now on. */
export type LoginAnswer =
  | { pending: true; interval?: number | undefined }
  | { token: string; login: string; expiresAt: string }

const poll = z.strictObject({ deviceCode: z.string().regex(/^\w{20,100}$/) })

/**
 * `release-gate login`: GitHub's device flow. The bot asks GitHub, so the token of GitHub never reaches the command line, and
 * nobody can sign in with a token that was made for another App.
 */
export function loginRoutes(shell: BoardShell): Hono {
  const { signIn, trustedProxies: proxies } = shell
  const isAllowed = createRateLimit({ most: 10, within: 60_000, proxies })
  const mayPoll = createRateLimit({ most: 60, within: 60_000, proxies })
  return new Hono()
    .post(loginPath, (context) => {
      if ('problem' in signIn) return refuse(503, signIn.problem)
      return isAllowed(context) ? start(signIn, context) : refuse(429, tooMany)
    })
    .post(loginTokenPath, (context) => {
      if ('problem' in signIn) return refuse(503, signIn.problem)
      return mayPoll(context) ? finish(shell, signIn, context) : refuse(429, tooMany)
    })
}

const tooMany = 'There were too many sign-ins from your address. Wait a minute, then try again.'

async function start(signIn: SignInApp, context: Context): Promise<Response> {
  const started = await startDevice(signIn)
  if ('error' in started) return refuse(403, refusalText(started))
  return context.json(started satisfies LoginStarted)
}

async function finish(shell: BoardShell, signIn: SignInApp, context: Context): Promise<Response> {
  const parsed = poll.safeParse(await context.req.json().catch(() => undefined))
  if (!parsed.success) return refuse(400, 'This is not a poll of release-gate login.')
  const given = await tokenForDevice(signIn, parsed.data.deviceCode)
  if ('error' in given) {
    const isPending = given.error === 'authorization_pending' || given.error === 'slow_down'
    if (isPending) return context.json({ pending: true, interval: given.interval } satisfies LoginAnswer)
    return refuse(403, refusalText(given))
  }
  const github = personClient(signIn.apiUrl, given.token)
  const person = await readPerson(github)
  if (!person) return refuse(403, 'Only people can sign in.')
  const readable = await readReadable(github)
  const session = { client: 'command line', githubToken: given.token, readable } as const
  const { token, expiresAt } = await startSession(shell, person, session)
  shell.log.info({ login: person.login }, 'Signed in at a command line')
  return context.json({
    token,
    login: person.login,
    expiresAt: expiresAt.toISOString(),
  } satisfies LoginAnswer)
}

const refusals: Record<string, string> = {
  access_denied: 'You denied the request on GitHub. Nobody was signed in.',
  expired_token: 'The code has expired. Run `release-gate login` again.',
  device_flow_disabled:
    'The App does not allow this kind of sign-in. Check "Enable Device Flow" in the settings of the App on GitHub.',
  incorrect_client_credentials: 'GitHub does not know the App. Check GITHUB_CLIENT_ID of the bot.',
}

function refusalText({ error, description }: { error: string; description: string }): string {
  return refusals[error] ?? `GitHub did not sign you in (${error}): ${description}`
}
