import { describe, expect, test } from 'vitest'
import { type RunReport, runReportSchema } from '../../src/regression/report-schema.ts'
import { aTool, type Script, textResult } from '../support/mcp-server.ts'
import { aLedger, aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const writing = aTool('write', { annotations: {} })
const tools = [aTool('read'), writing]
const rows = 'ledger: { table: rewards, where: { key: k }, within: 0ms, expect: { rows: 1 } }'

/** A case that writes and verifies; `steps` and `verify` in YAML. */
function writes(name: string, steps: string, verify: string): string {
  return `
  - name: ${name}
    writes: true
    steps: ${steps}
    verify: { ${verify} }`
}

function ledgerOf({ gates }: RunReport): string | undefined {
  return gates.find(({ gate }) => gate === 'ledger')?.message
}

const answers =
  (result: unknown): NonNullable<Script['call']> =>
  ({ message }) =>
    message.params?.name === 'write' ? result : textResult('fine')

describe('verify is never passed where it was not checked', () => {
  const lenient =
    '[ { tool: write, capture: { hash: { path: $.hash } }, expect: { status: [ok, tool_error] } } ]'
  const receipt = `receipt: { hash: "\${hash}", within: 0ms }`
  const call = answers(textResult('no', { isError: true }))

  test('a receipt whose hash was not captured is inconclusive, and the ledger is checked anyway', async () => {
    const ledger = aLedger([{ key: 'k' }])
    const suite = aSuite(`${readCase}${writes('it writes', lenient, `${rows}, ${receipt}`)}`)
    const { report } = await runAgainst({ tools, call }, suite, { ledger })
    expect(ledger.asked).toBeGreaterThan(0)
    expect(report.cases[1]).toMatchObject({
      verdict: 'inconclusive',
      notes: ['1 row in rewards', 'the receipt was not checked: hash is not set'],
    })
    expect([report.verdict, gateOf(report, 'ledger')]).toEqual(['inconclusive', 'inconclusive'])
    expect(ledgerOf(report)).toContain('hash is not set')
  })

  test('rows that are wrong fail, though the receipt could not be checked', async () => {
    const suite = aSuite(`${readCase}${writes('it writes', lenient, `${rows}, ${receipt}`)}`)
    const { report } = await runAgainst({ tools, call }, suite, { ledger: aLedger([]) })
    expect([report.verdict, gateOf(report, 'ledger')]).toEqual(['failed', 'failed'])
  })

  test('a ledger whose condition was not captured is inconclusive, and the receipt is checked anyway', async () => {
    const unset = `ledger: { table: rewards, where: { key: "\${hash}" }, within: 0ms, expect: { rows: 0 } }`
    const ledger = aLedger([])
    const receipts = { status: async () => ({ ok: true as const, status: 'reverted' as const }) }
    const suite = aSuite(
      `${readCase}${writes('it writes', lenient, `${unset}, receipt: { hash: "0x1", within: 0ms }`)}`,
    )
    const { report } = await runAgainst({ tools, call }, suite, { ledger, receipts })
    expect(ledger.asked).toBe(0)
    expect(report.cases[1]?.notes).toContain('the ledger was not checked: hash is not set')
    expect(report.cases[1]?.mismatches).toEqual([
      { where: 'receipt', expected: 'success', actual: 'reverted' },
    ])
  })
})

describe('the ledger gate says what was verified and what was not', () => {
  const good = '[ { tool: write } ]'
  const wrong = '[ { tool: write, expect: { text: other } } ]'
  const ledger = () => aLedger([{ key: 'k' }])

  test('rows that are right', async () => {
    const suite = aSuite(`${readCase}${writes('one', good, rows)}${writes('two', good, rows)}`)
    const { report } = await runAgainst({ tools }, suite, { ledger: ledger() })
    expect([gateOf(report, 'ledger'), ledgerOf(report)]).toEqual([
      'passed',
      'the rows are correct (2 cases verified)',
    ])
    expect(runReportSchema.parse(report)).toEqual(report)
  })

  test('a case that was skipped is not verified', async () => {
    const suite = aSuite(`${readCase}${writes('one', good, rows)}`)
    const { report } = await runAgainst({ tools }, suite, { writesAllowed: false, ledger: ledger() })
    expect([gateOf(report, 'ledger'), ledgerOf(report)]).toEqual([
      'inconclusive',
      'not verified: one (not run: this server is not marked as safe to write to)',
    ])
  })

  test('a case that failed before its verify is not verified, beside one that is', async () => {
    const suite = aSuite(`${readCase}${writes('one', good, rows)}${writes('two', wrong, rows)}`)
    const { report } = await runAgainst({ tools }, suite, { ledger: ledger() })
    expect([report.verdict, gateOf(report, 'answers'), gateOf(report, 'ledger')]).toEqual([
      'failed',
      'failed',
      'inconclusive',
    ])
    expect(ledgerOf(report)).toBe(
      'the rows are correct (1 case verified); not verified: two (it failed before)',
    )
    expect(runReportSchema.parse(report)).toEqual(report)
  })

  test('rows that are wrong, beside a case that is not verified', async () => {
    const none = rows.replace('rows: 1', 'rows: 0')
    const suite = aSuite(`${readCase}${writes('one', good, none)}${writes('two', wrong, rows)}`)
    const { report } = await runAgainst({ tools }, suite, { ledger: ledger() })
    expect([gateOf(report, 'ledger'), ledgerOf(report)]).toEqual([
      'failed',
      'wrong rows or receipts in 1 of 2 cases; not verified: two (it failed before)',
    ])
  })

  test('a case without a verify says nothing', async () => {
    const suite = aSuite(`${readCase}${writes('one', good, '').replace(/ *verify: .*/, '')}`)
    const { report } = await runAgainst({ tools }, suite)
    expect([report.verdict, gateOf(report, 'ledger'), report.cases[1]?.verdict]).toEqual([
      'passed',
      undefined,
      'passed',
    ])
  })

  test('a run of other cases only says nothing about it', async () => {
    const suite = aSuite(`${readCase}${writes('one', good, rows)}`)
    const { report } = await runAgainst({ tools }, suite, { only: ['it reads'], ledger: ledger() })
    expect([report.verdict, gateOf(report, 'ledger')]).toEqual(['passed', undefined])
  })
})

describe('a write that timed out may have happened', () => {
  const silent: Script['call'] = ({ message }) =>
    message.params?.name === 'write' ? undefined : textResult('fine')

  test.each([
    ['one that says nothing', {}],
    ['one that is idempotent', { idempotentHint: true }],
  ])('%s: the ledger is checked, and it is never called again', async (_name, annotations) => {
    const ledger = aLedger([{ key: 'k' }])
    const suite = aSuite(`${readCase}${writes('it writes', '[ { tool: write, timeout: 2s } ]', rows)}`)
    const { report, calls } = await runAgainst(
      { tools: [aTool('read'), aTool('write', { annotations })], call: silent },
      suite,
      { ledger },
    )
    expect(calls().filter((name) => name === 'write')).toHaveLength(1)
    expect(ledger.asked).toBeGreaterThan(0)
    expect(report.cases[1]).toMatchObject({
      verdict: 'failed',
      attempts: 1,
      notes: ['the reply was lost; the ledger shows 1 row in rewards'],
    })
    expect(report.cases[1]?.mismatches[0]?.actual).toMatch(/transport error \(timeout\)/)
  })

  test('a receipt is not asked for: its hash was to come in the reply', async () => {
    let asked = 0
    const receipts = {
      status: async () => {
        asked += 1
        return { ok: true as const, status: 'success' as const }
      },
    }
    const checks = `${rows}, receipt: { hash: "0x1", within: 0ms }`
    const suite = aSuite(`${readCase}${writes('it writes', '[ { tool: write, timeout: 2s } ]', checks)}`)
    const { report } = await runAgainst({ tools, call: silent }, suite, {
      ledger: aLedger([{ key: 'k' }]),
      receipts,
    })
    expect([asked, report.cases[1]?.notes]).toEqual([
      0,
      ['the reply was lost; the ledger shows 1 row in rewards'],
    ])
  })
})
