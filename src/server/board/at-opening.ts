import type { Snapshot } from '../../decision/snapshot.ts'
import { decide, type GateFinding } from '../../decision/verdict.ts'
import { readUntil } from '../../gate/kept-facts.ts'
import type { StoredVerdict } from '../../store/verdicts.ts'

/** The calendar of a repository: when a window opens next, or the current one opened, and the freeze that was ordered. */
export type OpeningCalendar = { opensAt: Date | undefined; freeze: Pick<Snapshot, 'frozen'> }

type Decided = Pick<StoredVerdict, 'snapshot' | 'policy'>

/** The facts of a verdict at another time, under the freeze that is in force. */
export function factsAt({ snapshot }: Decided, at: Date, freeze: OpeningCalendar['freeze']): Snapshot {
  const { frozen: _, ...facts } = snapshot
  return { ...facts, ...freeze, takenAt: at.toISOString() }
}

/**
 * Whether a pull request turns green when the window opens next, by the facts known now; monitors and incidents are read until
 * then. `open`: the findings that do not pass. Where
 * nobody knows when it opens, as in a freeze without an end, nothing but the calendar may be missing.
 */
export function isReadyAtOpening(
  decided: Decided,
  { opensAt, freeze }: OpeningCalendar,
  open: GateFinding[],
): boolean {
  const { policy } = decided
  if (!policy) return false
  if (!opensAt) return open.length > 0 && open.every(isCalendar)
  const then = { ...factsAt(decided, opensAt, freeze), ...readUntil(decided.snapshot, opensAt) }
  return decide(then, policy).state === 'passed'
}

function isCalendar({ gate, state }: GateFinding): boolean {
  return state === 'waiting' && (gate === 'release_window' || gate === 'freeze')
}
