import type { z } from 'zod'
import { list } from '../decision/markdown.ts'
import { isLoopback } from './addresses.ts'
import { environment } from './environment.ts'
import { readPrivateKey } from './private-key.ts'
import { readServers, type StagingServer } from './servers.ts'

/** The operator's settings, parsed once. `docs/operations.md` describes each variable. */
export type Settings = {
  appId: number
  privateKey: string
  /** One, or two while a secret is being rotated. */
  webhookSecrets: string[]
  apiUrl: string
  database: { url: string } | { dataDir: string }
  host: string
  port: number
  /** How many proxies in front of the bot are the operator's own. */
  trustedProxies: number
  /** Lower case. Installations of other accounts are ignored; undefined: all accounts are served. */
  allowedAccounts: string[] | undefined
  logLevel: string
  /** Where people open the board; undefined: where the bot listens. */
  publicUrl: string | undefined
  /** The App's own sign-in. Undefined: nobody can sign in. */
  client: { id: string; secret: string } | undefined
  /** Lets a script order and read everything. */
  operatorToken: string | undefined
  /** `org/slug` in lower case: teams that may freeze their whole organization, as its owners may. */
  freezeTeams: string[]
  /** Who may read the metrics from another machine. */
  metricsToken?: string | undefined
  /** Undefined: no notices. `apiUrl` undefined: Slack's own. */
  slack: { token: string; apiUrl: string | undefined } | undefined
  /** An incoming webhook of Slack, for notices without a bot. */
  slackWebhook?: string | undefined
  /** Signs the presses of buttons in Slack; undefined: there are no buttons. */
  slackSigningSecret?: string | undefined
  /** The operator's SMTP server, and who gets security notices. Undefined: no mail. */
  mail?: { url: string; from: string; to: string[] } | undefined
  /** The secrets of those that send alerts; nothing is taken from the others. */
  alertSecrets: { [sender in 'pagerduty' | 'datadog' | 'zendesk']?: string | undefined }
  /** Whom PagerDuty can page. */
  paging: { eventsUrl: string; keys: { on_call?: string | undefined; lead?: string | undefined } }
  /** Undefined: no monitor can be read. */
  datadog: { url: string; apiKey: string; appKey: string } | undefined
  /** Undefined: no Jira. */
  jira: { url: string; email: string; token: string } | undefined
  /** The secret of the log drain of Supabase; undefined: nothing is taken. */
  logDrainSecret: string | undefined
  /** Where alerts open incidents, where policies name several incident repositories. */
  incidentRepository: string | undefined
  /** The staging servers that policies may name: each `SERVER_<NAME>_…`. */
  servers: ReadonlyMap<string, StagingServer>
  /** For how many months records are kept. */
  recordsMonths: number
  /** A simulated clock for the demo and the tests; needs an API on loopback and a parent process that moves it. */
  storyClock: Date | undefined
}

export type SettingsResult =
  | { ok: true; settings: Settings }
  /** `missing`: the only problem is that no credentials are set, so there is no App yet. */
  | { ok: false; problems: string[]; missing: boolean }

/** Without any of these there is no App yet. */
const credentials = ['APP_ID', 'PRIVATE_KEY', 'PRIVATE_KEY_PATH', 'WEBHOOK_SECRET']

/**
 * Parses the environment. All problems are reported at once. Each names the variable, what is wrong and how to fix it,
 * and none repeats a value. An empty variable counts as unset.
 */
export function readSettings(env: NodeJS.ProcessEnv): SettingsResult {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = environment.safeParse(given)
  const key = readPrivateKey(given)
  const problems = (parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])}: ${issue.message}`)
  if ('problem' in key) problems.push(key.problem)
  const staging = readServers(given)
  problems.push(...staging.problems)
  if (parsed.data && !parsed.data.GITHUB_CLIENT_ID !== !parsed.data.GITHUB_CLIENT_SECRET)
    problems.push(
      `${parsed.data.GITHUB_CLIENT_ID ? 'GITHUB_CLIENT_SECRET' : 'GITHUB_CLIENT_ID'}: is not set. People sign in with both, from the App's settings page`,
    )
  if (parsed.data?.SLACK_BOT_TOKEN && parsed.data.SLACK_WEBHOOK_URL)
    problems.push(
      'SLACK_WEBHOOK_URL: is set together with SLACK_BOT_TOKEN, which can do more. Unset one of them',
    )
  problems.push(...together.flatMap((one) => incomplete(one, given)))
  if (parsed.data?.STORY_CLOCK && !isLoopback(parsed.data.GITHUB_API_URL))
    problems.push('STORY_CLOCK: is only allowed with a GitHub on loopback. Unset it')
  if (problems.length > 0 || !parsed.success || !('pem' in key)) {
    const missing =
      credentials.every((name) => given[name] === undefined) &&
      problems.every((problem) => credentials.includes(problem.split(':')[0] ?? ''))
    return { ok: false, problems, missing }
  }
  return { ok: true, settings: { ...settingsOf(parsed.data, key.pem), servers: staging.servers } }
}

