import type { GateName } from './gates/index.ts'
import { isGate, type Lockable } from './lockable-settings.ts'
import { allGates } from './overrides.ts'
import type { Policy } from './policy.ts'

type Locks = Pick<Policy, 'locked' | 'gates' | 'overrides'>

/** What is locked: all of a gate, a setting beside the gates, or of a gate only who can mark a change as urgent. */
export type Lock = Lockable | 'release_window.urgent'

/** What else decides whether a gate passes: the gates whose settings it reads, and that it yields to an urgent change. */
const dependencies: { [Name in GateName]?: (policy: Locks) => GateName[] } = {
  code_owners: () => ['approvals'],
  staging_regression: (policy) =>
    allGates(policy).some((each) => each.staging_regression?.defer_when_urgent) ? ['release_window'] : [],
  runbooks: () => ['staging_regression'],
  incidents: () => ['release_window'],
  production_health: () => ['release_window'],
}

/**
 * All that is locked. A locked gate locks what would bypass it: a policy that covers no branch, only reports, or allows
 * pushes without a pull request changes the gate too. So do the gates that it depends on. Of an override that names a locked gate, the
 * other gates that are on without it are locked as well: their settings decide whether the override loosens, and so when it applies.
 */
export function lockedBy(policy: Locks): Lock[] {
  const found = new Set<Lock>(policy.locked)
  for (const name of found) for (const each of neededBy(name, policy)) found.add(each)
  for (const name of found) for (const each of namedBeside(name, policy)) found.add(each)
  return [...found]
}

function neededBy(name: Lock, policy: Locks): Lock[] {
  if (!isGate(name)) return []
  const gates = dependencies[name]?.(policy) ?? []
  return ['branches', 'enforce', 'push', ...gates.flatMap((each) => lockOn(each, policy))]
}

/** A gate that the organization leaves to its repositories stays theirs, except for who can mark a change as urgent. */
function lockOn(name: GateName, policy: Locks): Lock[] {
  if (allGates(policy).some((gates) => gates[name] !== undefined)) return [name]
  return name === 'release_window' ? ['release_window.urgent'] : []
}

function namedBeside(name: Lock, { gates, overrides = [] }: Locks): Lock[] {
  return overrides
    .map(({ gates: named }) => (Object.keys(named) as GateName[]).filter((each) => named[each] !== undefined))
    .filter((named) => named.some((each) => each === name))
    .flatMap((named) => named.filter((each) => gates[each] !== undefined))
}
