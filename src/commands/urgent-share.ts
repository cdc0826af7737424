import { Command } from 'commander'
import { askedAbout, urgentShare } from '../decision/urgent-share.ts'
import type { Database } from '../store/database.ts'

type WithDatabase = (work: (database: Database) => Promise<void>) => Promise<void>

const day = 24 * 60 * 60 * 1000

/** `audit urgent-share`: the share of urgent merges over the last days, per installation. */
export function urgentShareCommand(withDatabase: WithDatabase, now = () => new Date()): Command {
  return new Command('urgent-share')
    .description('print the share of urgent merges; auditors ask about more than 10%')
    .option('--days <number>', 'number of days to look back', '90')
    .addHelpText('after', '\nExit codes: 0 up to 10%, 1 more, 2 usage error or unreadable records.')
    .action((options: { days: string }) =>
      withDatabase((database) => printShare(database, daysOf(options.days), now())),
    )
}

function daysOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--days: ${JSON.stringify(text)} is not a number of days. Example: 90.`)
  return Number(text)
}

async function printShare(database: Database, days: number, to: Date): Promise<void> {
  const { chainIds } = await import('../store/audit/verify.ts')
  const { readRecords } = await import('../store/audit.ts')
  const from = new Date(to.getTime() - days * day)
  for (const id of await chainIds(database)) {
    const records = await Array.fromAsync(readRecords(database, id, { from, to }))
    const { merged, urgent, share } = urgentShare(records, { from, to })
    const percent = (share * 100).toFixed(1)
    process.stdout.write(
      `Installation ${id}: ${urgent} of ${merged} merges in ${days} days were urgent (${percent}%).\n`,
    )
    if (share > askedAbout) process.exitCode = 1
  }
}
