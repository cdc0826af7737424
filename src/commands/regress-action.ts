import { existsSync, realpathSync } from 'node:fs'
import type { Baseline } from '../regression/contract-check.ts'
import { forTerminal } from '../regression/markdown.ts'
import { isUnrunnable, unrunnable } from '../regression/report-headline.ts'
import { reportMarkdown } from '../regression/report-markdown.ts'
import type { RunReport, RunVerdict } from '../regression/report-schema.ts'
import { runRegression } from '../regression/run.ts'
import type { RunInput } from '../regression/run-input.ts'
import { type FileProblem, formatProblem } from '../yaml/yaml-file.ts'
import { requireFolder, writeOutput } from './input-file.ts'
import { progressDisplay } from './progress.ts'
import { inputOf, operatorOf } from './regress-input.ts'
import type { RegressOptions } from './regress-options.ts'
import { storeSnapshots } from './snapshot-files.ts'
import { stoppable } from './stoppable.ts'
import { type SuiteInput, suiteInput } from './suite-input.ts'

/** Exit codes of `regress`; 2 is a usage error, in every command. */
export const exitCodes: Record<RunVerdict, number> = { passed: 0, failed: 1, inconclusive: 3 }

/** Runs the command. A usage error throws; everything else is a verdict and its exit code. `patience`: see `stoppable`. */
export function regress(options: RegressOptions, patience?: number): Promise<void> {
  return stoppable((signal) => regressUntil(options, signal), patience)
}

async function regressUntil(options: RegressOptions, signal: AbortSignal): Promise<void> {
  const read = suiteInput('--suite', options.suite)
  if (!read.ok) return unreadable(read.problems)
  for (const name of ['record', 'junit', 'markdown'] as const) {
    if (options[name] !== undefined) requireFolder(`--${name}`, options[name])
  }
  const operator = operatorOf()
  const progress = await progressDisplay(process.stderr)
  try {
    const input = await inputOf(options, read.value, operator, signal)
    const { report, recorded } = await runRegression({ ...input, onProgress: progress.show })
    progress.stop()
    if (options.record && recorded) record(options.record, options.baseline, report, recorded)
    if (options.updateSnapshots) storeSnapshots(input, read.value.parts)
    await writeFiles(report, options, input)
    print(report, options, input)
    if (options.annotate) await annotate(report, read.value)
    process.exitCode = isUnrunnable(report) ? 2 : exitCodes[report.verdict]
  } finally {
    progress.stop()
  }
}

/** A suite that cannot be read is a usage error; every problem is reported with its line and column. */
function unreadable(problems: readonly FileProblem[]): void {
  process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`)
  process.exitCode = 2
}

/** A list that did not pass the comparison with its baseline does not replace it, or the next run would pass. */
function record(file: string, baseline: string | undefined, { gates }: RunReport, recorded: Baseline): void {
  const hasPassed = gates.some(({ gate, verdict }) => gate === 'contract' && verdict === 'passed')
  const why =
    'since the list did not pass the comparison with it. To accept the new list, use `contract record`.'
  if (hasPassed || baseline === undefined || !isSameFile(file, baseline))
    writeOutput('--record', file, `${JSON.stringify(recorded, null, 2)}\n`)
  else process.stderr.write(`--record: ${file} was not changed, ${why}\n`)
}

function isSameFile(one: string, other: string): boolean {
  return existsSync(one) && realpathSync(one) === realpathSync(other)
}

async function writeFiles(report: RunReport, options: RegressOptions, { limits }: RunInput): Promise<void> {
  if (options.junit) {
    const { reportJunit } = await import('../regression/report-junit.ts')
    writeOutput('--junit', options.junit, await reportJunit(report))
  }
  if (!options.markdown) return
  const format = { limit: limits.p95, command: commandOf(options), atHead: false }
  writeOutput('--markdown', options.markdown, reportMarkdown(report, format))
}

async function annotate(report: RunReport, { files }: SuiteInput): Promise<void> {
  const { annotations } = await import('./annotations.ts')
  process.stdout.write(
    annotations(report, files)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

/** A suite that cannot be run is a usage error: there is no report, only its problems. */
function print(report: RunReport, { json }: RegressOptions, { limits }: RunInput): void {
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else if (isUnrunnable(report)) process.stderr.write(`${unrunnable(report, forTerminal)}\n`)
  else process.stdout.write(reportMarkdown(report, { limit: limits.p95, escape: forTerminal, atHead: false }))
}

function commandOf({ suite, server, only = [] }: RegressOptions): string {
  const named = only.map((name) => ` --only ${JSON.stringify(name)}`).join('')
  const suites = suite
    .map((name) => ` --suite ${/[^\w./-]/.test(name) ? JSON.stringify(name) : name}`)
    .join('')
  return `release-gate regress${suites} --server ${JSON.stringify(server)}${named}`
}
