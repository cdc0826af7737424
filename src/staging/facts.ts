import type { Policy } from '../decision/policy.ts'
import type { Evidence, PullRef, RegressionFacts, Snapshot } from '../decision/snapshot.ts'
import type { GitHub } from '../services/github/client.ts'
import { deploymentsOf, treeOf } from '../services/github/deployments.ts'
import type { Queryable } from '../store/database.ts'
import { evidenceFor, latestBaseline, runsRecordedAfter, type StoredEvidence } from '../store/evidence.ts'
import { regressionCheck } from '../store/regression-checks.ts'
import { type Demanded, evaluatedNow } from './evaluated-now.ts'

type Reading = { database: Queryable; github: GitHub; now: () => Date }

/**
 * The facts about staging that the gate evaluates: the runs on this head or on one with the identical git tree, and the
 * deployments of what they ran on. A run is evaluated again, from what it stored, where the settings or the newest release are not those
 * that it was evaluated by, or a waiver has expired. `until`: as it was at that time.
 */
export async function readRegression(
  { database, github, now }: Reading,
  pull: PullRef,
  sha: string,
  settings: Demanded,
  until?: Date,
): Promise<RegressionFacts> {
  const tree = await treeOf(github, pull, sha)
  const known = await evidenceFor(database, pull, { sha, tree })
  // A merge makes the list of its own run the baseline, perhaps before the merge itself is evaluated.
  const before = until && { second: until, except: known.map(({ runId }) => runId) }
  const [baseline, later] = await Promise.all([
    latestBaseline(database, pull, settings.server, before),
    until ? runsRecordedAfter(database, pull, until) : Promise.resolve<string[]>([]),
  ])
  const stored = known.filter(({ runId }) => !later.includes(runId))
  const heads = [...new Set([sha, ...stored.map(({ headSha }) => headSha)])].slice(0, 4)
  const deployments =
    settings.deployment === 'none'
      ? []
      : await Promise.all(heads.map((head) => deploymentsOf(github, pull, settings.environment, head, until)))
  const runs: Evidence[] = []
  // One at a time: each may have many suites to read.
  for (const run of stored) {
    const check = await regressionCheck(database, { ...pull, sha: run.headSha })
    const checkUrl = check?.runId === run.runId ? check.url : null
    const evaluated = await evaluatedNow(run, { settings, baseline, at: until ?? now() })
    runs.push({ ...evidenceOf(run), ...evaluated, checkUrl })
  }
  return { tree, deployments: deployments.flat().sort((a, b) => b.id - a.id), runs }
}

/** What is added to a snapshot where the policy that applies to it names the gate. */
export async function regressionFact(
  reading: Reading,
  snapshot: Snapshot,
  policy: Policy | undefined,
): Promise<{ regression?: RegressionFacts }> {
  const settings = policy?.gates.staging_regression
  if (!settings || snapshot.state === 'closed') return {}
  const demanded = { ...settings, drill: policy.gates.runbooks?.folder }
  return { regression: await readRegression(reading, snapshot.pull, snapshot.head.sha, demanded) }
}

function evidenceOf(run: StoredEvidence): Omit<Evidence, 'checkUrl'> {
  const {
    report: _report,
    recorded: _recorded,
    suiteText: _text,
    baselineId: _id,
    requestedBy: _by,
    settings: _settings,
    ...evidence
  } = run
  return evidence
}