const together = [
  { of: 'Mail', needs: ['SMTP_URL', 'MAIL_FROM', 'MAIL_TO'] },
  { of: 'Datadog', needs: ['DATADOG_API_KEY', 'DATADOG_APP_KEY'] },
  { of: 'Jira', needs: ['JIRA_URL', 'JIRA_EMAIL', 'JIRA_TOKEN'] },
]

/** Variables that are useless without each other. */
function incomplete({ of, needs }: (typeof together)[number], given: Record<string, unknown>): string[] {
  const missing = needs.filter((name) => given[name] === undefined)
  if (missing.length === 0 || missing.length === needs.length) return []
  const all = needs.length === 2 ? 'both' : 'all three'
  return [`${missing[0]}: is not set. ${of} needs ${list(needs)}; set ${all} or none`]
}

function settingsOf(data: z.output<typeof environment>, privateKey: string): Omit<Settings, 'servers'> {
  const { WEBHOOK_SECRET: current, WEBHOOK_SECRET_PREVIOUS: previous } = data
  return {
    appId: data.APP_ID,
    privateKey,
    webhookSecrets: previous === undefined ? [current] : [current, previous],
    apiUrl: data.GITHUB_API_URL.replace(/\/+$/, ''),
    database: data.DATABASE_URL ? { url: data.DATABASE_URL } : { dataDir: data.DATA_DIR },
    host: data.HOST,
    port: data.PORT,
    trustedProxies: data.TRUSTED_PROXIES,
    allowedAccounts: data.ALLOWED_ACCOUNTS,
    logLevel: data.LOG_LEVEL,
    publicUrl: data.PUBLIC_URL,
    client:
      data.GITHUB_CLIENT_ID && data.GITHUB_CLIENT_SECRET
        ? { id: data.GITHUB_CLIENT_ID, secret: data.GITHUB_CLIENT_SECRET }
        : undefined,
    operatorToken: data.OPERATOR_TOKEN,
    freezeTeams: data.FREEZE_TEAMS ?? [],
    metricsToken: data.METRICS_TOKEN,
    slackWebhook: data.SLACK_WEBHOOK_URL,
    slackSigningSecret: data.SLACK_SIGNING_SECRET,
    slack: data.SLACK_BOT_TOKEN ? { token: data.SLACK_BOT_TOKEN, apiUrl: data.SLACK_API_URL } : undefined,
    mail:
      data.SMTP_URL && data.MAIL_FROM && data.MAIL_TO
        ? { url: data.SMTP_URL, from: data.MAIL_FROM, to: data.MAIL_TO }
        : undefined,
    alertSecrets: {
      pagerduty: data.PAGERDUTY_WEBHOOK_SECRET,
      datadog: data.DATADOG_WEBHOOK_SECRET,
      zendesk: data.ZENDESK_WEBHOOK_SECRET,
    },
    paging: {
      eventsUrl: data.PAGERDUTY_EVENTS_URL,
      keys: { on_call: data.PAGERDUTY_ROUTING_KEY, lead: data.PAGERDUTY_LEAD_ROUTING_KEY },
    },
    datadog:
      data.DATADOG_API_KEY && data.DATADOG_APP_KEY
        ? { url: data.DATADOG_API_URL, apiKey: data.DATADOG_API_KEY, appKey: data.DATADOG_APP_KEY }
        : undefined,
    jira:
      data.JIRA_URL && data.JIRA_EMAIL && data.JIRA_TOKEN
        ? { url: data.JIRA_URL, email: data.JIRA_EMAIL, token: data.JIRA_TOKEN }
        : undefined,
    logDrainSecret: data.LOG_DRAIN_SECRET,
    incidentRepository: data.INCIDENT_REPOSITORY,
    recordsMonths: data.RECORDS_MONTHS,
    storyClock: data.STORY_CLOCK ? new Date(data.STORY_CLOCK) : undefined,
  }
}
