import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { type Logger, pino } from 'pino'
import type { Bot } from '../bot/bot.ts'
import { readSettings, type Settings } from '../settings/settings.ts'

/**
 * `start`: runs the bot until SIGINT or SIGTERM; without credentials it opens the set-up page, in development only.
 * Exit codes: 0 stopped when asked to, 1 stopping failed, 2 it cannot start.
 */
export function startCommand(): Command {
  return new Command('start')
    .description('run the bot; without credentials, open the set-up page that makes the GitHub App')
    .addHelpText(
      'after',
      '\nSettings come from the environment or `.env`; see docs/operations.md.\n' +
        'Exit codes: 0 stopped when asked to, 1 stopping failed, 2 it cannot start.',
    )
    .action(async () => {
      if (existsSync('.env')) process.loadEnvFile('.env')
      const read = readSettings(process.env)
      try {
        if (read.ok) await run(read.settings)
        else if (read.missing && process.env.NODE_ENV !== 'production') await setUp(process.env)
        else refuse(read.problems)
      } catch (error) {
        refuse([explain(error)])
        // What had opened before would keep the process alive.
        process.exit()
      }
    })
}

function refuse(problems: string[]): void {
  process.stderr.write(`release-gate cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  process.exitCode = 2
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return 'PORT: another program listens there already; stop that one, or choose another port'
  if (code === 'EACCES' && 'syscall' in error && error.syscall === 'listen')
    return 'PORT: this user may not listen there; choose a port from 1024 on'
  return error.message
}

async function run(settings: Settings): Promise<void> {
  const log = pino({
    level: settings.logLevel,
    redact: ['*.headers.authorization', '*.privateKey', '*.token'],
  })
  if (settings.storyClock && !process.send)
    return refuse(['STORY_CLOCK: only a story that started this process may set it; unset it'])
  const { startBot } = await import('../bot/bot.ts')
  const bot = await startBot(settings, log)
  log.info({ url: bot.url, api: settings.apiUrl }, 'release-gate is running')
  follow(bot)
  untilAsked(bot, log)
}

/** A story's parent process moves the clock and asks whether all is done, over the channel that only a parent has. */
function follow(bot: Bot): void {
  if (!process.send) return
  process.on('message', (message: { id: number; setTime?: string }) => {
    const done = message.setTime ? bot.setTime(new Date(message.setTime)) : Promise.resolve()
    void done.then(() => bot.idle()).then((idle) => process.send?.({ id: message.id, idle }))
  })
  process.send({ ready: bot.url })
}

function untilAsked(bot: Bot, log: Logger): void {
  const stop = (signal: string) => {
    log.info({ signal }, 'Stopping')
    bot.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ problem: String(error) }, 'Stopping failed')
        process.exit(1)
      },
    )
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  if (process.send) process.once('disconnect', () => stop('disconnect'))
}

/** Nothing is wrong with the environment here but that there are no credentials. */
async function setUp({ PORT, WEBHOOK_URL, GITHUB_API_URL, GH_ORG }: NodeJS.ProcessEnv): Promise<void> {
  if (WEBHOOK_URL && !(URL.canParse(WEBHOOK_URL) && WEBHOOK_URL.startsWith('https://')))
    return refuse([
      'WEBHOOK_URL: is not an https address; write where GitHub reaches this bot, like https://gate.example/api/github/webhooks',
    ])
  const { serveSetupPage } = await import('../setup/setup-page.ts')
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  const { url } = await serveSetupPage({
    port: Number(PORT || 3000),
    apiUrl: GITHUB_API_URL || 'https://api.github.com',
    webhookUrl: WEBHOOK_URL || undefined,
    saved: () =>
      say('The credentials are in .env. Stop this with Ctrl-C and start again: the bot then runs.'),
    log: pino({ level: 'info' }),
  })
  say(
    'There are no credentials yet. Open this address, which holds a one-time token, to make the GitHub App:\n',
  )
  say(`  ${url}\n`)
  say(
    GH_ORG
      ? `The App will belong to the organisation ${GH_ORG}, of which you must be an owner.\n`
      : 'The App will belong to your own account, and can be installed there only. For an organisation, stop this and start\n' +
          'again with GH_ORG=its-name.\n',
  )
  if (!WEBHOOK_URL)
    say(
      'WEBHOOK_URL is not set: the App is made with a webhook address that reaches nobody. Change it on the page of the\n' +
        'App at GitHub to where GitHub reaches this bot, https://YOUR-HOST/api/github/webhooks; localhost is refused there.\n',
    )
  say('The credentials are written to .env; start again afterwards.')
}
