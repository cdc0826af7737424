import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { terminalLines } from '../decision/markdown.ts'
import { loginPath, loginTokenPath, logoutPath } from '../server/api-paths.ts'
import type { LoginAnswer, LoginStarted } from '../server/login.ts'
import { type BotAnswer, baseOf, exitCodeOf, post } from './bot-request.ts'
import { keepLogin, loginAt } from './logins.ts'

type Options = { url?: string }

const where = "the bot's address (default: PUBLIC_URL or http://HOST:PORT from the environment)"

/** `login`: GitHub's device flow. 0 signed in, 1 refused, 2 usage error, 3 the bot cannot be reached. */
export function loginCommand(): Command {
  return new Command('login')
    .option('--url <url>', where)
    .addHelpText(
      'after',
      '\nPrints a code to type on GitHub, and waits. The sign-in lasts eight hours.\n' +
        'Exit codes: 0 signed in, 1 refused, 2 usage error, 3 the bot cannot be reached.',
    )
    .action(async (options: Options) => {
      const base = baseOf(options)
      const started = await post<LoginStarted>(new URL(loginPath, base), {})
      if (!started.ok) return refuse(started)
      const { userCode, verificationUri } = started.body
      process.stdout.write(`Open ${verificationUri} and type the code ${userCode}\n`)
      const answer = await waitFor(base, started.body)
      if (!answer.ok) return refuse(answer)
      keepLogin(base.origin, answer.body)
      process.stdout.write(`Signed in as ${answer.body.login} until ${answer.body.expiresAt}.\n`)
    })
}

/** `logout`: ends the session at the bot, whoever has its token, and forgets it. */
export function logoutCommand(): Command {
  return new Command('logout')
    .option('--url <url>', where)
    .addHelpText(
      'after',
      '\nExit codes: 0 signed out, 1 refused, 2 usage error, 3 the bot cannot be reached.',
    )
    .action(async (options: Options) => {
      const base = baseOf(options)
      const login = loginAt(base.origin)
      if (!login) return void process.stdout.write(`Nobody is signed in at ${base.origin}.\n`)
      const answer = await post<object>(new URL(logoutPath, base), {}, login.token)
      if (!answer.ok && answer.status !== 401) return refuse(answer)
      keepLogin(base.origin, undefined)
      process.stdout.write(`${login.login} is signed out.\n`)
    })
}

type Finished = Exclude<LoginAnswer, { pending: true }>

/** Polls as often as GitHub allows, until the person has answered or the code has expired. A passing failure ends nothing. */
async function waitFor(base: URL, started: LoginStarted): Promise<BotAnswer<Finished>> {
  let { interval } = started
  let unreachable: Error | undefined
  const until = Date.now() + started.expiresIn * 1000
  while (Date.now() < until) {
    await setTimeout(interval * 1000)
    const { deviceCode } = started
    const answer = await answerOf(post<LoginAnswer>(new URL(loginTokenPath, base), { deviceCode }))
    unreachable = answer instanceof Error ? answer : undefined
    if (answer instanceof Error || (!answer.ok && isPassing(answer.status))) continue
    if (!answer.ok) return answer
    if (!('pending' in answer.body)) return { ok: true, body: answer.body }
    interval = answer.body.interval ?? interval
  }
  if (unreachable) throw unreachable
  return { ok: false, status: 403, body: { error: 'The code has expired. Run `release-gate login` again.' } }
}

/** The answer, or the error where the bot could not be reached, as while it restarts. */
function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer | Error> {
  return asked.catch((error: unknown) => {
    if (error instanceof Error && 'exitCode' in error) return error
    throw error
  })
}

/** Too many at once, or an outage: the code that was typed on GitHub counts when it is over. */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500
}

function refuse({ status, body }: { status: number; body: { error: string } }): void {
  process.stderr.write(`${terminalLines(body.error)}\n`)
  process.exitCode = exitCodeOf(status)
}
