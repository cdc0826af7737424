import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { type Anchor, readAnchors } from '../decision/anchor.ts'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'
import { readParts, requireInput } from './input-file.ts'
import { instantOrDayIn } from './instant.ts'
import { urgentShareCommand } from './urgent-share.ts'

/** `audit …`: what an auditor needs to check the records without trusting the bot. */
export function auditCommand(): Command {
  return new Command('audit')
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addCommand(reportCommand())
    .addCommand(dossierCommand())
    .addCommand(urgentShareCommand())
    .addCommand(pruneCommand())
}

type VerifyOptions = DatabaseOptions & { json?: boolean; anchors?: string; file?: string }

function verifyCommand(): Command {
  const command = new Command('verify')
    .description('compute every hash again and report the first bad record')
    .option('--file <export>', 'verify an NDJSON export alone, without a database or a bot')
    .option(
      '--anchors <file>',
      'also compare with the hashes in a file: the text of the issues that contain the anchors',
    )
    .option('--json', 'print the result as JSON')
  return withDatabaseOptions(
    command,
    '0 every chain is intact, 1 one is broken,\n2 the records cannot be read',
  ).action(async ({ json = false, ...options }: VerifyOptions) => {
    const anchors = options.anchors === undefined ? undefined : anchorsIn(options.anchors)
    if (options.file !== undefined) return verifyFile(options.file, anchors, json)
    return runDatabaseRequest('audit verify', { json, ...(anchors && { anchors }) }, options)
  })
}

async function verifyFile(file: string, anchors: Anchor[] | undefined, json: boolean): Promise<void> {
  const { linesIn, recordsIn } = await import('../store/audit/export.ts')
  const { verifyRecords } = await import('../store/audit/verify.ts')
  const { verifiedText } = await import('../server/requests/audit.ts')
  const lines = linesIn(readParts('--file', file, 'what `release-gate audit export` printed'))
  const result = await verifyRecords(recordsIn(lines), anchors)
  if (result.ok && result.records === 0) throw new Error(`--file: ${file} contains no records.`)
  const text = json ? JSON.stringify(result) : verifiedText(result, { file: anchors })
  process.stdout.write(`${text}\n`)
  process.exitCode = result.ok ? 0 : 1
}

function anchorsIn(file: string): Anchor[] {
  const anchors = readAnchors(
    requireInput('--anchors', file, 'a file with the text of the issues that contain the anchors'),
  )
  if (anchors.length > 0) return anchors
  throw new Error(
    `--anchors: ${file} contains no anchors; save in it the text of an issue with the label release-gate-records, with lines like "installation 1, record 2, \`<hash>\`".`,
  )
}

type ExportOptions = DatabaseOptions & { csv?: boolean; from?: string; to?: string }

function exportCommand(): Command {
  const command = new Command('export')
    .description(
      'print the records as NDJSON, one canonical record per line, in order and without a gap, for `audit verify --file`',
    )
    .option(
      '--csv',
      'print a table for samples instead: a line for each merge and each push that bypassed the gate',
    )
    .option(
      '--from <time>',
      'only records from this time on: an ISO date, which begins at midnight UTC, or a date and time with an offset',
    )
    .option('--to <time>', 'only records before this time, written in the same way')
    .option('--output <file>', 'write to a file, which appears only once it is complete')
  return withDatabaseOptions(command, '0 printed, 2 usage error').action(
    ({ csv = false, from, to, ...options }: ExportOptions) =>
      runDatabaseRequest('audit export', { csv, ...time('from', from), ...time('to', to) }, options),
  )
}

function dossierCommand(): Command {
  const command = new Command('dossier')
    .description('print the full record of an incident, from the alert to the post-mortem')
    .argument('<incident>', 'its number, a name like acme/incidents#7, or its name in Jira')
    .option('--ndjson', 'print the records themselves instead, for `audit verify --file`')
    .option('--output <file>', 'write to a file, which appears only once it is complete')
  return withDatabaseOptions(command, '0 printed, 2 there is none or usage error').action(
    (name: string, { ndjson = false, ...options }: DatabaseOptions & { ndjson?: boolean }) =>
      runDatabaseRequest('audit dossier', { name, ndjson }, options),
  )
}

function reportCommand(): Command {
  const command = new Command('report')
    .description('print the stored report of a staging regression, whose hash a change record names')
    .argument('<hash>', 'SHA-256 of the report, or its first 12 characters or more')
  return withDatabaseOptions(command, '0 printed, 1 there is none, 2 usage error').action(
    async (hash: string, options: DatabaseOptions) => {
      if (!/^[0-9a-f]{12,64}$/.test(hash))
        throw new Error(
          `${JSON.stringify(hash)} is not a hash; give 12 to 64 characters of 0-9 and a-f, as the record has them.`,
        )
      await runDatabaseRequest('audit report', { hash }, options)
      if (process.exitCode === 1) process.stderr.write(`There is no report ${hash}.\n`)
    },
  )
}

/** For a bot whose role owns nothing: its daily work cannot remove old records. */
function pruneCommand(): Command {
  return new Command('prune')
    .description(
      'remove old records as the owner of the database (MIGRATION_DATABASE_URL), up to an anchored one',
    )
    .option('--months <number>', 'how many months of records stay; RECORDS_MONTHS or 13 when left out')
    .addHelpText(
      'after',
      '\nExit codes: 0 removed, 1 verification failed and nothing was removed,\n2 usage error, or the role does not own the records.',
    )
    .action(async ({ months }: { months?: string }) => {
      if (existsSync('.env')) process.loadEnvFile('.env')
      const [name, text] =
        months === undefined ? ['RECORDS_MONTHS', process.env.RECORDS_MONTHS || '13'] : ['--months', months]
      if (!/^\d{1,4}$/.test(text) || Number(text) < 3 || Number(text) > 1_200)
        throw new Error(
          `${name}: ${JSON.stringify(text)} is not a number of months from 3 to 1200. Example: 13.`,
        )
      await prune(Number(text))
    })
}

async function prune(months: number): Promise<void> {
  const { ownersDatabase } = await import('./migrate.ts')
  const { subMonths } = await import('date-fns/subMonths')
  const { pruneRecords } = await import('../store/audit/retention.ts')
  const { verifyChain } = await import('../store/audit/verify.ts')
  const { keptAnchors } = await import('../store/audit/anchors.ts')
  const { verifiedText } = await import('../server/requests/audit.ts')
  const database = await ownersDatabase()
  try {
    const result = await verifyChain(database, undefined, { anchors: await keptAnchors(database) })
    const before = subMonths(new Date(), months)
    const removed = result.ok ? await pruneRecords(database, before) : 0
    if (removed === undefined)
      throw new Error(
        'The role of this connection does not own the records. Set MIGRATION_DATABASE_URL to its owner.',
      )
    process.stdout.write(
      result.ok
        ? `Removed ${removed} records older than ${before.toISOString().slice(0, 10)}.\n`
        : `${verifiedText(result, {})} Nothing was removed.\n`,
    )
    process.exitCode = result.ok ? 0 : 1
  } finally {
    await database.close()
  }
}

function time<Name extends 'from' | 'to'>(name: Name, text: string | undefined): { [Key in Name]?: string } {
  if (text === undefined) return {}
  const instant = instantOrDayIn(text)
  if (instant !== undefined) return { [name]: instant } as { [Key in Name]?: string }
  throw new Error(
    `--${name}: ${JSON.stringify(text)} is not an ISO date, which begins at midnight UTC, and not a date and time with an offset. Example: "2026-11-25" or "2026-11-25T09:00-08:00".`,
  )
}
