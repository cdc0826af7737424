import { formatTime } from '../calendar.ts'
import { parseDuration } from '../duration.ts'
import { defineGate, type Finding, failed, passed } from '../gate.ts'
import { code, oneLine, short } from '../markdown.ts'
import { type RegressionSettings, regressionSettings } from '../regression-settings.ts'
import type { Evidence, RegressionFacts, Snapshot } from '../snapshot.ts'
import {
  currentRun,
  isAhead,
  isFresh,
  isIdentified,
  newestTrustedDeployment,
  releaseLabel,
  runBelowLimits,
  standingFailure,
} from '../staging.ts'
import { missingRunFinding } from '../staging-missing.ts'
import { evaluateUrgency } from '../urgent.ts'
import { timeZoneOf, windowSettings } from '../window-settings.ts'

/** The tools on staging, running this head, have passed the regression. */
export const stagingRegression = defineGate({
  title: 'Staging regression',
  settings: regressionSettings,
  labels: () => [releaseLabel],
  evaluate(snapshot, settings, gates = {}) {
    const finding = evaluateEvidence(snapshot, settings, timeZoneOf(gates))
    if (finding.state === 'passed' || !settings.defer_when_urgent) return finding
    // What has failed cannot wait until after the merge: it is known to be broken.
    if (failureOf(snapshot, settings)) return finding
    return deferred(snapshot, gates, finding) ?? finding
  },
})

function failureOf({ regression, head, takenAt }: Snapshot, settings: RegressionSettings) {
  return regression && standingFailure(regression, head.sha, settings, new Date(takenAt))
}

function evaluateEvidence(snapshot: Snapshot, settings: RegressionSettings, zone: string): Finding {
  const { regression: facts, head } = snapshot
  if (!facts) {
    return failed(
      'Staging could not be checked',
      "The state of staging could not be read, so this gate can't pass.",
      { who: 'The release-gate operator' },
    )
  }
  const run = currentRun(facts, head.sha, settings)
  if (!run) return missingRunFinding(snapshot, facts, settings, whyLacking(snapshot, facts, settings))
  const told = toldOf(run, snapshot, settings)
  if (run.verdict === 'failed') return broken(run, told)
  if (run.verdict === 'inconclusive') {
    const failure = failureOf(snapshot, settings)
    return failure
      ? stillBroken(failure, run, toldOf(failure, snapshot, settings))
      : inconclusive(run.summary, told)
  }
  if (!isIdentified(run, settings)) {
    return inconclusive(
      `the server reports ${run.serverVersion === null ? 'no version' : `version ${run.serverVersion}`}, not this head`,
      told,
    )
  }
  const now = Date.parse(snapshot.takenAt)
  const fresh = Date.parse(run.startedAt) + parseDuration(settings.freshness)
  if (!isFresh(run, settings, now)) {
    const why = isAhead(run, now)
      ? `The last run is dated ${formatTime(new Date(run.startedAt), zone)}, which was still to come when this check was evaluated. Its age is not known, so it does not count.`
      : `The last run passed more than ${settings.freshness} ago.`
    return missingRunFinding(snapshot, facts, settings, why)
  }
  const waived = run.waivedUntil === undefined ? fresh : Date.parse(run.waivedUntil)
  if (now >= waived) return broken({ summary: waiverExpired }, told)
  const until = new Date(Math.min(fresh, waived))
  return passed('Staging regression passed', whatPassed(run, snapshot, settings, zone), {
    when: `Valid until ${formatTime(until, zone)}`,
    next: [{ kind: 'recheck', at: until.toISOString() }],
    ...told,
  })
}

function whyLacking(
  { head }: Snapshot,
  facts: RegressionFacts,
  settings: RegressionSettings,
): string | undefined {
  const run = runBelowLimits(facts, head.sha, settings)
  if (run?.lacking === undefined) return undefined
  return `The last run was made under different limits and does not meet the current ones: ${code(said(run.lacking), 400)}.`
}

type Told = Pick<Finding, 'details' | 'link'>

