import { type GateName, gates } from './gates/index.ts'

const settings = ['branches', 'commands', 'enforce', 'incidents', 'overrides', 'push', 'slack'] as const
type Setting = (typeof settings)[number]

/** Everything that the policy of an organization can lock: gates, and settings beside them. `incidents` is both. */
export type Lockable = GateName | Setting

export const lockable = [
  ...(Object.keys(gates) as GateName[]),
  ...settings.filter((name): name is Exclude<Setting, GateName> => !isGate(name)),
] as const

export function isGate(name: string): name is GateName {
  return Object.hasOwn(gates, name)
}

export function isSetting(name: string): name is Setting {
  return (settings as readonly string[]).includes(name)
}
