import { expect, test } from 'vitest'
import { namesNotLookedUp } from '../../src/gate/absent-names.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'

const policyOf = (text: string) => {
  const read = parsePolicy(text)
  if (!read.ok) throw new Error('invalid')
  return read.policy
}
const teams = Array.from({ length: 12 }, (_, index) => `team-${index}`)
const approvals = `approvals: { teams: [${teams.join(', ')}] }`
const monitors = 'production_health: { monitors: [{ id: 7, name: Errors }, { id: 8, name: Latency }] }'
const all = `gates: { ${approvals}, ${monitors} }\n`
const inAnOverride = `gates: { approvals: {} }\noverrides: [{ name: o, when: { branches: [main] }, gates: { ${monitors} } }]\n`
const plain = 'gates: { approvals: {} }\n'

test.each([
  [
    'more than ten teams, and monitors',
    all,
    plain,
    ['2 teams: `team-10` and `team-11`', '2 monitors: `7` and `8`'],
  ],
  ['monitors in an override', inAnOverride, plain, ['2 monitors: `7` and `8`']],
  [
    'names of a policy that only reported',
    all,
    `enforce: false\n${all}`,
    ['2 teams: `team-10` and `team-11`', '2 monitors: `7` and `8`'],
  ],
  [
    'one monitor of two',
    all,
    `gates: { ${approvals}, production_health: { monitors: [{ id: 7, name: Errors }] } }\n`,
    ['1 monitor: `8`'],
  ],
])('a changed policy that adds %s names what was not looked up', (_, after, before, names) => {
  expect(namesNotLookedUp({ policy: policyOf(after), before: policyOf(before) })).toEqual(names)
})

test.each([
  ['adds nothing', all, all],
  ['removes monitors', plain, all],
  ['only reports', `enforce: false\n${all}`, plain],
])('one that %s names none', (_, after, before) => {
  expect(namesNotLookedUp({ policy: policyOf(after), before: policyOf(before) })).toEqual([])
})
