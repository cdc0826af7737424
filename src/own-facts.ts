import { regressionFact } from './candidates/facts.ts'
import type { Snapshot } from './decision/snapshot.ts'
import { owedFact } from './merging/owed.ts'
import type { Judging } from './policy-source.ts'
import { activeFreezes, frozenFact } from './services/freezes.ts'
import { takeBackTimeOf } from './write-budget.ts'

type Reading = Parameters<typeof regressionFact>[0]

/** Adds to what was read of a pull request the facts that the gate itself keeps: whoever judges a snapshot needs all of them. */
export async function withOwnFacts(
  reading: Reading,
  snapshot: Snapshot,
  judging: Judging,
): Promise<Snapshot> {
  const { database, now } = reading
  const { pull } = snapshot
  const takeBack = await takeBackTimeOf(database, pull.installationId, now())
  const freezes = await activeFreezes(database, now())
  const staging = await regressionFact(reading, snapshot, judging)
  const owed = await owedFact(database, pull, judging)
  return { ...snapshot, takeBack, ...frozenFact(freezes, pull), ...staging, ...owed }
}
