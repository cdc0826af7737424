import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { forTerminal } from '../regression/markdown.ts'
import type { Evidence } from '../regression/runbook/evidence.ts'
import { runDatabaseRequest } from './database-request.ts'
import { writeOutput } from './input-file.ts'

type Options = { repository?: string; url?: string; out?: string; json?: boolean }

const marks = { passed: '✅', failed: '❌', inconclusive: '❔', skipped: '⏭️' } as const

/** The evidence as a person reads it. */
export function evidenceText({ runbook, server, verdict, stopped, steps }: Evidence): string {
  const on = server ? ` on ${forTerminal(`${server.name} ${server.version}`)}` : ''
  const lines = steps.flatMap(({ name, verdict: found, ms, seen }) => [
    `${marks[found]} ${forTerminal(name)} (${ms} ms)`,
    ...seen.map((line) => `     ${forTerminal(line, 2_100)}`),
  ])
  const why = stopped === undefined ? [] : [`Stopped: ${forTerminal(stopped, 1_000)}`]
  return `${[`Runbook ${runbook}${on}: ${verdict}`, ...lines, ...why].join('\n')}\n`
}

/** Records the evidence in the audit chain where there is a database, else in a file. It is never lost. */
export async function keepEvidence(evidence: Evidence, options: Options): Promise<void> {
  const file = options.out ?? fileFor(evidence)
  if (options.out !== undefined || !hasDatabase()) return writeFile(evidence, file)
  const { repository, url } = options
  const args = { evidence, by: currentUser(), ...(repository === undefined ? {} : { repository }) }
  try {
    await runDatabaseRequest('runbook record', args, { ...(url === undefined ? {} : { url }), remark: true })
  } catch (error) {
    process.stderr.write(`Not recorded: ${error instanceof Error ? error.message : String(error)}\n`)
    writeFile(evidence, file)
  }
}

function writeFile(evidence: Evidence, file: string): void {
  writeOutput('--out', file, `${JSON.stringify(evidence, null, 2)}\n`)
  process.stderr.write(`The evidence is in ${file}.\n`)
}

function fileFor({ runbook, startedAt }: Evidence): string {
  return `runbook-${runbook}-${startedAt.replaceAll(/[:.]/g, '-')}.json`
}

function hasDatabase(): boolean {
  const { DATABASE_URL: url, DATA_DIR: dataDir = './data' } = process.env
  return Boolean(url) || existsSync(join(dataDir, 'postgres'))
}

/** A container may run as a user id that has no name. */
function currentUser(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER || `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
