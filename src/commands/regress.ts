import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type Baseline, readBaseline } from '../regression/contract-check.ts'
import { suiteLimits } from '../regression/limits.ts'
import { forTerminal } from '../regression/markdown.ts'
import { type Operator, readOperator } from '../regression/operator.ts'
import { createRedactor } from '../regression/redaction.ts'
import { reportMarkdown } from '../regression/report-markdown.ts'
import type { RunReport, RunVerdict } from '../regression/report-schema.ts'
import { type RunInput, runRegression } from '../regression/run.ts'
import { type Declaration, declarationSchema } from '../regression/staging-data.ts'
import { compareSuites, readSuite } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { targetOf } from '../regression/target.ts'
import { exposedVariables } from '../regression/variables.ts'
import { openStaging, type StagingTarget } from '../services/staging.ts'
import { formatProblem } from '../yaml-file.ts'
import { progressDisplay } from './progress.ts'

type Options = {
  suite: string
  server: string
  only?: string[]
  baseline?: string
  baseSuite?: string
  declared?: string
  record?: string
  junit?: string
  markdown?: string
  json?: boolean
  writes?: boolean
  transport: 'auto' | 'http' | 'sse'
  expectVersion?: string
  passEnv?: string[]
}

/** Exit codes of `regress`; 2 is wrong use, in every command. */
export const exitCodes: Record<RunVerdict, number> = { passed: 0, failed: 1, inconclusive: 3 }

/** `regress`: runs a suite against a server, as the bot does it before a release. */
export function regressCommand(): Command {
  return new Command('regress')
    .description('call the tools of an MCP server as a suite says, and judge what comes back')
    .requiredOption('--suite <file>', 'the suite, such as .github/mcp-regression.yml')
    .requiredOption(
      '--server <url|command>',
      'the address of the server, or a command in quotes that speaks MCP on stdio',
    )
    .option('--only <name...>', 'run these cases only; the result is then no evidence for a release')
    .option(
      '--baseline <file>',
      'the list of tools of the last release, written by --record or `contract record`',
    )
    .option(
      '--base-suite <file>',
      'the suite of the base branch: cases removed and waivers added are then listed',
    )
    .option(
      '--declared <file>',
      'JSON of what staging mirrors: {"tables":{"diners":{"rows":12000,"newest":"2026-11-20T00:00:00Z"}}}',
    )
    .option(
      '--record <file>',
      'write the list of tools and the latencies of this run, as a baseline for the next',
    )
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--markdown <file>', 'write the report as Markdown, for example to $GITHUB_STEP_SUMMARY')
    .option('--json', 'print the report as JSON instead of text')
    .option('--writes', 'this server may be written to: run the cases with `writes: true`')
    .addOption(
      new Option('--transport <kind>', 'how to speak to an address')
        .choices(['auto', 'http', 'sse'])
        .default('auto'),
    )
    .option('--expect-version <sha>', 'the version that the server must report')
    .option('--pass-env <name...>', 'variables of this environment that a command may see')
    .addHelpText('after', help)
    .action(regress)
}

const help = `
Exit codes: 0 passed, 1 failed, 2 wrong use, 3 could not be judged.
Environment: STAGING_TOKEN, or STAGING_CLIENT_ID with STAGING_CLIENT_SECRET or STAGING_PRIVATE_KEY (and STAGING_ISSUER,
STAGING_SCOPE, STAGING_KEY_ALGORITHM); LEDGER_URL with LEDGER_KEY; RECEIPTS_URL; SUITE_… for the suite's own \${SUITE_…}.`

