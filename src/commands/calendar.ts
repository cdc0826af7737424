import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { calendarLink } from '../server/calendar-link.ts'
import { readSettings } from '../settings/settings.ts'

type Options = { repository?: string; base?: string }

/** `calendar`: prints the secret URL of a calendar feed. Exit codes: 0 printed, 2 usage error. */
export function calendarCommand(): Command {
  return new Command('calendar')
    .option('--repository <owner/name>', 'the feed of one repository (default: all)')
    .option('--base <url>', "the bot's public URL (default: http://HOST:PORT)")
    .addHelpText(
      'after',
      '\nAnyone with the URL can read the feed. Changing WEBHOOK_SECRET changes every URL.\nExit codes: 0 printed, 2 usage error.',
    )
    .action((options: Options) => {
      const result = link(options)
      if ('mistake' in result) {
        process.stderr.write(`${result.mistake.join('\n')}\n`)
        process.exitCode = 2
        return
      }
      process.stdout.write(`${result.link}\n`)
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
  const read = readSettings(process.env)
  if (!read.ok) return { mistake: read.problems }
  const { host, port, webhookSecrets } = read.settings
  const [secret = ''] = webhookSecrets
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { link: calendarLink(base ?? own, secret, repository) }
}
