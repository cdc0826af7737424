import type { GateName } from '../decision/gates/index.ts'
import type { Lock } from '../decision/locked-by.ts'
import { gatesUnder } from '../decision/overrides.ts'
import { defaultPolicy, type Policy } from '../decision/policy.ts'
import { impossiblePolicy } from './policy-file.ts'

/**
 * A policy that no pull request can pass, without the gates that can't pass: under it a pull request that fixes the policy is
 * evaluated. Where none is left, the default approvals apply. What the organization locks stays, and where nothing
 * could pass because of that, it is undefined.
 */
export function withoutImpossible(policy: Policy, locked: Lock[]): Policy | undefined {
  const offIn = (gates: Policy['gates']) => cannotPass(policy, gates).filter((name) => !locked.includes(name))
  const off = offIn(policy.gates)
  const passable = Object.fromEntries(
    Object.entries(policy.gates).filter(([name]) => !off.includes(name as GateName)),
  )
  const { approvals } = defaultPolicy.gates
  const gates = Object.keys(passable).length > 0 ? passable : approvals ? { approvals } : {}
  const overrides = policy.overrides?.flatMap((override) => {
    const turnedOff = offIn(gatesUnder(policy, override)).map((name) => [name, 'off'])
    const other = { ...override, gates: { ...override.gates, ...Object.fromEntries(turnedOff) } }
    return Object.keys(gatesUnder({ gates }, other)).length > 0 ? [other] : []
  })
  const changed = { ...policy, gates, ...(overrides && { overrides }) }
  return impossiblePolicy('', changed).length === 0 ? changed : undefined
}

function cannotPass({ incidents }: Policy, gates: Policy['gates']): GateName[] {
  return [
    ...(gates.runbooks && !gates.staging_regression ? ['runbooks' as const] : []),
    ...(gates.incidents && !incidents ? ['incidents' as const] : []),
  ]
}
