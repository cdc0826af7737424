import { posix } from 'node:path'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import { storedList } from '../regression/contract-check.ts'
import { tighten } from '../regression/limits.ts'
import type { SuitePart } from '../regression/merge-suites.ts'
import { sessionsOf, sourcesOf } from '../regression/open-sessions.ts'
import type { Operator } from '../regression/operator.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { createRedactor } from '../regression/redaction.ts'
import type { RunInput } from '../regression/run-input.ts'
import type { Runbooks } from '../regression/runbook/drill.ts'
import { readSnapshots, snapshotFile, snapshotKeys } from '../regression/snapshots.ts'
import { declarationSchema } from '../regression/staging-data.ts'
import { compareSuites, covering, type SuiteChanges } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import type { StagingTarget } from '../services/mcp.ts'
import type { StagingServer } from '../settings/servers.ts'
import type { StoredBaseline } from '../store/evidence.ts'
import type { FoundSuites } from './suites.ts'

export type InputParts = {
  settings: RegressionSettings
  /** The suites of the head. */
  found: FoundSuites
  /** The suites of the default branch, where there are any that can be read. */
  base: Suite | undefined
  server: StagingServer
  operator: Operator
  sha: string
  runId: string
  deployment: string | undefined
  baseline: StoredBaseline | undefined
  /** A file of the head, by its path from the root of the repository. */
  readHead: (path: string) => Promise<string | undefined>
  runbooks: Runbooks | undefined
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
  const { found, base } = parts
  const suite = covering(found.suite, settings)
  const target: StagingTarget = { kind: 'http', url: server.url, login: operator.login, transport: 'auto' }
  const redactor = createRedactor(operator.secrets)
  const { limits, refused } = tighten(limitsOfPolicy(settings), suite.gates)
  const folder = posix.dirname(found.parts[0]?.file ?? '')
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
    ...(parts.runbooks ? { runbooks: parts.runbooks } : {}),
    suiteChanges: base ? compareSuites(base, suite) : unknownBase,
    ...(await snapshotsOf(found.parts, parts.readHead)),
    ...(settings.identity === 'server' ? { expectVersion: sha } : {}),
    ...(deployment === undefined ? {} : { deployment }),
  }
}

const unknownBase: SuiteChanges = {
  ...{ removedCases: [], addedWaivers: [], addedReads: [] },
  changedParts: ['not known: the default branch has no suite that can be read'],
}

/** An unreadable file contains no snapshots, so each case that needs one fails with that reason. */
async function snapshotsOf(
  parts: readonly SuitePart[],
  readHead: InputParts['readHead'],
): Promise<Pick<RunInput, 'snapshots'>> {
  const asking = parts.filter(({ suite }) => suite.cases.flatMap(snapshotKeys).length > 0)
  const texts = await Promise.all(asking.map(({ file }) => readHead(snapshotFile(file))))
  const stored = texts.flatMap((text) => (text === undefined ? [] : (readSnapshots(text) ?? [])))
  return stored.length > 0
    ? { snapshots: { known: new Map(stored.flatMap((each) => [...each])), update: false, taken: new Map() } }
    : {}
}
