import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type Anchor, readAnchors } from '../decision/anchor.ts'
import type { Verified } from '../store/audit/verify.ts'
import type { AuditRecord } from '../store/audit.ts'
import type { Database } from '../store/database.ts'
import { readInput } from './input-file.ts'
import { urgentShareCommand } from './urgent-share.ts'

/** `audit verify` and `audit export`: what an auditor needs to check the records without trusting the bot. */
export function auditCommand(): Command {
  const verify = new Command('verify')
    .description('compute every hash of the records anew, and name the first bad one')
    .option(
      '--anchors <file>',
      'compare with the hashes in a file: the text of the issues that hold the anchors',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `${where}\nExit codes: 0 every chain is unbroken, 1 one is broken, 2 the records cannot be read.`,
    )
    .action((options: { json?: boolean; anchors?: string }) =>
      withDatabase((database) => verifyAll(database, options)),
    )
  const out = new Command('export')
    .description('print the records as NDJSON, one canonical record a line, in their order')
    .option('--csv', 'print a table for samples instead: a line for each merge and each push past the gate')
    .option('--from <time>', 'ISO date and time; records from it on')
    .option('--to <time>', 'ISO date and time; records before it')
    .addHelpText('after', `${where}\nExit codes: 0 printed, 2 wrong use.`)
    .action((options: Range & { csv?: boolean }) => withDatabase((database) => exportAll(database, options)))
  const report = new Command('report')
    .description('print the stored report of a staging regression, whose hash a change record names')
    .argument('<hash>', 'SHA-256 of the report, or its first 12 characters or more')
    .addHelpText('after', `${where}\nExit codes: 0 printed, 1 there is none, 2 wrong use.`)
    .action((hash: string) => withDatabase((database) => printReport(database, hash)))
  return new Command('audit')
    .addCommand(verify)
    .addCommand(out)
    .addCommand(report)
    .addCommand(urgentShareCommand(withDatabase))
}

const where = `
The records are read from DATABASE_URL, or else from the folder DATA_DIR (default ./data), which no bot may be using meanwhile.`

async function withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { DATABASE_URL: url, DATA_DIR: dataDir = './data' } = process.env
  const database = url ? await openServer(url) : await openFolder(dataDir)
  try {
    const { requireMigrated } = await import('../store/database/migrations.ts')
    await requireMigrated(database)
    await work(database)
  } finally {
    await database.close()
  }
}

/** Opened as it is: an auditor changes nothing, and a wrong place must not pass for an empty chain. */
async function openServer(url: string): Promise<Database> {
  const { openPostgres } = await import('../store/database/postgres.ts')
  return openPostgres({ url })
}

async function openFolder(dataDir: string): Promise<Database> {
  if (!existsSync(join(dataDir, 'postgres')))
    throw new Error(`There are no records in ${dataDir}; set DATA_DIR to the bot's folder, or DATABASE_URL.`)
  const { openPglite } = await import('../store/database/pglite.ts')
  return openPglite({ dataDir })
}

async function verifyAll(database: Database, options: { json?: boolean; anchors?: string }): Promise<void> {
  const anchors = options.anchors === undefined ? undefined : anchorsIn(options.anchors)
  const { verifyChain } = await import('../store/audit/verify.ts')
  const { keptAnchors } = await import('../store/audit/anchors.ts')
  const kept = await keptAnchors(database)
  const result = await verifyChain(database, undefined, { anchors: [...kept, ...(anchors ?? [])] })
  process.stdout.write(`${options.json ? JSON.stringify(result) : said(result, anchors?.length)}\n`)
  process.exitCode = result.ok ? 0 : 1
}

function anchorsIn(file: string): Anchor[] {
  const read = readInput('--anchors', file, 'a file with the text of the issues that hold the anchors')
  if ('mistake' in read) throw new Error(read.mistake)
  const anchors = readAnchors(read.text)
  if (anchors.length > 0) return anchors
  throw new Error(
    `--anchors: ${file} holds no anchor; save the text of an issue labelled release-gate-records in it, with lines like "installation 1, record 2, \`<hash>\`".`,
  )
}

function said(result: Verified, compared: number | undefined): string {
  if (!result.ok)
    return `The chain of installation ${result.installationId} is broken at record ${result.seq}: ${result.why}`
  const with_ = compared === undefined ? '' : ` They hold all ${compared} hashes of the file.`
  const from = result.since.map(
    ({ installationId, seq }) =>
      `\nThe chain of installation ${installationId} begins after record ${seq}, which was anchored; older ones were let go.`,
  )
  const chains = result.heads.length === 1 ? '1 chain' : `${result.heads.length} chains`
  return `${result.records} records in ${chains}, unbroken.${with_}${from.join('')}`
}

type Range = { from?: string; to?: string }

async function exportAll(database: Database, options: Range & { csv?: boolean }): Promise<void> {
  const range = { ...time('from', options.from), ...time('to', options.to) }
  const { chainIds } = await import('../store/audit/verify.ts')
  const { readRecords } = await import('../store/audit.ts')
  const { head, lineOf } = options.csv ? await csv() : await ndjson()
  process.stdout.write(head)
  for (const id of await chainIds(database)) {
    for await (const record of readRecords(database, id, range)) process.stdout.write(lineOf(record) ?? '')
  }
}

/** The text is exactly what the hash covers. */
async function printReport(database: Database, hash: string): Promise<void> {
  if (!/^[0-9a-f]{12,64}$/.test(hash))
    throw new Error(
      `${JSON.stringify(hash)} is no hash; give 12 to 64 characters of 0-9 and a-f, as the record has them.`,
    )
  const { reportByHash } = await import('../store/evidence.ts')
  const text = await reportByHash(database, hash)
  if (text === undefined) {
    process.stderr.write(`There is no report ${hash}.\n`)
    process.exitCode = 1
  } else process.stdout.write(text)
}

type Form = { head: string; lineOf: (record: AuditRecord) => string | undefined }

async function ndjson(): Promise<Form> {
  const { default: canonicalize } = await import('canonicalize')
  const lineOf = (record: AuditRecord) => `${canonicalize({ ...record, at: record.at.toISOString() })}\n`
  return { head: '', lineOf }
}

async function csv(): Promise<Form> {
  const { changeTableHead, changeTableLine } = await import('./change-table.ts')
  return { head: changeTableHead, lineOf: changeTableLine }
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
