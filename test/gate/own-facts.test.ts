import { describe, expect, test } from 'vitest'
import { type GateName, gates } from '../../src/decision/gates/index.ts'
import { policySchema } from '../../src/decision/policy.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { knowsFacts } from '../../src/gate/own-facts.ts'
import { aSnapshot, yesterday } from '../support/snapshot.ts'

const policyOf = (on: unknown, repository = 'acme/incidents') =>
  policySchema.parse({ gates: on, incidents: { repository } })
const before = policyOf({ approvals: {} })
const settings: { [Name in GateName]?: unknown } = {
  production_health: { monitors: [{ id: 1, name: 'Errors' }] },
}
const read: Partial<Snapshot> = {
  incidents: { readAt: yesterday, unresolved: [], postMortems: [] },
  health: { monitors: [{ id: 1, state: 'OK', readAt: yesterday, incidents: [] }] },
  owedReviews: [],
}
const knows = (facts: Partial<Snapshot>, on: unknown, old = before, repository?: string) =>
  knowsFacts({ ...aSnapshot(), ...facts }, policyOf(on, repository), old)

describe('the effect of a policy is known for a pull request', () => {
  test('without facts of their own only for gates that need none', () => {
    const names = Object.keys(gates) as GateName[]
    expect(names.filter((name) => knows({}, { [name]: settings[name] ?? {} }))).toEqual([
      'approvals',
      'release_window',
      'hold',
    ])
  })

  test.each([
    ['incidents', { incidents: {} }],
    ['monitors', { production_health: { monitors: [{ id: 1, name: 'Errors' }] } }],
    ['open reviews', { release_window: { urgent: { block_when_overdue: true } } }],
  ])('once its %s were read', (_, on) => {
    expect(knows({}, on)).toBe(false)
    expect(knows(read, on)).toBe(true)
  })

  test('not for incidents of another repository', () => {
    expect(knows(read, { incidents: {} }, before, 'acme/others')).toBe(false)
  })

  test('not for another monitor, but for one that the present policy names as well', () => {
    const two = { production_health: { monitors: [1, 2].map((id) => ({ id, name: `Monitor ${id}` })) } }
    expect(knows(read, two)).toBe(false)
    expect(knows(read, two, policyOf(two))).toBe(true)
  })
})
