import { describe, expect, test } from 'vitest'
import { drillValues, readRunbooks } from '../../../src/regression/runbook/drill.ts'
import { aTool, textResult } from '../../support/mcp-server.ts'
import { aLedger, aSuite, gateOf, readCase, runAgainst } from '../../support/regression-run.ts'

/** The drill of every runbook, as a part of the regression. */

const rows = [
  { tx_hash: '0x1', status: 'issued' },
  { tx_hash: '0x2', status: 'void' },
]
const aFile = (yaml: string, file = 'docs/runbooks/pay.md') => ({
  file,
  text: `# A\n\n\`\`\`yaml runbook\n${yaml}\n\`\`\`\n`,
})
const inLedger = (expect: string, drill = '{ table: rewards, column: tx_hash, where: { status: void } }') =>
  aFile(
    `variables: { tx: { description: hash, drill: ${drill} } }
steps:
  - { name: booked, ledger: { table: rewards, where: { tx_hash: "\${tx}" }, within: 0s, expect: ${expect} } }`,
  )
const drilled = async (files: { file: string; text: string }[], more = {}) => {
  const call = () => textResult(JSON.stringify({ total: 3, id: 'r-7' }))
  const tools = [aTool('read'), aTool('pay', { annotations: {} })]
  const { report, calls } = await runAgainst({ call, tools }, aSuite(readCase), {
    ledger: aLedger(rows),
    runbooks: readRunbooks(files),
    ...more,
  })
  const found = report.data.map(({ kind, name, verdict, message }) => ({ kind, name, verdict, message }))
  return { found, report, data: gateOf(report, 'data'), calls }
}

describe('a drill', () => {
  test('that works passes, and is told as a check of the data', async () => {
    const { found, report } = await drilled([inLedger('{ rows: 1 }')])
    expect(found).toEqual([
      { kind: 'runbook', name: 'pay', verdict: 'passed', message: '1 of 1 steps passed in a drill' },
    ])
    expect(report.verdict).toBe('passed')
  })

  test('of a runbook that is out of date fails the regression, and names the step', async () => {
    const { found, report } = await drilled([inLedger('{ rows: 2 }')])
    expect(found[0]).toMatchObject({
      verdict: 'failed',
      message: expect.stringMatching(/^step "booked": .*expected 2 rows, found 1 rows/),
    })
    expect(report.verdict).toBe('failed')
    expect(report.summary).toContain('runbook pay: step "booked"')
  })

  test.each([
    ['a tool that is gone', 'steps: [{ name: it, tool: search }]', 'the server does not list search'],
    [
      'a tool that writes',
      'steps: [{ name: it, tool: pay }]',
      'not called: pay does not declare readOnlyHint',
    ],
    [
      'another answer',
      'steps: [{ name: it, tool: read, expect: { json: { $.total: 4 } } }]',
      'expected 4, found 3',
    ],
    [
      'a total that differs',
      'steps: [{ name: it, reconcile: { tool: read, value: $.total, equals: { ledger: { table: rewards } } } }]',
      'the tool tells 3, rows of rewards 2',
    ],
  ])('fails on %s, and calls nothing that writes', async (_, yaml, message) => {
    const { found, data, calls } = await drilled([aFile(yaml)])
    expect(found[0]).toMatchObject({ verdict: 'failed', message: expect.stringContaining(message) })
    expect(data).toBe('failed')
    expect(calls()).not.toContain('pay')
  })

  test('fails on a file that cannot be read, beside the others', async () => {
    const { found } = await drilled([aFile('steps: [', 'docs/runbooks/bad.md'), inLedger('{ rows: 1 }')])
    expect(found.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'docs/runbooks/bad.md failed',
      'pay passed',
    ])
  })

  test('passes what an answer holds on to later steps', async () => {
    const { found, calls } = await drilled([
      aFile(
        `steps:\n  - { name: one, tool: read, capture: { id: { path: $.id } } }\n  - { name: two, tool: read, args: { id: "\${id}" } }`,
      ),
    ])
    expect(found[0]).toMatchObject({ verdict: 'passed', message: '2 of 2 steps passed in a drill' })
    expect(calls().filter((name) => name === 'read').length).toBeGreaterThan(2)
  })

  test('counts neither as calls nor as latency of the regression', async () => {
    const plain = await drilled([])
    const more = await drilled([aFile('steps: [{ name: it, tool: read }]')])
    expect(more.report.errors.calls).toBe(plain.report.errors.calls)
    expect(more.calls().length).toBe(plain.calls().length + 1)
  })

  test('is left out where only named cases run', async () => {
    const { found } = await drilled([inLedger('{ rows: 2 }')], { only: ['it reads'] })
    expect(found).toEqual([])
  })

  test('whose steps are all left out is inconclusive', async () => {
    const { found } = await drilled([aFile('steps: [{ name: it, tool: read, skip_drill: not here }]')])
    expect(found[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test.each([
    [
      'an empty table',
      '{ table: rewards, column: tx_hash, where: { status: lost } }',
      {},
      'rewards has no row to drill with',
    ],
    ['no ledger', '{ table: rewards, column: tx_hash }', { ledger: undefined }, 'no ledger is configured'],
    ['a variable that the operator did not set', `"\${SUITE_TX}"`, {}, 'SUITE_TX is not set'],
  ])('with %s is inconclusive', async (_, drill, more, message) => {
    const { found } = await drilled([inLedger('{ rows: 1 }', drill)], more)
    expect(found[0]).toMatchObject({ verdict: 'inconclusive', message: expect.stringContaining(message) })
  })

  test('takes no value that the pattern of the variable rejects', async () => {
    const variables = { tx: { description: 'hash', matches: '0x[0-9a-f]{64}', drill: `\${SUITE_TX}` } }
    const values = await drillValues({ variables }, new Map([['SUITE_TX', "' or 1=1"]]), {})
    expect(values).toEqual({
      ok: false,
      message: 'the value of tx for the drill does not match 0x[0-9a-f]{64}',
    })
  })
})
