import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Octokit } from '@octokit/rest'
import { checkName } from '../decision/report.ts'
import { type Role, takesDeliveries } from '../settings/role.ts'
import { type BotOptions, type BotProcess, startBotProcess } from './bot-process.ts'
import { type LocalDatadog, startDatadog } from './datadog.ts'
import { type SandboxGitHub, startGitHub } from './github/start.ts'
import { type LocalJira, startJira } from './jira.ts'
import { type PagerDuty, startPagerDuty } from './pagerduty.ts'
import { type Slack, startSlack } from './slack.ts'
import { type Staging, sandboxDiner, startStaging } from './staging/start.ts'

/** What a reader of the pull request sees of the check. */
export type ShownCheck = {
  id: number
  status: string
  conclusion: string | null
  title: string
  summary: string
}

/** A laptop-sized world: the sandbox's GitHub, its people, and the real bot, all under one clock that a story moves. */
export type Stage = {
  github: SandboxGitHub
  /** Where the bot posts its notices; it is a member of `#general` and `#releases`. */
  slack: Slack
  /** The local PagerDuty, Jira and Datadog, where the options ask for them. */
  operations: { pagerDuty: PagerDuty; jira: LocalJira; datadog: LocalDatadog } | undefined
  /** The staging server under test, where the options ask for one. */
  staging: Staging | undefined
  /** What a script orders with. */
  operatorToken: string
  /** Where the bot keeps its state. A folder belongs to one process at a time. */
  database: BotDatabase
  now: () => Date
  /** The client of a person, with a token of their own. */
  as: (login: string) => Octokit
  /** Moves the clock for everybody and waits until all that became due is done. */
  moveTo: (at: Date) => Promise<void>
  /** Waits until every delivery has arrived and the bot has nothing left to do. */
  settled: () => Promise<void>
  /** The newest run of the bot's check, or of another one of that name, on a commit. Undefined: there is none. */
  check: (
    reader: string,
    repository: { owner: string; repo: string },
    sha: string,
    name?: string,
  ) => Promise<ShownCheck | undefined>
  /** The process that takes deliveries. */
  bot: () => BotProcess
  /** Every process of the bot that runs. */
  bots: () => BotProcess[]
  /** Lets the bot end what it does and stop, as an update does. */
  stop: () => Promise<void>
  /** Ends the bot as a power cut would, after which nobody comes back before its leases have run out. */
  kill: () => Promise<void>
  startBot: () => Promise<void>
  close: () => Promise<void>
}

type BotDatabase = { dataDir: string } | { url: string }

