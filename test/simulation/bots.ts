import pg from 'pg'
import { pino } from 'pino'
import { type Bot, startBot } from '../../src/bot/bot.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { answerWithoutSockets } from '../support/without-sockets.ts'

/**
 * The real bot in this process: only GitHub's sockets are left out, which would be most of what a history costs. Each bot has an
 * address of GitHub and a role of the database for itself, so that one of them can be killed: from one moment to the next
 * nothing of what it still does reaches anybody.
 */
/** What the simulation orders freezes with. */
export const operatorToken = 'operator-token-of-the-simulation-01'

export type LocalBot = {
  url: string
  bot: Bot
  alive: boolean
  role: string
  kill: () => Promise<void>
}

export type Bots = {
  start: () => Promise<LocalBot>
  /** Ends every connection of the living bots, in the middle of whatever they do. */
  restartDatabase: () => Promise<void>
  /** While it is full, nothing can be written. */
  setDiskFull: (full: boolean) => Promise<void>
  query: <Row>(sql: string, values?: unknown[]) => Promise<Row[]>
  log: string[]
  close: () => Promise<void>
}

/**
 * pg-boss takes its listeners off a connection before it closes it. One that the server ends in between would end this process,
 * which is every bot at once here.
 */
const { removeAllListeners } = pg.Client.prototype
pg.Client.prototype.removeAllListeners = function (this: pg.Client, ...events) {
  removeAllListeners.apply(this, events)
  return this.on('error', () => undefined)
}

let addresses = 0

export async function manageBots(
  github: SandboxGitHub,
  slackUrl: string | undefined,
  url: string,
  now: () => Date,
): Promise<Bots> {
  const admin = new pg.Client({ connectionString: url, application_name: 'simulation' })
  await admin.connect()
  const log: string[] = []
  const living: LocalBot[] = []
  /** Each still holds timers and a socket until the end; whatever it still tries has no effect. */
  const killed: LocalBot[] = []
  const endConnections = (role: string) =>
    admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role])

  async function start(): Promise<LocalBot> {
    const number = ++addresses
    const role = `bot_${process.pid}_${number}`
    await admin.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'password'`)
    const address = `http://127.1.${Math.floor(number / 250)}.${(number % 250) + 1}`
    const local: LocalBot = {
      url: '',
      role,
      alive: true,
      bot: undefined as never,
      kill: async () => {
        local.alive = false
        living.splice(living.indexOf(local), 1)
        await admin.query(`ALTER ROLE ${role} NOLOGIN`)
        await endConnections(role)
        killed.push(local)
      },
    }
    answerWithoutSockets(address, async (request) => {
      if (!local.alive) throw new TypeError('fetch failed')
      const answer = await github.answer(request)
      if (!local.alive) throw new TypeError('fetch failed')
      return answer
    })
    const own = new URL(url)
    own.username = role
    own.password = 'password'
    const read = readSettings({
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      OPERATOR_TOKEN: operatorToken,
      GITHUB_API_URL: address,
      DATABASE_URL: own.href,
      PORT: '0',
      STORY_CLOCK: now().toISOString(),
      ...(slackUrl ? { SLACK_BOT_TOKEN: 'xoxb-simulation', SLACK_API_URL: slackUrl } : {}),
    })
    if (!read.ok) throw new Error(read.problems.join('\n'))
    local.bot = await startBot(
      read.settings,
      pino({ level: 'warn' }, { write: (line) => void log.push(line) }),
    )
    local.url = local.bot.url
    living.push(local)
    return local
  }

  return {
    start,
    log,
    query: async (sql, values) => (await admin.query(sql, values)).rows,
    restartDatabase: async () => {
      for (const { role } of living) await endConnections(role)
    },
    setDiskFull: async (full) => {
      for (const { role } of living) {
        await admin.query(`ALTER ROLE ${role} SET default_transaction_read_only = ${full ? 'on' : 'off'}`)
        await endConnections(role)
      }
    },
    close: async () => {
      for (const { bot } of killed) void bot.stop().catch(() => undefined)
      for (const { bot } of [...living]) await bot.stop().catch(() => undefined)
      await admin.end()
    },
  }
}
