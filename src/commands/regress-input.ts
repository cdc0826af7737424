import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { suiteLimits, tighten } from '../regression/limits.ts'
import { sessionsOf, sourcesOf } from '../regression/open-sessions.ts'
import { type Operator, readOperator } from '../regression/operator.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { RunInput } from '../regression/run-input.ts'
import { covering } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { exposedVariables } from '../regression/variables.ts'
import { baselineOf, changesOf, declarationOf, settingsOf } from './regress-files.ts'
import type { RegressOptions } from './regress-options.ts'
import { cliTarget } from './server-target.ts'
import { snapshotsOf } from './snapshot-files.ts'
import type { SuiteInput } from './suite-input.ts'

export function operatorOf(): Operator {
  const result = readOperator(process.env)
  if (!result.ok) throw new Error(result.message)
  return result.operator
}

/** Everything that a run needs, from the options, the files that they name, and the environment. */
export async function inputOf(
  options: RegressOptions,
  { suite, files, parts }: SuiteInput,
  operator: Operator,
  signal: AbortSignal,
): Promise<RunInput> {
  const { target, secrets } = cliTarget(options, operator)
  const settings = options.policy === undefined ? undefined : await settingsOf(options.policy)
  const redactor = createRedactor([...operator.secrets, ...secrets])
  const sessions = sessionsOf(target, suite, redactor)
  const folder = dirname(files[0] ?? '.')
  return {
    suite: settings ? covering(suite, settings) : suite,
    runId: randomUUID(),
    ...limitsFor(settings, suite, options.once),
    open: sessions.open,
    redactor,
    variables: exposedVariables(process.env),
    writesAllowed: options.writes === true,
    signal,
    readFile: (path) => readFile(resolve(folder, path), 'utf8').catch(() => undefined),
    ...(await sourcesOf(operator, signal)),
    ...optional(
      'baseline',
      options.baseline === undefined ? undefined : baselineOf('--baseline', options.baseline),
    ),
    ...optional('declaration', options.declared === undefined ? undefined : declarationOf(options.declared)),
    ...optional('suiteChanges', changesOf(options.baseSuite, suite)),
    ...optional('snapshots', snapshotsOf(parts, options.updateSnapshots === true)),
    ...optional('only', options.only),
    ...optional('concurrency', options.concurrency),
    ...optional('expectVersion', options.expectVersion),
    ...(target.kind === 'http' ? { speaks: sessions.speaks } : {}),
  }
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [Name in Key]: Value })
}

/** By the policy's limits where one is named: a suite may only tighten them, as before a release. */
function limitsFor(
  settings: RegressionSettings | undefined,
  suite: Suite,
  once = false,
): Pick<RunInput, 'limits' | 'refusedLimits'> {
  if (once) return { limits: { ...suiteLimits(suite.gates), perTool: 1, total: 1 } }
  if (!settings) return { limits: suiteLimits(suite.gates) }
  const { limits, refused } = tighten(limitsOfPolicy(settings), suite.gates)
  return { limits, refusedLimits: refused }
}
