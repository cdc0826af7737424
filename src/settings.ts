import { readFileSync } from 'node:fs'
import { z } from 'zod'

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Whether a URL's host is this machine. */
export function isLoopback(url: string): boolean {
  return loopback.test(new URL(url).hostname)
}

const secret = z.string().min(16, 'has fewer than 16 characters; make one with `openssl rand -hex 32`')

const httpsUrl = (message: string) =>
  z
    .url(message)
    .refine(
      (url) => !URL.canParse(url) || url.startsWith('https:') || (url.startsWith('http:') && isLoopback(url)),
      'must be https, except on loopback',
    )

const environment = z.object({
  APP_ID: z.coerce.number().int().positive(),
  PRIVATE_KEY: z.string().optional(),
  PRIVATE_KEY_PATH: z.string().optional(),
  WEBHOOK_SECRET: secret,
  WEBHOOK_SECRET_PREVIOUS: secret.optional(),
  GITHUB_API_URL: httpsUrl('is not a URL; GitHub Enterprise Server has https://HOST/api/v3').default(
    'https://api.github.com',
  ),
  DATABASE_URL: z.string().optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  ALLOWED_ACCOUNTS: z.string().optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SLACK_BOT_TOKEN: z
    .string()
    .regex(
      /^xoxb-\S+$/,
      'is not a bot token; it begins with xoxb- and stands under "OAuth & Permissions" of the Slack app',
    )
    .optional(),
  SLACK_API_URL: httpsUrl('is not a URL; leave it out for https://slack.com/api/').optional(),
  STORY_CLOCK: z.iso.datetime({ offset: true }).optional(),
})

/** What the operator sets, parsed once. See `docs/operations.md` for each variable. */
export type Settings = {
  appId: number
  privateKey: string
  /** One, or two while a secret is being rotated. */
  webhookSecrets: string[]
  apiUrl: string
  database: { url: string } | { dataDir: string }
  host: string
  port: number
  /** Installations of other accounts are ignored; undefined: all are served. Lower case. */
  allowedAccounts: string[] | undefined
  logLevel: string
  /** Undefined: no notices. `apiUrl` undefined: Slack's own. */
  slack: { token: string; apiUrl: string | undefined } | undefined
  /** A story's time instead of the system's; only against an API on loopback, and only under a parent that moves it. */
  storyClock: Date | undefined
}

export type SettingsResult =
  | { ok: true; settings: Settings }
  | { ok: false; problems: string[]; missing: boolean }

/** Variables without which there is no App yet: `start` opens the set-up page when all of them are absent. */
const credentials = ['APP_ID', 'PRIVATE_KEY', 'PRIVATE_KEY_PATH', 'WEBHOOK_SECRET']

/** Parses the environment. Each problem names the variable, what is wrong and how to mend it; values are never repeated. */
export function readSettings(env: NodeJS.ProcessEnv): SettingsResult {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const missing = credentials.every((name) => given[name] === undefined)
  const parsed = environment.safeParse(given)
  if (!parsed.success) return { ok: false, missing, problems: parsed.error.issues.map(explain) }
  const key = readKey(parsed.data)
  if ('problem' in key) return { ok: false, missing, problems: [key.problem] }
  const { data } = parsed
  if (data.STORY_CLOCK && !isLoopback(data.GITHUB_API_URL)) {
    return {
      ok: false,
      missing,
      problems: ['STORY_CLOCK: a story has no place against a GitHub that is not on loopback; unset it'],
    }
  }
  return {
    ok: true,
    settings: {
      appId: data.APP_ID,
      privateKey: key.pem,
      webhookSecrets: [
        data.WEBHOOK_SECRET,
        ...(data.WEBHOOK_SECRET_PREVIOUS ? [data.WEBHOOK_SECRET_PREVIOUS] : []),
      ],
      apiUrl: data.GITHUB_API_URL.replace(/\/+$/, ''),
      database: data.DATABASE_URL ? { url: data.DATABASE_URL } : { dataDir: data.DATA_DIR },
      host: data.HOST,
      port: data.PORT,
      allowedAccounts: data.ALLOWED_ACCOUNTS?.split(',')
        .map((name) => name.trim().toLowerCase())
        .filter(Boolean),
      logLevel: data.LOG_LEVEL,
      slack: data.SLACK_BOT_TOKEN ? { token: data.SLACK_BOT_TOKEN, apiUrl: data.SLACK_API_URL } : undefined,
      storyClock: data.STORY_CLOCK ? new Date(data.STORY_CLOCK) : undefined,
    },
  }
}

function explain(issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0])
  const absent = issue.code === 'invalid_type' && issue.message.includes('undefined')
  return `${name}: ${absent ? 'is not set' : issue.message}`
}

function readKey(data: {
  PRIVATE_KEY?: string | undefined
  PRIVATE_KEY_PATH?: string | undefined
}): { pem: string } | { problem: string } {
  if (data.PRIVATE_KEY) {
    const pem = data.PRIVATE_KEY.replaceAll('\\n', '\n')
    return pem.includes('PRIVATE KEY')
      ? { pem }
      : { problem: 'PRIVATE_KEY: is not a PEM key; paste the file that GitHub gave, or set PRIVATE_KEY_PATH' }
  }
  if (!data.PRIVATE_KEY_PATH)
    return { problem: 'PRIVATE_KEY: is not set (or PRIVATE_KEY_PATH, the file that GitHub gave)' }
  try {
    return { pem: readFileSync(data.PRIVATE_KEY_PATH, 'utf8') }
  } catch (error) {
    return { problem: `PRIVATE_KEY_PATH: cannot be read: ${error instanceof Error ? error.message : error}` }
  }
}
