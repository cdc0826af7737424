import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { suiteLimits, tighten } from '../regression/limits.ts'
import { sessionsOf, sourcesOf } from '../regression/opening.ts'
import { type Operator, readOperator } from '../regression/operator.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { RunInput } from '../regression/run.ts'
import { covering } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { targetOf } from '../regression/target.ts'
import { exposedVariables } from '../regression/variables.ts'
import type { Login, StagingTarget } from '../services/mcp.ts'
import { isPlainHttp } from '../settings/servers.ts'
import type { RegressOptions } from './regress.ts'
import { baselineOf, changesOf, declarationOf, settingsOf } from './regress-files.ts'

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
  const sessions = sessionsOf(target, suite, redactor)
  const folder = dirname(options.suite)
  return {
    suite: settings ? covering(suite, settings) : suite,
    runId: randomUUID(),
    ...limitsFor(settings, suite),
    open: sessions.open,
    redactor,
    variables: exposedVariables(process.env),
    mayWrite: options.writes === true,
    signal,
    readFile: (path) => readFile(resolve(folder, path), 'utf8').catch(() => undefined),
    ...(await sourcesOf(operator, signal)),
    ...optional(
      'baseline',
      options.baseline === undefined ? undefined : baselineOf('--baseline', options.baseline),
    ),
    ...optional('declaration', options.declared === undefined ? undefined : declarationOf(options.declared)),
    ...optional('suiteChanges', changesOf(options.baseSuite, suite)),
    ...optional('only', options.only),
    ...optional('expectVersion', options.expectVersion),
    ...(target.kind === 'http' ? { speaks: sessions.speaks } : {}),
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
  if (target.kind === 'http' && login.kind !== 'none') refusePlainHttp(target.url, login.kind)
  return target
}

/** As for the bot: credentials go over https, or nowhere but to this machine. The address may hold a secret too. */
function refusePlainHttp(url: string, login: Exclude<Login['kind'], 'none'>): void {
  if (!isPlainHttp(url)) return
  const variable = login === 'bearer' ? 'STAGING_TOKEN' : 'STAGING_CLIENT_ID'
  throw new Error(
    `--server: ${new URL(url).origin} is plain http, over which anybody on the way could read the credentials; ` +
      `use https, or unset ${variable}.`,
  )
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
