import { awaitedFor } from './awaited.ts'
import type { Policy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'
import { decide, type GateFinding } from './verdict.ts'

/**
 * Whether a pull request lacks nothing but the calendar: a change that waits for its window, or for the end of a freeze, is ready.
 * `why` is the title of what needs fixing first, `more` how many other things are missing, `awaited` who can do them.
 */
export type Readiness = { ready: true } | { ready: false; why: string; more: number; awaited: string[] }

export function readinessOf(facts: { snapshot: Snapshot; policy: Policy | undefined }): Readiness {
  if (!facts.policy) return { ready: false, why: 'The policy is invalid', more: 0, awaited: [] }
  const open = decide(facts.snapshot, facts.policy).findings.filter(isMissing)
  const [first, ...others] = open.toSorted((a, b) => rank(a) - rank(b))
  if (!first) return { ready: true }
  return { ready: false, why: first.title, more: others.length, awaited: awaitedFor(facts, open) }
}

function isMissing({ gate, state }: GateFinding): boolean {
  const isCalendar = gate === 'release_window' || gate === 'freeze'
  return state === 'failed' || (state === 'waiting' && !isCalendar)
}

/** What needs fixing, then what waits for a person, then what passes automatically. */
function rank({ state, automatic }: GateFinding): number {
  if (state === 'failed') return 0
  return automatic ? 2 : 1
}
