import { effectiveGates } from '../decision/overrides.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { Deployment, PullRef } from '../decision/snapshot.ts'
import { isTrusted, isUnderWay } from '../decision/staging.ts'
import { newestDeployments, requestDeployment } from '../services/github/deployments.ts'
import { evidenceFor } from '../store/evidence.ts'
import { tryWithLease } from '../store/leases.ts'
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

/** Whether another head is being deployed to staging, or is there and waits for its verdict. */
async function isTaken(
  shell: CheckShell,
  pull: PullRef,
  sha: string,
  settings: RegressionSettings,
  deployments: Deployment[],
): Promise<boolean> {
  const since = shell.now().getTime() - keepsStagingFor
  const others = deployments.filter((each) => each.sha !== sha && Date.parse(each.createdAt) > since)
  if (others.some(({ state }) => isUnderWay(state))) return true
  const live = others.find(({ state }) => state === 'success')
  return live !== undefined && isTrusted(live, settings) && waitsForVerdict(shell, pull, live)
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
