import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { type Logger, pino } from 'pino'
import type { Bot } from '../bot.ts'
import { readSettings, type Settings } from '../settings.ts'

/** `start`: runs the bot until SIGINT or SIGTERM; without credentials it opens the set-up page, in development only. */
export function startCommand(): Command {
  return new Command('start')
    .description('run the bot; without credentials, open the set-up page that makes the GitHub App')
    .addHelpText(
      'after',
      '\nSettings come from the environment or `.env`; see docs/operations.md.\nExit codes: 0 stopped when asked to, 2 wrong settings.',
    )
    .action(async () => {
      if (existsSync('.env')) process.loadEnvFile('.env')
      const read = readSettings(process.env)
      if (read.ok) return run(read.settings)
      if (read.missing && process.env.NODE_ENV !== 'production') return setUp()
      process.stderr.write(
        `release-gate cannot start:\n${read.problems.map((problem) => `  ${problem}`).join('\n')}\n`,
      )
      process.exitCode = 2
    })
}

async function run(settings: Settings): Promise<void> {
  const log = pino({
    level: settings.logLevel,
    redact: ['*.headers.authorization', '*.privateKey', '*.token'],
  })
  if (settings.storyClock && !process.send) {
    process.stderr.write(
      'release-gate cannot start:\n  STORY_CLOCK: only a story that started this process may set it; unset it\n',
    )
    process.exitCode = 2
    return
  }
  const { startBot } = await import('../bot.ts')
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

async function setUp(): Promise<void> {
  const log = pino({ level: 'info' })
  const { serveSetupPage } = await import('../setup-page.ts')
  const { url } = await serveSetupPage({ port: Number(process.env.PORT ?? 3000), log })
  process.stdout.write(
    `There are no credentials yet. Open this address, which holds a one-time token, to make the GitHub App:\n\n  ${url}\n\n` +
      'The credentials are written to .env; start again afterwards.\n',
  )
}
