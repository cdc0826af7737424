import type { FileProblem } from '../../yaml/yaml-file.ts'
import type { DataCheck } from '../report-schema.ts'
import { fillVariables } from '../variables.ts'
import { runSteps, type StepContext, verdictOfSteps } from './run-steps.ts'
import { type RunnableRunbook, readRunbook, repeatedNames, valueProblem } from './runbook-file.ts'

/** The runbooks of a folder, and what is wrong with any of them. `readFile` reads files by their path from that folder. */
export type Runbooks = {
  runbooks: RunnableRunbook[]
  problems: FileProblem[]
  readFile?: (path: string) => Promise<string | undefined>
}

/** Reads every file of a folder; those without a block have no steps, and are left out. */
export function readRunbooks(files: readonly { file: string; text: string }[]): Runbooks {
  const read = files.map(({ file, text }) => readRunbook(text, file))
  const runbooks = read.flatMap(({ runbook }) => runbook ?? [])
  return { runbooks, problems: [...read.flatMap(({ problems }) => problems), ...repeatedNames(runbooks)] }
}

/** Runs every runbook with its values for a drill. One that cannot be read, or no longer works, fails the regression. */
export async function drillAll(
  { runbooks, problems, readFile }: Runbooks,
  given: ReadonlyMap<string, string>,
  context: StepContext,
): Promise<DataCheck[]> {
  const checks = problems.map(
    ({ file, line, message }): DataCheck => ({
      ...{ kind: 'runbook', name: file, verdict: 'failed' },
      message: `line ${line}: ${message}`,
    }),
  )
  for (const runbook of runbooks)
    checks.push(await drill(runbook, given, { ...context, ...(readFile ? { readFile } : {}) }))
  return checks
}

async function drill(
  runbook: RunnableRunbook,
  given: ReadonlyMap<string, string>,
  context: StepContext,
): Promise<DataCheck> {
  const say = (verdict: DataCheck['verdict'], message: string): DataCheck => ({
    ...{ kind: 'runbook', name: runbook.name, verdict, message },
  })
  const values = await drillValues(runbook, given, context)
  if (!values.ok) return say('inconclusive', values.message)
  const results = await runSteps(runbook, values.value, context, { drill: true })
  const verdict = verdictOfSteps(results)
  const open = results.find((result) => result.verdict === verdict)
  if (verdict === 'passed') {
    const count = results.filter((result) => result.verdict === 'passed').length
    return say('passed', `${count} of ${results.length} steps passed in a drill`)
  }
  return say(
    verdict,
    open ? `step "${open.name}": ${open.seen.join('; ')}` : 'every step is left out of drills',
  )
}

type Values = { ok: true; value: Map<string, string> } | { ok: false; message: string }

/** The values of a drill: as they are written, or the first row of the ledger, which no refresh of the data makes stale. */
export async function drillValues(
  { variables }: Pick<RunnableRunbook, 'variables'>,
  given: ReadonlyMap<string, string>,
  { ledger }: Pick<StepContext, 'ledger'>,
): Promise<Values> {
  const values = new Map(given)
  for (const [name, { drill, matches }] of Object.entries(variables)) {
    if (drill === undefined) continue
    const filled = fillVariables(drill, given)
    if (!filled.ok) return { ok: false, message: `${filled.missing.join(', ')} is not set` }
    const found = typeof filled.value === 'string' ? filled.value : await firstRow(filled.value, ledger)
    if (typeof found !== 'string') return { ok: false, message: found.message }
    const problem = valueProblem(found, matches)
    if (problem !== undefined) return { ok: false, message: `the value of ${name} for the drill ${problem}` }
    values.set(name, found)
  }
  return { ok: true, value: values }
}

type Row = Exclude<NonNullable<RunnableRunbook['variables'][string]['drill']>, string>

async function firstRow(
  { table, column, where }: Row,
  ledger: StepContext['ledger'],
): Promise<string | { message: string }> {
  if (!ledger) return { message: 'no ledger is configured for this server' }
  const rows = await ledger.rows(table, [column], where, 1)
  if (!rows.ok) return rows
  return rows.value[0]?.[column] ?? { message: `${table} has no row to drill with` }
}
