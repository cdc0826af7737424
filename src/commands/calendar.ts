import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { calendarLink } from '../server/calendar-link.ts'
import { webhookSecretProblems } from '../server/secrets.ts'

type Options = { repository?: string; base?: string; json?: boolean }

/** `calendar`: prints the secret URL of a calendar feed. Needs only the webhook secret. Exit codes: 0 printed, 2 usage error. */
export function calendarCommand(): Command {
  return new Command('calendar')
    .option('--repository <owner/name>', 'the feed of one repository (default: all)')
    .option('--base <url>', "the bot's public URL (default: http://HOST:PORT)")
    .option('--json', 'print {"url"} as JSON')
    .addHelpText(
      'after',
      '\nAnyone with the URL can read the feed. A new WEBHOOK_SECRET changes every URL.\nExit codes: 0 printed, 2 usage error.',
    )
    .action((options: Options) => {
      const result = link(options)
      if ('mistake' in result) {
        process.stderr.write(`${result.mistake.join('\n')}\n`)
        process.exitCode = 2
        return
      }
      process.stdout.write(`${options.json ? JSON.stringify({ url: result.link }) : result.link}\n`)
    })
}

function link({ repository, base }: Options): { link: string } | { mistake: string[] } {
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    return {
      mistake: [
        `--repository: ${JSON.stringify(repository)} is not a repository name. Example: "acme/shop".`,
      ],
    }
  }
  if (base !== undefined && !/^https?:\/\/[^/\s]/.test(base)) {
    return { mistake: [`--base: ${JSON.stringify(base)} is not a URL. Example: "https://gate.example".`] }
  }
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { WEBHOOK_SECRET: secret = '', HOST = '127.0.0.1', PORT = '3000' } = process.env
  const mistake = webhookSecretProblems(secret === '' ? [] : [secret])
  if (mistake.length > 0) return { mistake }
  const own = `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT}`
  return { link: calendarLink(base ?? own, secret, repository) }
}
