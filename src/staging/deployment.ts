import { effectiveGates } from '../decision/overrides.ts'
import { keyOfRegression } from '../decision/regression-request.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { Deployment, PullRef } from '../decision/snapshot.ts'
import { isTrusted, isUnderWay, liveDeployment } from '../decision/staging.ts'
import {
  type FollowedDeployment,
  newestDeployments,
  requestDeployment,
} from '../services/github/deployments.ts'
import { evidenceFor } from '../store/evidence.ts'
import { tryWithLease } from '../store/leases.ts'
import { isRunPending } from '../store/queue/inspect.ts'
import { type StoredVerdict, verdictsOnHead } from '../store/verdicts.ts'
import { type CheckShell, reserve } from './check.ts'

/** After this time without news, a deployment no longer blocks staging for others. */
const keepsStagingFor = 30 * 60_000

/** When to check again for a candidate whose turn has not come. */
const untilNextLook = 60_000

/**
 * Asks for a deployment of a head when staging is free: one candidate at a time, each until it has been evaluated, or they
 * would push each other off staging before they are evaluated.
 * @returns when to check again, where another one has its turn.
 */
export async function deployInTurn(
  shell: CheckShell,
  pull: PullRef,
  sha: string,
  settings: RegressionSettings,
): Promise<Date | undefined> {
  const { database, github, now } = shell
  const { environment } = settings
  const key = `deploy ${pull.installationId}/${pull.repositoryId}/${environment}`
  const turn = await tryWithLease(database, key, now, async () => {
    const deployments = await newestDeployments(github, pull, environment)
    // Another pull request may have the same head.
    if (deployments.some((each) => each.sha === sha && isUnderWay(each.state))) return true
    if (await isTaken(shell, pull, sha, settings, deployments)) return false
    await reserve(shell, pull.installationId)
    await requestDeployment(github, pull, { sha, environment, number: pull.number })
    return true
  })
  return turn?.result ? undefined : new Date(now().getTime() + untilNextLook)
}

/**
 * Whether another head is being deployed to staging, or is there and waits for its verdict. A run that waits or goes on keeps
 * staging as long as it takes.
 */
async function isTaken(
  shell: CheckShell,
  pull: PullRef,
  sha: string,
  settings: RegressionSettings,
  deployments: FollowedDeployment[],
): Promise<boolean> {
  const since = shell.now().getTime() - keepsStagingFor
  const others = deployments.filter((each) => each.sha !== sha)
  if (others.some(({ state, newsAt }) => isUnderWay(state) && Date.parse(newsAt) > since)) return true
  const live = liveDeployment(deployments)
  if (!live || live.sha === sha) return false
  const key = keyOfRegression({ pull, sha: live.sha })
  if (await isRunPending(shell.database, key)) return true
  if (Date.parse(live.succeededAt ?? live.createdAt) <= since) return false
  return isTrusted(live, settings) && waitsForVerdict(shell, pull, live)
}

/** Heads of forks are tested only on request, so they block nothing. */
async function waitsForVerdict({ database }: CheckShell, pull: PullRef, live: Deployment): Promise<boolean> {
  const offers = await verdictsOnHead(database, pull, live.sha)
  if (!offers.some((offer) => isTested(offer) && !offer.snapshot.head.fork)) return false
  const runs = await evidenceFor(database, pull, { sha: live.sha, tree: null })
  return !runs.some(({ deploymentId }) => deploymentId === live.id)
}

function isTested(verdict: StoredVerdict): boolean {
  return effectiveGates(verdict).staging_regression !== undefined
}
