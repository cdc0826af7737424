import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { Database } from '../services/database.ts'
import { urgentShareCommand } from './urgent-share.ts'

/** `audit verify` and `audit export`: what an auditor needs to check the records without trusting the bot. */
export function auditCommand(): Command {
  const verify = new Command('verify')
    .description('compute every hash of the records anew, and name the first bad one')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `${where}\nExit codes: 0 every chain is unbroken, 1 one is broken, 2 the records cannot be read.`,
    )
    .action((options: { json?: boolean }) =>
      withDatabase((database) => verifyAll(database, options.json === true)),
    )
  const out = new Command('export')
    .description('print the records as NDJSON, one canonical record a line, in their order')
    .option('--from <time>', 'ISO date and time; records from it on')
    .option('--to <time>', 'ISO date and time; records before it')
    .addHelpText('after', `${where}\nExit codes: 0 printed, 2 wrong use.`)
    .action((options: { from?: string; to?: string }) =>
      withDatabase((database) => exportAll(database, options)),
    )
  return new Command('audit')
    .description('check and export the records')
    .addCommand(verify)
    .addCommand(out)
    .addCommand(urgentShareCommand(withDatabase))
}

const where = `
The records are read from DATABASE_URL, or else from the folder DATA_DIR (default ./data), which no bot may be using meanwhile.`

async function withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { DATABASE_URL: url, DATA_DIR: dataDir = './data' } = process.env
  if (!url && !existsSync(dataDir))
    throw new Error(`There is no data in ${dataDir}; set DATA_DIR or DATABASE_URL.`)
  const { openDatabase } = await import('../services/database.ts')
  const database = await openDatabase(url ? { url } : { dataDir })
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

async function verifyAll(database: Database, json: boolean): Promise<void> {
  const { verifyChain } = await import('../services/audit/verify.ts')
  const result = await verifyChain(database)
  const says = result.ok
    ? `${result.records} records in ${result.heads.length} chains, unbroken.`
    : `The chain of installation ${result.installationId} is broken at record ${result.seq}: ${result.why}`
  process.stdout.write(`${json ? JSON.stringify(result) : says}\n`)
  process.exitCode = result.ok ? 0 : 1
}

async function exportAll(database: Database, options: { from?: string; to?: string }): Promise<void> {
  const range = { ...time('from', options.from), ...time('to', options.to) }
  const { chainIds } = await import('../services/audit/verify.ts')
  const { readRecords } = await import('../services/audit.ts')
  const { default: canonicalize } = await import('canonicalize')
  for (const id of await chainIds(database)) {
    for await (const record of readRecords(database, id, range)) {
      process.stdout.write(`${canonicalize({ ...record, at: record.at.toISOString() })}\n`)
    }
  }
}

function time<Name extends 'from' | 'to'>(name: Name, text: string | undefined): { [Key in Name]?: Date } {
  if (text === undefined) return {}
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) {
    throw new Error(
      `--${name}: ${JSON.stringify(text)} is not an ISO date and time; write it like "2026-11-25T00:00:00Z".`,
    )
  }
  return { [name]: at } as { [Key in Name]?: Date }
}
