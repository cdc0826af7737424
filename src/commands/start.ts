import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Logger } from 'pino'
import type { Bot } from '../bot/bot.ts'
import { createLog } from '../bot/log.ts'
import { type Role, roles } from '../settings/role.ts'
import { readSettings, type Settings } from '../settings/settings.ts'

/**
 * `start`: runs the bot until SIGINT or SIGTERM. Without credentials it serves the setup page, except in production.
 * Exit codes: 0 stopped, 1 stopping failed, 2 cannot start.
 */
export function startCommand(): Command {
  return new Command('start')
    .addOption(
      new Option('--role <role>', 'what this process does; web and worker need a Postgres server')
        .choices(roles)
        .default('all'),
    )
    .addHelpText(
      'after',
      '\nSettings come from the environment or `.env`. See docs/operations.md.\n' +
        'Exit codes: 0 stopped, 1 stopping failed, 2 cannot start.',
    )
    .action(async ({ role }: { role: Role }) => {
      if (existsSync('.env')) process.loadEnvFile('.env')
      const read = readSettings(process.env)
      try {
        if (read.ok) await run(read.settings, role)
        else if (read.missing && process.env.NODE_ENV !== 'production') await setUp(process.env)
        else refuse(read.problems)
      } catch (error) {
        refuse([explain(error)])
        // Anything already open would keep the process alive.
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
    return 'PORT: the port is already in use. Stop the other program, or choose another port'
  if (code === 'EACCES' && 'syscall' in error && error.syscall === 'listen')
    return 'PORT: this user is not allowed to use this port. Choose a port above 1023'
  if (code === 'ENOSPC') return 'DATA_DIR: the disk is full. Free some space, then start again'
  if (code === '53100')
    return 'DATABASE_URL: the disk of Postgres is full. Free some space there, then start again'
  return error.message
}

async function run(settings: Settings, role: Role): Promise<void> {
  if (role !== 'all' && !('url' in settings.database))
    return refuse([
      `--role ${role}: the embedded database belongs to one process. Set DATABASE_URL to a Postgres server, or leave out --role`,
    ])
  const log = createLog(settings)
  if (settings.storyClock && !process.send)
    return refuse(['STORY_CLOCK: is only for the demo and the tests. Unset it'])
  const { startBot } = await import('../bot/bot.ts')
  const bot = await startBot(settings, log, role)
  log.info({ url: bot.url, api: settings.apiUrl, role }, 'release-gate is running')
  followParent(bot)
  stopOnSignal(bot, log)
}

/** Lets the parent process of a demo or a test move the clock and ask whether the bot is idle, over the IPC channel. */
function followParent(bot: Bot): void {
  if (!process.send) return
  process.on('message', (message: { id: number; setTime?: string }) => {
    const done = message.setTime ? bot.setTime(new Date(message.setTime)) : Promise.resolve()
    void done.then(() => bot.idle()).then((idle) => process.send?.({ id: message.id, idle }))
  })
  process.send({ ready: bot.url })
}

function stopOnSignal(bot: Bot, log: Logger): void {
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

/** Runs when the only thing missing is the credentials. */
async function setUp({ PORT, WEBHOOK_URL, GITHUB_API_URL, GH_ORG }: NodeJS.ProcessEnv): Promise<void> {
  const { serveSetupPage } = await import('../setup/setup-page.ts')
  const print = (text: string) => void process.stdout.write(`${text}\n`)
  const { url } = await serveSetupPage({
    port: Number(PORT || 3000),
    apiUrl: GITHUB_API_URL || 'https://api.github.com',
    webhookUrl: WEBHOOK_URL || undefined,
    organization: GH_ORG || undefined,
    saved: () =>
      print('The credentials are in .env. Press Ctrl-C and run the same command again to start the bot.'),
    log: createLog({ logLevel: 'info' }),
  })
  print('No credentials yet. Open this URL to create the GitHub App. It contains a one-time token.\n')
  print(`  ${url}\n`)
  print('The credentials will be written to .env. Start again afterwards.')
}
