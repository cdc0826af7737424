import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { calendarLink } from '../server/calendar-link.ts'
import { readSettings } from '../settings/settings.ts'

type Options = { repository?: string; base?: string }

/** `calendar`: prints the address of a calendar feed, which is a secret. Exit codes: 0 printed, 2 wrong use. */
export function calendarCommand(): Command {
  return new Command('calendar')
    .description('print the secret address at which people subscribe to the release windows and freezes')
    .option('--repository <owner/name>', 'the feed of one repository (default: of all)')
    .option('--base <url>', 'where people reach the bot (default: the HOST and PORT that it listens on)')
    .addHelpText(
      'after',
      '\nWho has the address can read the feed; a new WEBHOOK_SECRET makes all addresses new.\nExit codes: 0 printed, 2 wrong use.',
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
      mistake: [`--repository: ${JSON.stringify(repository)} is no repository; write it like "owner/name".`],
    }
  }
  if (base !== undefined && !/^https?:\/\/[^/\s]/.test(base)) {
    return { mistake: [`--base: ${JSON.stringify(base)} is no URL; write it like "https://gate.example".`] }
  }
  if (existsSync('.env')) process.loadEnvFile('.env')
  const read = readSettings(process.env)
  if (!read.ok) return { mistake: read.problems }
  const { host, port, webhookSecrets } = read.settings
  const [secret = ''] = webhookSecrets
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { link: calendarLink(base ?? own, secret, repository) }
}
