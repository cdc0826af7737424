import { parseDuration } from './duration.ts'
import { code } from './markdown.ts'
import type { RegressionSettings } from './regression-settings.ts'
import type { Deployment, Evidence, Label, RegressionFacts, Snapshot } from './snapshot.ts'
import { suitesName } from './suite-places.ts'

/** The label that makes a pull request a candidate and asks for a deployment of its head. */
export const releaseLabel = 'release'

/** Whether a listed deployer has said that this deployment succeeded. */
export function isTrusted(
  { succeededBy }: Deployment,
  { deployers }: Pick<RegressionSettings, 'deployers'>,
): boolean {
  const by = succeededBy?.toLowerCase()
  return by !== undefined && deployers.some((login) => login.toLowerCase() === by)
}

/** The deployment that succeeded last: a slow workflow may finish after one that began later. */
export function lastToSucceed(deployments: readonly Deployment[]): Deployment | undefined {
  const at = ({ succeededAt, createdAt }: Deployment) => Date.parse(succeededAt ?? createdAt)
  return deployments
    .filter(({ succeededBy }) => succeededBy !== null)
    .toSorted((a, b) => at(b) - at(a) || b.id - a.id)[0]
}

/** The deployment that staging holds, of all deployments to it. */
export function liveDeployment(deployments: readonly Deployment[]): Deployment | undefined {
  return lastToSucceed(deployments.filter(({ state }) => state === 'success'))
}

/** The newest deployment of a commit that a listed deployer has reported as a success. */
export function newestTrustedDeployment(
  facts: RegressionFacts,
  sha: string,
  settings: Pick<RegressionSettings, 'deployers'>,
): Deployment | undefined {
  return lastToSucceed(
    facts.deployments.filter((deployment) => deployment.sha === sha && isTrusted(deployment, settings)),
  )
}

/** Whether a deployment is over: it failed, or another one replaced it. */
export function isOver(state: string): boolean {
  return ['error', 'failure', 'inactive'].includes(state)
}

/** Whether a deployment may still succeed, also one without a status, or that waits for an approval. */
export function isUnderWay(state: string): boolean {
  return state !== 'success' && !isOver(state)
}

/**
 * The newest run that counts for a head: on this commit or one with the identical git tree, with the server, environment and
 * suite that the policy names, and of the newest deployment of what it ran on. A run before that deployment does not count,
 * since it tested something else; nor does one that lacks something under the limits of the policy.
 */
export function currentRun(
  facts: RegressionFacts,
  head: string,
  settings: RegressionSettings,
): Evidence | undefined {
  return runsOfHead(facts, head, settings).find(({ lacking }) => lacking === undefined)
}

/** The newest run that would count, but that was made for other limits, and lacks what the policy asks for now. */
export function runBelowLimits(
  facts: RegressionFacts,
  head: string,
  settings: RegressionSettings,
): Evidence | undefined {
  return runsOfHead(facts, head, settings).find(({ lacking }) => lacking !== undefined)
}

/**
 * The newest run on the head that failed, unless a later one passed: redeploying the head, or a run without a result, fixes nothing. What
 * passed under a waiver fails from its end on.
 */
export function standingFailure(
  facts: RegressionFacts,
  head: string,
  settings: RegressionSettings,
  now: Date,
): Evidence | undefined {
  const isExpired = ({ waivedUntil }: Evidence) =>
    waivedUntil !== undefined && Date.parse(waivedUntil) <= now.getTime()
  const hasFailed = (run: Evidence) =>
    run.verdict === 'failed' || (run.verdict === 'passed' && isExpired(run))
  const hasPassed = (run: Evidence) =>
    run.verdict === 'passed' && run.lacking === undefined && isIdentified(run, settings)
  const deciding = facts.runs
    .filter((run) => isOfHead(run, facts, head) && isOfPolicy(run, settings))
    .find((run) => hasFailed(run) || hasPassed(run))
  return deciding && hasFailed(deciding) ? deciding : undefined
}

/** How far apart the clocks of two processes may be. */
const clocksApart = 5 * 60_000

/** Whether a run began later than now. This machine's clock was wrong then or is wrong now, so nobody knows how old the run is. */
export function isAhead({ startedAt }: Pick<Evidence, 'startedAt'>, now: number): boolean {
  return Date.parse(startedAt) > now + clocksApart
}

/** Whether a run is young enough now, and still is at a later time. */
export function isFresh(
  run: Pick<Evidence, 'startedAt'>,
  { freshness }: Pick<RegressionSettings, 'freshness'>,
  now: number,
  at = now,
): boolean {
  return !isAhead(run, now) && at < Date.parse(run.startedAt) + parseDuration(freshness)
}

/** Whether the server reported the head as its version, where the policy asks it. */
export function isIdentified(
  { serverVersion, headSha }: Evidence,
  { identity }: Pick<RegressionSettings, 'identity'>,
): boolean {
  return identity !== 'server' || serverVersion === headSha
}

function runsOfHead(facts: RegressionFacts, head: string, settings: RegressionSettings): Evidence[] {
  return facts.runs.filter(
    (run) => isOfHead(run, facts, head) && isOfPolicy(run, settings) && isCurrent(run, facts, settings),
  )
}

function isOfHead(run: Evidence, { tree }: RegressionFacts, head: string): boolean {
  return run.headSha === head || (tree !== null && run.tree === tree)
}

function isOfPolicy(run: Evidence, { server, environment, suite }: RegressionSettings): boolean {
  return run.server === server && run.environment === environment && run.suite === suitesName(suite)
}

function isCurrent(run: Evidence, facts: RegressionFacts, settings: RegressionSettings): boolean {
  if (settings.deployment === 'none') return true
  const newest = newestTrustedDeployment(facts, run.headSha, settings)
  // Without a deployment nothing can have passed; that it could not be evaluated stays told until there is one.
  return newest ? run.deploymentId === newest.id : run.deploymentId === null && run.verdict !== 'passed'
}

/** Whether the label `release` requests the head, and the sentence if the label does not count. */
export function releaseLabelOf(snapshot: Snapshot): { label?: Label; void?: string } {
  const label = snapshot.labels.find(({ name }) => name.toLowerCase() === releaseLabel)
  if (!label) return {}
  const does = `The label ${code(label.name)} does not count:`
  if (!label.by || !label.at)
    return {
      void: `${does} GitHub does not yet list who added it. Wait a minute, or remove it and add it again.`,
    }
  const access = snapshot.access[label.by.id]
  if (label.by.type !== 'User' || !access?.write)
    return { void: `${does} ${code(label.by.login)}, who added it, has no write access.` }
  return { label }
}
