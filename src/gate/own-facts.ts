import { effectivePolicy } from '../decision/overrides.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { type ApplicablePolicy, policyFact } from '../policy/policy-source.ts'
import type { regressionFact } from '../staging/facts.ts'
import type { runbooksFact } from '../staging/runbooks.ts'
import { activeFreezes, frozenFact } from '../store/freezes.ts'
import { revocationTimeOf } from '../store/write-budget.ts'
import { openReviewsFact } from './open-reviews.ts'

type Reading = Parameters<typeof regressionFact>[0]

/** Adds the facts that the gate stores itself, which every evaluation of a snapshot needs. */
export async function withOwnFacts(
  reading: Reading,
  snapshot: Snapshot,
  applicable: ApplicablePolicy,
): Promise<Snapshot> {
  const { database, now } = reading
  const { pull } = snapshot
  const takeBack = await revocationTimeOf(database, pull.installationId, now())
  const freezes = await activeFreezes(database, now())
  const policy = applicable.kind === 'policy' ? effectivePolicy(applicable.policy, snapshot) : undefined
  const staging = policy?.gates.staging_regression && (await stagingFacts(reading, snapshot, policy))
  const owed = await openReviewsFact(database, pull, policy, now())
  const problems = await policyFact(reading.github, snapshot, applicable)
  const runbooks =
    policy?.gates.runbooks && (await runbookFacts(reading, snapshot, policy, staging?.regression))
  return {
    ...snapshot,
    ...problems,
    takeBack,
    ...frozenFact(freezes, pull),
    ...staging,
    ...runbooks,
    ...owed,
  }
}

async function runbookFacts(...args: Parameters<typeof runbooksFact>): ReturnType<typeof runbooksFact> {
  const facts = await import('../staging/runbooks.ts')
  return facts.runbooksFact(...args)
}

/** Loaded only where a policy asks for it: it brings the regression engine, 10 MB that other bots do without. */
async function stagingFacts(...args: Parameters<typeof regressionFact>): ReturnType<typeof regressionFact> {
  const facts = await import('../staging/facts.ts')
  return facts.regressionFact(...args)
}
