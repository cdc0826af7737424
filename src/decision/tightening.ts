import { type Gate, sameSettings } from './gate.ts'
import { type GateName, gates } from './gates/index.ts'
import type { Override } from './override-settings.ts'
import type { Policy } from './policy.ts'

/** Policies are never changed, and the effect of one asks for each of its overrides a hundred times. */
const known = new WeakMap<Override, { than: Policy['gates']; loosens: boolean }>()

/**
 * Whether an override may let through what the policy without it would not. It does not if every gate that it names is one that
 * is off without it, has the same settings, or has settings of which the gate itself says that they require at least as much. Whatever
 * is not known to require as much loosens.
 */
export function loosens({ gates: own }: Pick<Policy, 'gates'>, override: Override): boolean {
  const before = known.get(override)
  if (before?.than === own) return before.loosens
  const answer = { than: own, loosens: isLooser(own, override.gates) }
  known.set(override, answer)
  return answer.loosens
}

function isLooser(own: Policy['gates'], over: Override['gates']): boolean {
  return (Object.keys(gates) as GateName[]).some((name) => {
    const [before, after] = [own[name], over[name]]
    if (before === undefined || after === undefined || sameSettings(before, after)) return false
    const gate = gates[name] as Gate
    return after === 'off' || gate.tightens?.(after, before) !== true
  })
}
