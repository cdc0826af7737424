import { type GateName, gates } from './gates/index.ts'

/** Everything that the policy of an organization can lock: gates, and settings beside them. */
const others = ['branches', 'enforce', 'incidents', 'overrides', 'push', 'slack'] as const
export type Lockable = GateName | (typeof others)[number]

export const lockable = [...(Object.keys(gates) as GateName[]), ...others] as const

export function isGate(name: string): name is GateName {
  return Object.hasOwn(gates, name)
}

/**
 * All that is locked. A locked gate locks what would bypass it: a policy that covers no branch, only reports, or allows
 * pushes without a pull request changes the gate too.
 */
export function lockedBy({ locked = [] }: { locked?: Lockable[] | undefined }): Lockable[] {
  const implied: Lockable[] = locked.some(isGate) ? ['branches', 'enforce', 'push'] : []
  return [...new Set([...locked, ...implied])]
}
