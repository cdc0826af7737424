import { expect, test } from 'vitest'
import { unconfigured } from '../../src/gate/unconfigured.ts'
import { parsePolicy, policyPath } from '../../src/policy/policy-file.ts'

const policyOf = (text: string) => {
  const read = parsePolicy(text)
  if (!read.ok) throw new Error('invalid')
  return read.policy
}
const monitors =
  'gates: { production_health: { monitors: [{ id: 7, name: Errors }, { id: 8, name: Latency }] } }\n'

const problemsOf = (operator: Parameters<typeof unconfigured>[0], before = 'gates: { approvals: {} }\n') =>
  unconfigured(
    operator,
    { owner: 'acme', repo: 'shop' },
    { text: monitors, where: policyPath, blob: '' },
    { policy: policyOf(monitors), before: policyOf(before) },
  )

test('several monitors without the keys of Datadog are one problem', async () => {
  expect(await problemsOf({ servers: new Map(), datadog: false })).toMatchObject([
    { line: 1, column: expect.any(Number), message: expect.stringContaining('DATADOG_API_KEY') },
  ])
})

test.each([
  ['the keys of Datadog are set', { servers: new Map(), datadog: true }, undefined],
  ['the monitors were there before', { servers: new Map(), datadog: false }, monitors],
  ['what the operator configured is not known', undefined, undefined],
])('they are none where %s', async (_, operator, before) => {
  expect(await problemsOf(operator, before)).toEqual([])
})