function toldOf(run: Evidence, snapshot: Snapshot, settings: RegressionSettings): Told {
  return {
    details: [describe(run, snapshot, settings)],
    ...(run.checkUrl ? { link: run.checkUrl } : {}),
  }
}

const waiverExpired = 'contract: a waiver of the suite has expired'

/** A later run without a result takes nothing back. */
function stillBroken({ verdict, summary }: Evidence, later: Evidence, { details = [], link }: Told): Finding {
  const why = `A later run gave no result, so this still counts: ${code(said(later.summary), 400)}`
  return broken(
    { summary: verdict === 'failed' ? summary : waiverExpired },
    { details: [...details, why], ...(link !== undefined && { link }) },
  )
}

function broken(run: Pick<Evidence, 'summary'>, told: Told): Finding {
  return failed(
    'Staging regression failed',
    `The tools on staging did not pass: ${code(said(run.summary), 400)}.`,
    {
      who: 'The author: fix the change. If staging itself was broken, click "Run again" in the check "Staging regression"',
      ...told,
    },
  )
}

/** Never a success, and never reported as a regression. */
function inconclusive(why: string, told: Told): Finding {
  return failed(
    'Staging regression inconclusive',
    `The regression gave no result: ${code(said(why), 400)}. This says nothing about the change.`,
    {
      who: 'Anyone with write access: click "Run again" in the check "Staging regression"',
      ...told,
    },
  )
}

function said(summary: string): string {
  return oneLine(summary, 400).replace(/\.+$/, '')
}

function whatPassed(run: Evidence, snapshot: Snapshot, settings: RegressionSettings, zone: string): string {
  const where =
    run.headSha === snapshot.head.sha ? 'this head' : `${short(run.headSha)}, which has identical files,`
  const tie =
    settings.deployment === 'none'
      ? ' The policy requires no deployment, so the run counts for the head that was current when it ran.'
      : ''
  return `The regression passed on ${code(settings.server)} for ${where} on ${formatTime(new Date(run.startedAt), zone)}.${tie}`
}

function describe(run: Evidence, { regression }: Snapshot, settings: RegressionSettings): string {
  const server =
    run.serverName === null ? 'no server answered' : `server ${code(`${run.serverName} ${versionOf(run)}`)}`
  const deployed = regression && newestTrustedDeployment(regression, run.headSha, settings)
  const by = deployed?.succeededBy ? ` by ${code(deployed.succeededBy)}` : ''
  const deployment = run.deploymentId === null ? 'no deployment' : `deployment ${run.deploymentId}${by}`
  return `Run ${code(run.runId.slice(0, 8))} of ${short(run.headSha)}: ${server}, ${deployment}, report ${code(run.hash.slice(0, 12))}`
}

/** A server whose version is its commit takes two lines of a phone. */
function versionOf({ serverVersion }: Evidence): string {
  const isCommit = /^[0-9a-f]{40,64}$/.test(serverVersion ?? '')
  return isCommit ? (serverVersion ?? '').slice(0, 7) : (serverVersion ?? '')
}

/** An urgent change may merge before its regression where the policy says so. A run that gave no result is still shown. */
function deferred(
  snapshot: Snapshot,
  gates: Readonly<Record<string, unknown>>,
  { details, link }: Finding,
): Finding | undefined {
  const window = windowSettings.safeParse(gates.release_window)
  if (!window.success) return undefined
  const urgency = evaluateUrgency(snapshot, window.data.urgent)
  if (urgency.state !== 'valid') return undefined
  const until = urgency.until.toISOString()
  return passed(
    'Staging regression deferred',
    `${code(urgency.by.login)} marked the change as urgent, and the policy lets it merge first. The regression does not run automatically after the merge: run it with ${code('release-gate regress')}. The review issue of the merge asks for the result.`,
    {
      when: `Until ${formatTime(urgency.until, window.data.time_zone)}`,
      next: [{ kind: 'recheck', at: until }],
      ...(details && { details }),
      ...(link !== undefined && { link }),
    },
  )
}
