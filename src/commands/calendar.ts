import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { isRepositoryName } from '../decision/github-names.ts'
import { listeningAddress } from './bot-request.ts'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'
import { repositoryProblem } from './repository-option.ts'

type Options = DatabaseOptions & { repository?: string; base?: string; newKey?: boolean; json?: boolean }

/** `calendar`: prints the secret URL of a calendar feed. Exit codes: 0 printed, 2 usage error. */
export function calendarCommand(): Command {
  const command = new Command('calendar')
    .option('--repository <owner/name>', 'the feed of one repository (default: all)')
    .option('--base <url>', "the bot's public URL (default: PUBLIC_URL or http://HOST:PORT)")
    .option('--new-key', 'revoke every URL printed before')
    .option('--json', 'print {"url"} as JSON')
    .addHelpText('after', '\nAnyone with the URL can read the feed.')
  return withDatabaseOptions(command, '0 printed, 2 usage error').action((options: Options) => {
    const { repository, newKey = false, json = false } = options
    if (repository !== undefined && !isRepositoryName(repository))
      throw new Error(repositoryProblem(repository))
    const base = baseFrom(options)
    return runDatabaseRequest('calendar', { base, repository, newKey, json }, options)
  })
}

function baseFrom({ base }: Options): string {
  if (base !== undefined && !/^https?:\/\/[^/\s]/.test(base))
    throw new Error(`--base: ${JSON.stringify(base)} is not a URL. Example: "https://gate.example".`)
  if (existsSync('.env')) process.loadEnvFile('.env')
  return base ?? (process.env.PUBLIC_URL || listeningAddress())
}
