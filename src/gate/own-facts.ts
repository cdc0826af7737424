import { isClockWrong } from '../decision/clock-offset.ts'
import type { GateName } from '../decision/gates/index.ts'
import { allGates, effectivePolicy } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import { policyEffect, removalEffect } from '../decision/policy-effect.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { policyAtHead } from '../policy/policy-at-head.ts'
import type { ApplicablePolicy } from '../policy/policy-source.ts'
import type { regressionFact } from '../staging/facts.ts'
import type { runbooksFact } from '../staging/runbooks.ts'
import { exemptionFact } from '../store/exemptions.ts'
import { factStore } from '../store/facts.ts'
import { activeFreezes, frozenFact } from '../store/freezes.ts'
import { newestVerdicts } from '../store/verdicts.ts'
import { revocationTimeOf } from '../store/write-budget.ts'
import { absentNames, namesNotLookedUp } from './absent-names.ts'
import { healthFact } from './health-fact.ts'
import { incidentsFact } from './incidents-fact.ts'
import { openReviewsFact } from './open-reviews.ts'
import type { Shell } from './shell.ts'
import { wantedFactsOf } from './snapshot-verdict.ts'

type Reading = Parameters<typeof regressionFact>[0] & Pick<Shell, 'operator' | 'clockAhead'>

/** Adds the facts that the gate stores itself, which every evaluation of a snapshot needs. */
export async function addStoredFacts(
  reading: Reading,
  snapshot: Snapshot,
  applicable: ApplicablePolicy,
): Promise<Snapshot> {
  const { database, now } = reading
  const { pull } = snapshot
  const takeBack = await revocationTimeOf(database, pull.installationId, now())
  const freezes = await activeFreezes(database, now())
  const exempt = await exemptionFact(database, pull, now())
  const policy = applicable.kind === 'policy' ? effectivePolicy(applicable.policy, snapshot) : undefined
  const staging = policy?.gates.staging_regression && (await stagingFacts(reading, snapshot, policy))
  const owed = await openReviewsFact(database, pull, policy, now())
  const incidents = await incidentsFact(database, pull, policy, now())
  const changedPolicy = await policyFacts(reading, snapshot, applicable)
  const runbooks =
    policy?.gates.runbooks && (await runbookFacts(reading, snapshot, policy, staging?.regression))
  return {
    ...snapshot,
    ...changedPolicy,
    ...clockFact(reading.clockAhead?.()),
    takeBack,
    ...frozenFact(freezes, pull),
    ...exempt,
    ...staging,
    ...runbooks,
    ...incidents,
    ...(await healthFact(database, pull, policy)),
    ...owed,
  }
}

function clockFact(clockAhead = 0): Pick<Snapshot, 'clockAhead'> {
  return isClockWrong(clockAhead) ? { clockAhead } : {}
}

async function runbookFacts(...args: Parameters<typeof runbooksFact>): ReturnType<typeof runbooksFact> {
  const facts = await import('../staging/runbooks.ts')
  return facts.runbooksFact(...args)
}

/** So many of the newest open pull requests are compared under a changed policy. */
const compared = 100

/** Where a pull request changes the policy: what is wrong with it, or what it would do to the others. */
async function policyFacts(
  reading: Reading,
  snapshot: Snapshot,
  applicable: ApplicablePolicy,
): Promise<Pick<Snapshot, 'policyProblems' | 'policyOutdated' | 'policyUnclear' | 'policyEffect'>> {
  const { database, github, now } = reading
  const atHead = await policyAtHead(github, factStore(database, now), snapshot, applicable)
  if (!atHead || applicable.kind !== 'policy') return {}
  if ('outdated' in atHead) return { policyOutdated: true }
  if ('unclear' in atHead) return { policyUnclear: true }
  if ('problems' in atHead) return { policyProblems: atHead.problems }
  const { policy, file, removed } = atHead
  if (!policy) return { policyEffect: removalEffect(removed) }
  const { pull } = snapshot
  const before = applicable.whole ?? applicable.policy
  const policyProblems = file ? await absentNames(reading, pull, file, { policy, before }) : []
  if (policyProblems.length > 0) return { policyProblems }
  const stored = await newestVerdicts(database, pull, compared)
  const others = stored.filter(({ pull: { number } }) => number !== pull.number)
  const known = others.map((one) => ({
    snapshot: one.snapshot,
    known: knowsFacts(one.snapshot, policy, before),
  }))
  const effect = policyEffect(known, before, policy, now().toISOString())
  const notLookedUp = removed ? [] : namesNotLookedUp({ policy, before })
  return {
    policyEffect: { ...effect, ...(removed && { removed }), ...(notLookedUp.length > 0 && { notLookedUp }) },
  }
}

/** Whether all that a policy looks at was read for a pull request, which was done under the policy `before`. */
export function knowsFacts(snapshot: Snapshot, policy: Policy, before: Policy): boolean {
  const { teams, codeOwners, paths } = wantedFactsOf(policy)
  const { teamProblems = {}, health } = snapshot
  const asksFor = (gate: GateName) => allGates(policy).some((gates) => gates[gate] !== undefined)
  const monitors = [...monitorsOf(before), ...(health?.monitors ?? []).map(({ id }) => id)]
  return (
    teams.every((team) => Object.hasOwn(snapshot.teams, team) || Object.hasOwn(teamProblems, team)) &&
    (!codeOwners || snapshot.codeOwners !== undefined) &&
    (!paths || snapshot.changed !== undefined) &&
    (!asksFor('staging_regression') || snapshot.regression !== undefined) &&
    (!asksFor('runbooks') || snapshot.runbooks !== undefined) &&
    (!asksFor('incidents') || (snapshot.incidents !== undefined && isKeptThere(policy, before))) &&
    (!asksFor('production_health') || health !== undefined) &&
    monitorsOf(policy).every((id) => monitors.includes(id)) &&
    (!blocksWhenOverdue(policy) || snapshot.owedReviews !== undefined)
  )
}

function monitorsOf(policy: Policy): number[] {
  return allGates(policy)
    .flatMap(({ production_health: health }) => health?.monitors ?? [])
    .map(({ id }) => id)
}

function isKeptThere({ incidents }: Policy, before: Policy): boolean {
  return incidents?.repository.toLowerCase() === before.incidents?.repository.toLowerCase()
}

function blocksWhenOverdue(policy: Policy): boolean {
  return allGates(policy).some(({ release_window: window }) => window?.urgent.block_when_overdue)
}

/** Loaded only where a policy asks for it: it brings the regression engine, 10 MB that other bots do without. */
async function stagingFacts(...args: Parameters<typeof regressionFact>): ReturnType<typeof regressionFact> {
  const facts = await import('../staging/facts.ts')
  return facts.regressionFact(...args)
}
