import { Command } from 'commander'
import { askedAbout, urgentShare } from '../decision/urgent-share.ts'
import type { Database } from '../store/database.ts'

type WithDatabase = (work: (database: Database) => Promise<void>) => Promise<void>

const day = 24 * 60 * 60 * 1000

/** `audit urgent-share`: how many of the merges of the last days were urgent, for each installation. */
export function urgentShareCommand(withDatabase: WithDatabase, now = () => new Date()): Command {
  return new Command('urgent-share')
    .description(
      'tell how many of the merges of the last days were urgent; auditors ask about more than 10 %',
    )
    .option('--days <number>', 'how many days to look back', '90')
    .addHelpText('after', '\nExit codes: 0 at most 10 %, 1 more, 2 wrong use or the records cannot be read.')
    .action((options: { days: string }) =>
      withDatabase((database) => tell(database, daysOf(options.days), now())),
    )
}

function daysOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--days: ${JSON.stringify(text)} is not a number of days; write it like 90.`)
  return Number(text)
}

async function tell(database: Database, days: number, to: Date): Promise<void> {
  const { chainIds } = await import('../store/audit/verify.ts')
  const { readRecords } = await import('../store/audit.ts')
  const from = new Date(to.getTime() - days * day)
  for (const id of await chainIds(database)) {
    const records = await Array.fromAsync(readRecords(database, id, { from, to }))
    const { merged, urgent, share } = urgentShare(records, { from, to })
    const percent = (share * 100).toFixed(1)
    process.stdout.write(
      `Installation ${id}: ${urgent} of ${merged} merges in ${days} days were urgent, ${percent} %.\n`,
    )
    if (share > askedAbout) process.exitCode = 1
  }
}
