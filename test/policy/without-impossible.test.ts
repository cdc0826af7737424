import { expect, test } from 'vitest'
import type { Lock } from '../../src/decision/locked-by.ts'
import { policySchema } from '../../src/decision/policy.ts'
import { withoutImpossible } from '../../src/policy/without-impossible.ts'

const approvals = { count: 3 }
const left = (policy: unknown, locked: Lock[] = []) => {
  const passable = withoutImpossible(policySchema.parse(policy), locked)
  return passable && Object.keys(passable.gates)
}

test.each<[string, unknown, string[]]>([
  ['no gate', {}, ['approvals']],
  ['runbooks alone', { runbooks: {} }, ['approvals']],
  ['incidents that are kept nowhere', { approvals, incidents: {} }, ['approvals']],
  ['nothing impossible', { approvals, hold: {} }, ['approvals', 'hold']],
])('of a policy with %s, the gates that can pass are left', (_, gates, names) => {
  expect(left({ gates })).toEqual(names)
})

test('stricter settings stay, also those of an override that turns on a gate that cannot pass', () => {
  const override = (gates: unknown) => ({ name: 'o', when: { branches: ['main'] }, gates })
  const policy = policySchema.parse({
    gates: { approvals },
    overrides: [override({ approvals: { count: 4 }, runbooks: {} })],
  })
  const passable = withoutImpossible(policy, [])
  expect(passable?.gates.approvals?.count).toBe(3)
  expect(passable?.overrides?.[0]?.gates).toMatchObject({ approvals: { count: 4 }, runbooks: 'off' })
})

test('what the organization locks stays, so nothing could pass', () => {
  expect(left({ gates: { approvals, runbooks: {} } }, ['runbooks'])).toBeUndefined()
  const never = { windows: [{ opens: 'Monday 10:00', closes: 'Monday 11:00' }], closing_margin: '60m' }
  expect(left({ gates: { approvals, release_window: never } }, ['release_window'])).toBeUndefined()
})
