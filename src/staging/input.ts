import { posix } from 'node:path'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { storedList } from '../regression/contract-check.ts'
import { tighten } from '../regression/limits.ts'
import { sessionsOf, sourcesOf } from '../regression/opening.ts'
import type { Operator } from '../regression/operator.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { RunInput } from '../regression/run-input.ts'
import { readSnapshots, snapshotFile, snapshotKeys } from '../regression/snapshots.ts'
import { declarationSchema } from '../regression/staging-data.ts'
import { compareSuites, covering, readSuite } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import type { StagingTarget } from '../services/mcp.ts'
import type { StagingServer } from '../settings/servers.ts'
import type { StoredBaseline } from '../store/evidence.ts'
import { formatProblem } from '../yaml/yaml-file.ts'

/** The suite of a head, or what is wrong with it. */
export type HeadSuite = { suite: Suite; text: string } | { wrong: string }

export function suiteOf(text: string | undefined, path: string): HeadSuite {
  if (text === undefined) return { wrong: `the head has no suite at ${path}` }
  const read = readSuite(text, path)
  return read.ok ? { suite: read.value, text } : { wrong: read.problems.map(formatProblem).join('; ') }
}

export type InputParts = {
  settings: RegressionSettings
  suite: Suite
  /** The suite of the default branch, where there is one. */
  baseText: string | undefined
  server: StagingServer
  operator: Operator
  sha: string
  runId: string
  deployment: string | undefined
  baseline: StoredBaseline | undefined
  /** A file of the head, by its path from the root of the repository. */
  readHead: (path: string) => Promise<string | undefined>
  signal: AbortSignal
  now: () => Date
  onProgress: NonNullable<RunInput['onProgress']>
}

/**
 * What a run needs, from the policy, the operator and the head. The head brings its suite, which may only tighten the
 * policy's limits; where and as whom the tools are called comes from the operator alone, and always by an address: no
 * process is started that a repository names.
 */
export async function inputFor(parts: InputParts): Promise<RunInput> {
  const { settings, server, operator, sha, signal, baseline, deployment } = parts
  const suite = covering(parts.suite, settings)
  const target: StagingTarget = { kind: 'http', url: server.url, login: operator.login, transport: 'auto' }
  const redactor = createRedactor(operator.secrets)
  const { limits, refused } = tighten(limitsOfPolicy(settings), suite.gates)
  const base = parts.baseText === undefined ? undefined : readSuite(parts.baseText, settings.suite)
  const folder = posix.dirname(settings.suite)
  return {
    suite,
    runId: parts.runId,
    limits,
    refusedLimits: refused,
    ...sessionsOf(target, suite, redactor, `SERVER_${server.name.toUpperCase()}_`),
    redactor,
    variables: server.variables,
    writesAllowed: server.writesAllowed,
    readFile: async (path) => parts.readHead(posix.join(folder, path)),
    signal,
    now: parts.now,
    onProgress: parts.onProgress,
    ...(await sourcesOf(operator, signal)),
    ...(baseline ? { baseline: storedList(baseline.recorded) } : {}),
    ...(server.declared === undefined
      ? {}
      : { declaration: declarationSchema.parse(JSON.parse(server.declared)) }),
    ...(base?.ok ? { suiteChanges: compareSuites(base.value, suite) } : {}),
    ...(await snapshotsOf(suite, settings.suite, parts.readHead)),
    ...(settings.identity === 'server' ? { expectVersion: sha } : {}),
    ...(deployment === undefined ? {} : { deployment }),
  }
}

/** An unreadable file contains no snapshots, so each case that needs one fails with that reason. */
async function snapshotsOf(
  { cases }: Suite,
  file: string,
  readHead: InputParts['readHead'],
): Promise<Pick<RunInput, 'snapshots'>> {
  if (cases.flatMap(snapshotKeys).length === 0) return {}
  const text = await readHead(snapshotFile(file))
  const known = text === undefined ? undefined : readSnapshots(text)
  return known ? { snapshots: { known, update: false, taken: new Map() } } : {}
}
