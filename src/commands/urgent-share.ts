import { Command } from 'commander'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'

/** `audit urgent-share`: the share of urgent merges over the last days, per installation. */
export function urgentShareCommand(now = () => new Date()): Command {
  const command = new Command('urgent-share')
    .description('print the share of urgent merges; auditors ask about more than 10%')
    .option('--days <number>', 'number of days to look back', '90')
    .option('--json', 'print the counts of each installation as JSON')
  return withDatabaseOptions(command, '0 up to 10%, 1 more,\n2 usage error or unreadable records').action(
    ({ days, json, ...options }: DatabaseOptions & { days: string; json?: boolean }) => {
      const args = { days: daysOf(days), to: now().toISOString(), ...(json && { json }) }
      return runDatabaseRequest('audit urgent-share', args, options)
    },
  )
}

function daysOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--days: ${JSON.stringify(text)} is not a number of days. Example: 90.`)
  return Number(text)
}