async function regress(options: Options): Promise<void> {
  const suite = suiteOf(options.suite)
  if (!suite) return
  const operator = operatorOf()
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const progress = await progressDisplay(process.stderr)
  try {
    const input = await inputOf(options, suite, operator, stop.signal)
    const { report, recorded } = await runRegression({ ...input, onProgress: progress.show })
    progress.stop()
    if (options.record && recorded) writeFileSync(options.record, `${JSON.stringify(recorded, null, 2)}\n`)
    await print(report, options, input)
    process.exitCode = report.gates.some(({ gate, verdict }) => gate === 'suite' && verdict === 'failed')
      ? 2
      : exitCodes[report.verdict]
  } finally {
    progress.stop()
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

/** A suite that cannot be read is wrong use; every problem is told with its line and column. */
function suiteOf(file: string): Suite | undefined {
  const result = readSuite(readFileSync(file, 'utf8'), file)
  if (result.ok) return result.value
  process.stderr.write(`${result.problems.map(formatProblem).join('\n')}\n`)
  process.exitCode = 2
  return undefined
}

export function operatorOf(): Operator {
  const result = readOperator(process.env)
  if (!result.ok) throw new Error(result.message)
  return result.operator
}

async function inputOf(
  options: Options,
  suite: Suite,
  operator: Operator,
  signal: AbortSignal,
): Promise<RunInput> {
  const target = cliTarget(options, operator)
  const redactor = createRedactor(operator.secrets)
  const folder = dirname(options.suite)
  return {
    suite,
    runId: randomUUID(),
    limits: suiteLimits(suite.gates),
    open: (given) => openStaging(target, { ...sessionOptions(suite), ...(given ? { signal: given } : {}) }),
    redactor,
    variables: exposedVariables(process.env),
    mayWrite: options.writes === true,
    signal,
    readFile: (path) => readFile(resolve(folder, path), 'utf8').catch(() => undefined),
    ...(await sources(operator, signal)),
    ...optional('baseline', options.baseline === undefined ? undefined : baselineOf(options.baseline)),
    ...optional('declaration', options.declared === undefined ? undefined : declarationOf(options.declared)),
    ...optional('suiteChanges', changesOf(options.baseSuite, suite)),
    ...optional('only', options.only),
    ...optional('expectVersion', options.expectVersion),
    ...(target.kind === 'http' ? { speaks: speaksAt(target, suite) } : {}),
  }
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [Name in Key]: Value })
}

export function cliTarget(
  { server, transport, passEnv = [] }: Pick<Options, 'server' | 'transport' | 'passEnv'>,
  { login }: Operator,
): StagingTarget {
  const passed = passEnv.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  const target = targetOf(server, login, { transport, environment: Object.fromEntries(passed) })
  if (!target) throw new Error(`--server: ${server} is neither an http(s) address nor a command`)
  return target
}

export function sessionOptions({ defaults }: Pick<Suite, 'defaults'>) {
  const { timeout, max_total: maxTotal, max_bytes: maxBytes, elicitation } = defaults
  return { timeout, maxTotal, maxBytes, elicitation }
}

/** Loaded only where they are configured: most runs at an engineer's machine have no ledger. */
async function sources(
  { ledger, receipts }: Operator,
  signal: AbortSignal,
): Promise<Pick<RunInput, 'ledger' | 'receipts'>> {
  const openLedger = ledger && (await import('../services/ledger.ts')).openLedger
  const openReceipts = receipts && (await import('../services/receipts.ts')).openReceipts
  return {
    ...(ledger && openLedger ? { ledger: openLedger({ ...ledger, signal }) } : {}),
    ...(receipts && openReceipts ? { receipts: openReceipts(receipts) } : {}),
  }
}

function baselineOf(file: string): Baseline {
  const baseline = readBaseline(readFileSync(file, 'utf8'))
  if (!baseline) throw new Error(`${file} is no list of tools; write one with \`contract record\``)
  return baseline
}

function declarationOf(file: string): Declaration {
  const parsed = declarationSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.issues[0]?.message ?? 'is wrong'}`)
  return parsed.data
}

function changesOf(file: string | undefined, head: Suite) {
  if (file === undefined) return undefined
  const base = readSuite(readFileSync(file, 'utf8'), file)
  if (!base.ok) throw new Error(base.problems.map(formatProblem).join('\n'))
  return compareSuites(base.value, head)
}

async function print(report: RunReport, options: Options, { limits }: RunInput): Promise<void> {
  if (options.junit) {
    const { reportJunit } = await import('../regression/report-junit.ts')
    writeFileSync(options.junit, await reportJunit(report))
  }
  if (options.markdown)
    writeFileSync(
      options.markdown,
      reportMarkdown(report, { limit: limits.p95, command: commandOf(options) }),
    )
  const text = options.json
    ? `${JSON.stringify(report, null, 2)}\n`
    : reportMarkdown(report, { limit: limits.p95, escape: forTerminal })
  process.stdout.write(text)
}

function commandOf({ suite, server, only = [] }: Options): string {
  const named = only.map((name) => ` --only ${JSON.stringify(name)}`).join('')
  return `release-gate regress --suite ${suite} --server ${JSON.stringify(server)}${named}`
}

/** Whether the server still speaks a protocol version that it spoke at the last release. */
function speaksAt(target: StagingTarget, suite: Suite): (version: string) => Promise<boolean> {
  return async (protocolVersion) => {
    const opened = await openStaging(target, { ...sessionOptions(suite), protocolVersion })
    if (!opened.ok) return false
    await opened.session.close()
    return opened.session.protocolVersion === protocolVersion
  }
}
