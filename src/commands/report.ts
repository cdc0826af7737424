import { Command } from 'commander'
import { durationPattern, parseDuration } from '../decision/duration.ts'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'

type Options = DatabaseOptions & { since: string; json?: boolean }

/** `report`: what would have been blocked under policies that only report. */
export function reportCommand(now = () => new Date()): Command {
  const command = new Command('report')
    .option('--since <time>', 'a duration such as 14d, or an ISO date', '14d')
    .option('--json', 'print the merges and the counts by gate as JSON')
  return withDatabaseOptions(command, '0 printed, 2 usage error').action(
    ({ since, json = false, ...options }: Options) =>
      runDatabaseRequest('report', { since: startOf(since, now()).toISOString(), json }, options),
  )
}

function startOf(since: string, now: Date): Date {
  if (durationPattern.test(since)) return new Date(now.getTime() - parseDuration(since))
  const date = /^\d{4}-\d{2}-\d{2}/.test(since) ? new Date(since) : undefined
  if (date && !Number.isNaN(date.getTime())) return date
  throw new Error(`--since: ${JSON.stringify(since)} is neither a duration nor a date. Example: 14d.`)
}
