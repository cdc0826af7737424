import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { type Baseline, readBaseline } from '../regression/contract-check.ts'
import { suiteLimits, tighten } from '../regression/limits.ts'
import { sessionOptions, sourcesOf, speaksAt } from '../regression/opening.ts'
import { type Operator, readOperator } from '../regression/operator.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { RunInput } from '../regression/run.ts'
import { type Declaration, declarationSchema } from '../regression/staging-data.ts'
import { compareSuites, covering, readSuite } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { targetOf } from '../regression/target.ts'
import { exposedVariables } from '../regression/variables.ts'
import { openStaging, type StagingTarget } from '../services/staging.ts'
import { formatProblem } from '../yaml-file.ts'
import type { RegressOptions } from './regress.ts'

export function operatorOf(): Operator {
  const result = readOperator(process.env)
  if (!result.ok) throw new Error(result.message)
  return result.operator
}

/** Everything that a run needs, from the options, the files that they name, and the environment. */
export async function inputOf(
  options: RegressOptions,
  suite: Suite,
  operator: Operator,
  signal: AbortSignal,
): Promise<RunInput> {
  const target = cliTarget(options, operator)
  const settings = options.policy === undefined ? undefined : await settingsOf(options.policy)
  const redactor = createRedactor(operator.secrets)
  const folder = dirname(options.suite)
  return {
    suite: settings ? covering(suite, settings) : suite,
    runId: randomUUID(),
    ...limitsFor(settings, suite),
    open: (given) => openStaging(target, { ...sessionOptions(suite), ...(given ? { signal: given } : {}) }),
    redactor,
    variables: exposedVariables(process.env),
    mayWrite: options.writes === true,
    signal,
    readFile: (path) => readFile(resolve(folder, path), 'utf8').catch(() => undefined),
    ...(await sourcesOf(operator, signal)),
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
  { server, transport, passEnv = [] }: Pick<RegressOptions, 'server' | 'transport' | 'passEnv'>,
  { login }: Operator,
): StagingTarget {
  const passed = passEnv.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  const target = targetOf(server, login, { transport, environment: Object.fromEntries(passed) })
  if (!target) throw new Error(`--server: ${server} is neither an http(s) address nor a command`)
  return target
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

/** By the policy's limits where one is named: a suite may only tighten them, as before a release. */
function limitsFor(
  settings: RegressionSettings | undefined,
  suite: Suite,
): Pick<RunInput, 'limits' | 'refusedLimits'> {
  if (!settings) return { limits: suiteLimits(suite.gates) }
  const { limits, refused } = tighten(limitsOfPolicy(settings), suite.gates)
  return { limits, refusedLimits: refused }
}

/** The settings of `staging_regression` in a policy file. Loaded only here: the calendar of a policy takes its time. */
async function settingsOf(file: string): Promise<RegressionSettings> {
  const { parsePolicy } = await import('../policy-file.ts')
  const read = parsePolicy(readFileSync(file, 'utf8'), file)
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'))
  const settings = read.policy.gates.staging_regression
  if (!settings) throw new Error(`${file} does not name the gate staging_regression`)
  return settings
}

function changesOf(file: string | undefined, head: Suite) {
  if (file === undefined) return undefined
  const base = readSuite(readFileSync(file, 'utf8'), file)
  if (!base.ok) throw new Error(base.problems.map(formatProblem).join('\n'))
  return compareSuites(base.value, head)
}
