import { Command } from 'commander'
import { durationPattern, parseDuration } from '../decision/duration.ts'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'
import { instantOrDayIn } from './instant.ts'

type Options = DatabaseOptions & { since: string; json?: boolean }

/** `report`: what would have been blocked under policies that only report. */
export function reportCommand(now = () => new Date()): Command {
  const command = new Command('report')
    .option(
      '--since <time>',
      'a duration such as 14d, an ISO date, which begins at midnight UTC, or a date and time with an offset',
      '14d',
    )
    .option('--json', 'print the merges and the counts by gate as JSON')
  return withDatabaseOptions(command, '0 printed, 2 usage error').action(
    ({ since, json = false, ...options }: Options) =>
      runDatabaseRequest('report', { since: startOf(since, now()), json }, options),
  )
}

function startOf(since: string, now: Date): string {
  if (durationPattern.test(since)) return new Date(now.getTime() - parseDuration(since)).toISOString()
  const instant = instantOrDayIn(since)
  if (instant !== undefined) return instant
  throw new Error(
    `--since: ${JSON.stringify(since)} is not a duration, an ISO date, or a date and time with an offset. Example: "14d", "2026-11-25" or "2026-11-25T09:00-08:00".`,
  )
}
