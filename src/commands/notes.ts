import { Command, Option } from 'commander'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'

type Options = DatabaseOptions & {
  window?: string
  month?: string
  repository?: string
  repo?: string
  json?: boolean
}

/** `notes`: release notes from the change records. */
export function notesCommand(now = () => new Date()): Command {
  const command = new Command('notes')
    .option(
      '--window <which>',
      '`last`: what was released up to the end of the last window, from the end of the window before',
    )
    .option('--month <month>', "a month such as 2026-11, in the time zone of the policy's window")
    .option('--repository <owner/name>', 'one repository (default: every repository with a policy)')
    .addOption(new Option('--repo <owner/name>').hideHelp())
    .option('--json', 'print JSON instead of Markdown')
    .option('--output <file>', 'write to a file, which appears only once it is complete')
  return withDatabaseOptions(command, '0 printed, 2 usage error').action(
    ({ window, month, repo, repository = repo, json = false, ...options }: Options) => {
      const wanted = periodIn(window, month)
      const place = repository === undefined ? {} : { repository }
      return runDatabaseRequest('notes', { wanted, ...place, json, now: now().toISOString() }, options)
    },
  )
}

function periodIn(window: string | undefined, month: string | undefined): object {
  if ((window === undefined) === (month === undefined))
    throw new Error('Give either `--window last` or `--month`, such as `--month 2026-11`.')
  if (month !== undefined && !/^20\d\d-(0[1-9]|1[0-2])$/.test(month))
    throw new Error(`--month: ${JSON.stringify(month)} is not a month. Example: 2026-11.`)
  if (window !== undefined && window !== 'last')
    throw new Error(`--window: ${JSON.stringify(window)} is not known. Example: last.`)
  return month === undefined ? { window } : { month }
}