export type StageOptions = {
  at: Date
  env?: Record<string, string>
  /** Starts a staging server of the sandbox, and tells its address to the bot as the operator does. */
  staging?: boolean
  /** Starts a local PagerDuty, Jira and Datadog, and tells the bot as the operator does. */
  operations?: boolean
  /** The bot's data folder, or its Postgres; a new folder of the stage's own when left out. */
  database?: BotDatabase
  /** The processes of the bot; more than one needs Postgres. */
  roles?: Role[]
  /** Starts one of them; as `npm start` does when left out. */
  start?: (options: BotOptions) => Promise<BotProcess>
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-'))
  const database = options.database ?? { dataDir: join(folder, 'data') }
  let time = options.at
  const now = () => time
  const clock = () => time.getTime()
  const github = await startGitHub({ clock })
  const slack = await startSlack({ clock, channelLimit: true })
  const staging = options.staging ? await startStaging() : undefined
  const operations = options.operations
    ? {
        pagerDuty: await startPagerDuty({ clock }),
        jira: await startJira({ clock }),
        datadog: await startDatadog({ clock }),
      }
    : undefined
  const operatorToken = randomBytes(24).toString('hex')
  const env = {
    ...environment(github, slack),
    OPERATOR_TOKEN: operatorToken,
    ...('url' in database ? { DATABASE_URL: database.url } : { DATA_DIR: database.dataDir }),
    ...(staging ? operator(staging) : {}),
    ...(operations ? operationsOf(operations) : {}),
    ...options.env,
  }
  const { roles = ['all'], start = startBotProcess } = options
  let started: BotProcess[] = []
  const running = () => started.filter((bot) => !bot.hasEnded())
  const receiving = () => {
    const bot = started.find(({ role }) => takesDeliveries(role))
    if (!bot) throw new Error('The bot does not run.')
    return bot
  }
  const startBot = async () => {
    started = []
    // One after the other: each defines the clock of a story in the database anew, and Postgres refuses two that do so at once.
    for (const role of roles) started.push(await start({ env, at: time, role }))
    github.signIn.callbackUrls = [`${receiving().url}/sign-in/callback`]
    github.setWebhook({ url: `${receiving().url}/api/github/webhooks`, secret: github.app.webhookSecret })
  }
  const stop = async () => void (await Promise.all(started.map((bot) => bot.end('SIGTERM'))))
  const kill = async () => {
    await Promise.all(started.map((bot) => bot.end('SIGKILL')))
    await endLeases(database)
  }
  const as = (login: string) =>
    new Octokit({ auth: github.tokenFor(login), baseUrl: github.url, log: silent })
  const settled = () => settle(github, running)
  await startBot()
  return {
    github,
    slack,
    staging,
    operations,
    operatorToken,
    database,
    now,
    as,
    moveTo: async (at) => {
      time = at
      await Promise.all(running().map((bot) => bot.setTime(at)))
      await settled()
    },
    settled,
    check: async (reader, repository, sha, name = checkName) =>
      shownCheck(as(reader), repository, { ref: sha, check_name: name, app_id: github.app.id }),
    bot: receiving,
    bots: running,
    stop,
    kill,
    startBot,
    close: async () => {
      await stop()
      await github.close()
      await slack.close()
      await staging?.close()
      await operations?.pagerDuty.close()
      await operations?.jira.close()
      await operations?.datadog.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function environment(github: SandboxGitHub, slack: Slack): Record<string, string> {
  return {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    GITHUB_API_URL: github.url,
    GITHUB_CLIENT_ID: github.signIn.clientId,
    GITHUB_CLIENT_SECRET: github.signIn.clientSecret,
    SLACK_BOT_TOKEN: slack.token,
    SLACK_API_URL: slack.url,
  }
}

/** What the operator of a staging server sets. Every repository of the story may use it, and it may be written to. */
function operator(staging: Staging): Record<string, string> {
  return {
    SERVER_STAGING_URL: staging.url,
    SERVER_STAGING_REPOSITORIES: 'foodyepay/*',
    SERVER_STAGING_WRITES: 'yes',
    SERVER_STAGING_LEDGER_URL: staging.ledger.url,
    SERVER_STAGING_LEDGER_KEY: staging.ledger.key,
    SERVER_STAGING_RECEIPTS_URL: staging.receiptsUrl,
    SERVER_STAGING_SUITE_DINER: sandboxDiner,
  }
}

function operationsOf({
  pagerDuty,
  jira,
  datadog,
}: NonNullable<Stage['operations']>): Record<string, string> {
  return {
    PAGERDUTY_EVENTS_URL: pagerDuty.url,
    PAGERDUTY_ROUTING_KEY: pagerDuty.keys.on_call,
    PAGERDUTY_LEAD_ROUTING_KEY: pagerDuty.keys.lead,
    PAGERDUTY_WEBHOOK_SECRET: pagerDuty.webhookSecret,
    DATADOG_API_URL: datadog.url,
    DATADOG_API_KEY: datadog.apiKey,
    DATADOG_APP_KEY: datadog.appKey,
    DATADOG_WEBHOOK_SECRET: datadog.webhookSecret,
    JIRA_URL: jira.url,
    JIRA_EMAIL: jira.email,
    JIRA_TOKEN: jira.token,
  }
}

/** Settled means: all deliveries have arrived, and after that the bot has twice said that it is idle. */
async function settle(github: SandboxGitHub, bots: () => BotProcess[]): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await github.settled()
    const idle = await Promise.all(bots().map((bot) => bot.idle()))
    quiet = idle.every(Boolean) ? quiet + 1 : 0
    if (quiet < 2) await setTimeout(10)
  }
}

/** An embedded database belongs to one process, which ends the leases of the one before it. */
async function endLeases(database: BotDatabase): Promise<void> {
  if (!('url' in database)) return
  const { openPostgres } = await import('../store/database/postgres.ts')
  const postgres = await openPostgres(database)
  await postgres.query(`DELETE FROM release_gate.leases WHERE key = 'periodic tasks'`)
  await postgres.close()
}

async function shownCheck(
  reader: Octokit,
  { owner, repo }: { owner: string; repo: string },
  which: { ref: string; check_name: string; app_id: number },
): Promise<ShownCheck | undefined> {
  const { data } = await reader.rest.checks.listForRef({ owner, repo, ...which })
  const [run] = data.check_runs
  if (!run) return undefined
  const { id, status, conclusion, output } = run
  return { id, status, conclusion, title: output.title ?? '', summary: output.summary ?? '' }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }
