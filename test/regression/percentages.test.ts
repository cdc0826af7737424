import { describe, expect, test } from 'vitest'
import { regressionSettings } from '../../src/decision/regression-settings.ts'
import { suiteLimits, tighten } from '../../src/regression/limits.ts'
import { limitsOfPolicy } from '../../src/regression/policy-limits.ts'
import { percent, ratio } from '../../src/regression/ratio.ts'
import { checkMirror } from '../../src/regression/staging-data.ts'
import { evaluateErrors } from '../../src/regression/statistics.ts'
import { aLedger, aSuite, readCase, runAgainst } from '../support/regression-run.ts'

const rateOf = (rate: string) => aSuite(readCase, `gates: { errors: { rate: ${rate} } }`).gates
const bySuite = (rate: string) => suiteLimits(rateOf(rate)).errorRate
const byPolicy = (rate: string) =>
  limitsOfPolicy(regressionSettings.parse({ limits: { errors: rate } })).errorRate

describe('the error rate is compared as it is written', () => {
  /** At the limit passes, one failure more fails. */
  const exact: [string, number, number][] = [
    ['2%', 1, 50],
    ['0.7%', 7, 1000],
    ['7%', 7, 100],
    ['0.55%', 11, 2000],
    ['1.1%', 11, 1000],
    ['0%', 0, 1000],
    ['100%', 7, 7],
  ]
  test.each(exact)('%s of a suite: %i of %i passes', (rate, failures, n) => {
    expect(evaluateErrors({ failures, n, limit: bySuite(rate) })).toBe('passed')
    if (failures < n)
      expect(evaluateErrors({ failures: failures + 1, n, limit: bySuite(rate) })).toBe('failed')
  })

  test.each(exact)('%s of a policy: %i of %i passes', (rate, failures, n) => {
    expect(evaluateErrors({ failures, n, limit: byPolicy(rate) })).toBe('passed')
    if (failures < n)
      expect(evaluateErrors({ failures: failures + 1, n, limit: byPolicy(rate) })).toBe('failed')
  })

  test.each(['0.7%', '7%', '2%', '14.0000%'])(
    '%s of a suite is not looser than the same of its policy',
    (rate) => {
      const policy = limitsOfPolicy(regressionSettings.parse({ limits: { errors: rate } }))
      const { limits, refused } = tighten(policy, rateOf(rate))
      expect([limits.errorRate, refused]).toEqual([policy.errorRate, []])
    },
  )

  test.each([
    ['7%', 'the limit is 7%', 0.07],
    ['0.7%', 'the limit is 0.7%', 0.007],
    ['28.0%', 'the limit is 28%', 0.28],
    ['100%', 'the limit is 100%', 1],
    ['0%', 'the limit is 0%', 0],
  ])('the report tells %s as it is written', async (rate, says, limit) => {
    const more = `gates: { errors: { rate: ${rate} }, samples: { per_tool: 1, total: 1 } }`
    const { report } = await runAgainst({}, aSuite(readCase, more))
    expect(report.gates.find(({ gate }) => gate === 'errors')?.message).toContain(says)
    expect(report.errors.limit).toBe(limit)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

test.each([
  ['7%', '7%'],
  ['0.70%', '0.7%'],
  ['0.0001%', '0.0001%'],
  ['100%', '100%'],
  ['0%', '0%'],
])('%s in words is %s', (text, words) => {
  expect(percent(ratio(text))).toBe(words)
})

describe('other shares are compared as they are written', () => {
  test.each([
    [93, 'passed'],
    [107, 'passed'],
    [108, 'failed'],
  ])('rows within seven of a hundred: %i rows are %s', async (count, verdict) => {
    const [entry] = aSuite(readCase, 'mirror: [ { table: diners, rows_within: 7% } ]').mirror
    if (!entry) throw new Error('the suite has a mirror')
    const ledger = aLedger(Array.from({ length: count }, () => ({})))
    const check = await checkMirror(entry, ledger, { tables: { diners: { rows: 100 } } })
    expect([check.verdict, check.message]).toEqual([verdict, `${count} rows, declared 100 ± 7%`])
  })

  test.each([
    ['1007', 'passed'],
    ['1007.0000000000000000000000001', 'failed'],
  ])('within a tolerance of seven in a thousand: %s is %s', async (total, verdict) => {
    const more = `gates: { samples: { per_tool: 1, total: 1 } }
reconcile: [ { name: t, tool: read, value: $.total, equals: { csv: { file: a.csv, sum: a } }, tolerance: 0.7% } ]`
    const call = () => ({ content: [{ type: 'text', text: JSON.stringify({ total }) }] })
    const { report } = await runAgainst({ call }, aSuite(readCase, more), {
      readFile: async () => 'a\n1000\n',
    })
    expect([report.data[0]?.verdict, report.data[0]?.message]).toEqual([
      verdict,
      `the tool tells ${total}, the sum of a in a.csv 1000, tolerance 7`,
    ])
  })
})
