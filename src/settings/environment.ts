import { z } from 'zod'
import { isLoopback, notPostgresUrl, postgresUrl } from './addresses.ts'

const shortest = 16
const makeSecret = "Create one with `openssl rand -hex 32`, and set the same value in the App's settings"

const secret = z
  .string({ error: `is not set. ${makeSecret}` })
  .refine((text) => text.trim().length >= shortest, `has fewer than ${shortest} characters. ${makeSecret}`)

const senderSecret = z
  .string()
  .refine(
    (text) => text.trim().length >= shortest,
    `has fewer than ${shortest} characters. Copy it from the sender, or create one with \`openssl rand -hex 32\``,
  )

const routingKey = z
  .string()
  .regex(
    /^[A-Za-z0-9]{32}$/,
    'is not a routing key. Copy "Integration Key" of an Events API v2 integration; it has 32 characters',
  )

const httpsUrl = (message: string) =>
  z
    .url(message)
    .refine(
      (url) => !URL.canParse(url) || url.startsWith('https:') || (url.startsWith('http:') && isLoopback(url)),
      'must be https, except on loopback',
    )

const wholeNumber = (message: string, least: number, most: number) =>
  z
    .string({ error: message })
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((number) => number >= least && number <= most, message)

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const accounts = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .refine(
    (names) => names.every((name) => /^[\w-]+$/.test(name)),
    'is not a comma-separated list of users and organizations, for example `acme,acme-labs`',
  )

const address = httpsUrl('is not a URL. Example: https://gate.example')
  .refine(
    (url) => !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`,
    'is not the root of a host. Leave out the path, for example https://gate.example',
  )
  .transform((url) => new URL(url).origin)

const teams = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .refine(
    (names) => names.every((name) => /^[\w-]+\/[\w-]+$/.test(name)),
    'is not a comma-separated list of teams, for example `acme/release-captains`',
  )

/** A query could switch off what the bot sets, such as encryption. */
function isMailServer(url: string): boolean {
  if (!/^smtps?:\/\/\S+$/.test(url) || !URL.canParse(url)) return false
  const { hostname, search, username, password } = new URL(url)
  const decodable = !/%(?![0-9a-f]{2})/i.test(username + password)
  return hostname !== '' && search === '' && decodable
}

const mailbox = (what: string) => z.email(`is not an email address. ${what}`)

const mailboxes = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((address) => address.trim()))])
  .refine(
    (all) => all.every((address) => z.email().safeParse(address).success),
    'is not a comma-separated list of email addresses, for example `security@acme.example,ana@acme.example`',
  )

/** The variables of the environment, and what is said of a value that cannot be meant. */
export const environment = z.object({
  APP_ID: wholeNumber('is not set or not a number. Copy "App ID" from the App\'s settings page', 1, 1e15),
  WEBHOOK_SECRET: secret,
  WEBHOOK_SECRET_PREVIOUS: secret.optional(),
  GITHUB_API_URL: httpsUrl('is not a URL. For GitHub Enterprise Server, use https://HOST/api/v3').default(
    'https://api.github.com',
  ),
  DATABASE_URL: z.string().regex(postgresUrl, notPostgresUrl).optional(),
  DATA_DIR: z.string().default('./data'),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber('is not a port. Use a number from 0 to 65535', 0, 65_535).default(3000),
  TRUSTED_PROXIES: wholeNumber('is not a number of proxies. Use a number from 0 to 10', 0, 10).default(0),
  ALLOWED_ACCOUNTS: accounts.optional(),
  PUBLIC_URL: address.optional(),
  GITHUB_CLIENT_ID: z
    .string()
    .regex(/^[\w.-]+$/, 'is not a client ID. Copy "Client ID" from the App\'s settings page')
    .optional(),
  GITHUB_CLIENT_SECRET: z.string().optional(),
  OPERATOR_TOKEN: z
    .string()
    .refine(
      (text) => text.trim().length >= 32,
      'has fewer than 32 characters. Create one with `openssl rand -hex 32`',
    )
    .optional(),
  FREEZE_TEAMS: teams.optional(),
  METRICS_TOKEN: z
    .string()
    .refine(
      (text) => text.trim().length >= shortest,
      `has fewer than ${shortest} characters. Create one with \`openssl rand -hex 32\``,
    )
    .optional(),
  LOG_LEVEL: z.enum(levels, `is not a log level. Use one of ${levels.join(', ')}`).default('info'),
  SLACK_BOT_TOKEN: z
    .string()
    .regex(
      /^xoxb-\S+$/,
      'is not a bot token. Bot tokens begin with xoxb-; find yours under "OAuth & Permissions" of the Slack app',
    )
    .optional(),
  SLACK_SIGNING_SECRET: z
    .string()
    .regex(
      /^[0-9a-f]{32,}$/,
      'is not a signing secret. Copy "Signing Secret" from "Basic Information" of the Slack app',
    )
    .optional(),
  SLACK_WEBHOOK_URL: httpsUrl('is not a URL. Copy it from "Incoming Webhooks" of the Slack app').optional(),
  SLACK_API_URL: httpsUrl('is not a URL. Unset it to use https://slack.com/api/').optional(),
  SMTP_URL: z
    .string()
    .refine(
      isMailServer,
      'is not the URL of a mail server. Use smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST:587, without a query',
    )
    .optional(),
  MAIL_FROM: mailbox('Use the address that mail is sent from').optional(),
  MAIL_TO: mailboxes.optional(),
  INCIDENT_REPOSITORY: z
    .string()
    .regex(/^[\w-]+\/[\w.-]+$/, 'is not a repository. Use owner/name')
    .optional(),
  PAGERDUTY_WEBHOOK_SECRET: senderSecret.optional(),
  DATADOG_WEBHOOK_SECRET: senderSecret.optional(),
  ZENDESK_WEBHOOK_SECRET: senderSecret.optional(),
  PAGERDUTY_EVENTS_URL: httpsUrl("is not a URL. Unset it to use PagerDuty's own").default(
    'https://events.pagerduty.com',
  ),
  PAGERDUTY_ROUTING_KEY: routingKey.optional(),
  PAGERDUTY_LEAD_ROUTING_KEY: routingKey.optional(),
  DATADOG_API_URL: httpsUrl('is not a URL. Use the API of your site, like https://api.datadoghq.eu').default(
    'https://api.datadoghq.com',
  ),
  DATADOG_API_KEY: z.string().min(8, 'has fewer than 8 characters. Copy it from "API Keys"').optional(),
  DATADOG_APP_KEY: z
    .string()
    .min(8, 'has fewer than 8 characters. Copy it from "Application Keys"')
    .optional(),
  JIRA_URL: httpsUrl('is not a URL. Use https://SITE.atlassian.net').optional(),
  JIRA_EMAIL: z.email("is not an email address. Use the account's that the token belongs to").optional(),
  JIRA_TOKEN: z
    .string()
    .min(8, 'has fewer than 8 characters. Create an API token in the Atlassian account')
    .optional(),
  LOG_DRAIN_SECRET: senderSecret.optional(),
  RECORDS_MONTHS: wholeNumber('is not a number of months. Use a number from 3 to 1200', 3, 1_200).default(13),
  STORY_CLOCK: z.iso
    .datetime({
      offset: true,
      error: 'is not an ISO date and time. Unset it: only the demo and the tests set it',
    })
    .optional(),
})
