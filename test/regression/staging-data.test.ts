import { describe, expect, test } from 'vitest'
import { personalDataKind } from '../../src/regression/personal.ts'
import { ratio } from '../../src/regression/ratio.ts'
import { checkMirror, checkSanitized } from '../../src/regression/staging-data.ts'
import type { Suite } from '../../src/regression/suite-schema.ts'
import { verifyLedger, verifyReceipt } from '../../src/regression/verification.ts'
import type { LedgerRow } from '../../src/services/ledger.ts'
import type { Receipts } from '../../src/services/receipts.ts'
import { aTool, rpcError, textResult } from '../support/mcp-server.ts'
import { aLedger, aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const refused = aLedger({ ok: false, cause: 'refused', message: 'the ledger rejects the key' })
const day = 24 * 3600 * 1000

describe('reconcile', () => {
  const suite = (equals: string, tolerance = '') =>
    aSuite(
      `${readCase}`,
      `gates: { samples: { per_tool: 1, total: 1 } }\nreconcile: [ { name: totals, tool: read, value: $.total, equals: ${equals} ${tolerance} } ]`,
    )
  const byLedger = '{ ledger: { table: rewards, where: { status: issued }, sum: amount } }'
  const byCsv = '{ csv: { file: export.csv, where: { status: issued }, sum: amount } }'
  const rows: LedgerRow[] = [
    { status: 'issued', amount: '0.1' },
    { status: 'issued', amount: '0.2' },
    { status: 'void', amount: '50' },
  ]
  const csv = '\uFEFFstatus,amount,note\nissued,0.1,"a, b"\nissued,0.2,\nvoid,50,\n'
  const judged = async (total: unknown, given: Suite, more = {}) => {
    const call = () => textResult(JSON.stringify({ total }))
    const { report } = await runAgainst({ call }, given, {
      ledger: aLedger(rows),
      readFile: async () => csv,
      ...more,
    })
    return [report.data[0]?.verdict, report.verdict]
  }

  test.each([
    ['the sum over the ledger, exact in decimals', byLedger, 0.3, 'passed'],
    ['a total as text', byLedger, '0.30', 'passed'],
    ['another sum over the ledger', byLedger, 0.31, 'failed'],
    ['a lower sum than that of the ledger', byLedger, 0.29, 'failed'],
    ['nothing instead of the sum over the ledger', byLedger, 0, 'failed'],
    ['the sum over a CSV export', byCsv, 0.3, 'passed'],
    ['another sum over a CSV export', byCsv, 50.3, 'failed'],
    ['the number of rows', '{ csv: { file: export.csv } }', 3, 'passed'],
    ['no number at all', byLedger, 'many', 'failed'],
  ])('%s', async (_name, equals, total, verdict) => {
    expect(await judged(total, suite(equals))).toEqual([verdict, verdict])
  })

  test.each([
    ['an amount', ', tolerance: 0.02', 0.32, 'passed'],
    ['an amount that is too small', ', tolerance: 0.01', 0.32, 'failed'],
    ['an amount below', ', tolerance: 0.02', 0.28, 'passed'],
    ['an amount below that is too small', ', tolerance: 0.01', 0.28, 'failed'],
    ['a share', ', tolerance: 10%', 0.33, 'passed'],
    ['a share below', ', tolerance: 10%', 0.27, 'passed'],
    ['a share below that is too small', ', tolerance: 9%', 0.27, 'failed'],
    ['a share that is too small', ', tolerance: 9%', 0.33, 'failed'],
  ])('within a tolerance: %s', async (_name, tolerance, total, verdict) => {
    expect((await judged(total, suite(byLedger, tolerance)))[0]).toBe(verdict)
  })

  test('the sum over the ledger is that of the amounts that are there: null is none, and text is no number', async () => {
    const withRow = (amount: string | null) => aLedger([...rows, { status: 'issued', amount }])
    expect((await judged(0.3, suite(byLedger), { ledger: withRow(null) }))[0]).toBe('passed')
    expect((await judged(0.31, suite(byLedger), { ledger: withRow(null) }))[0]).toBe('failed')
    expect((await judged(0.3, suite(byLedger), { ledger: withRow('') }))[0]).toBe('inconclusive')
    expect((await judged(0.3, suite(byLedger), { ledger: withRow('NaN') }))[0]).toBe('inconclusive')
  })

  test.each([
    [-0.33, 'passed'],
    [-0.27, 'passed'],
    [-0.34, 'failed'],
    [0.3, 'failed'],
  ])('within a share of a sum below zero: %d is %s', async (total, verdict) => {
    const refunds = aLedger(rows.map((row) => ({ ...row, amount: `-${row.amount}` })))
    const given = suite(byLedger, ', tolerance: 10%')
    expect((await judged(total, given, { ledger: refunds }))[0]).toBe(verdict)
  })

  test.each([
    ['no ledger', byLedger, { ledger: undefined }],
    ['a ledger that refuses', byLedger, { ledger: refused }],
    ['no export', byCsv, { readFile: async () => undefined }],
    ['an export that is not a CSV', byCsv, { readFile: async () => 'a,b\n"x' }],
    ['an export without the column', byCsv, { readFile: async () => 'status\nissued\n' }],
    [
      'an export without the column that selects its rows',
      byCsv,
      { readFile: async () => 'state,amount\nissued,0\n' },
    ],
    ['an export without a header', byCsv, { readFile: async () => '' }],
  ])('inconclusive with %s', async (_name, equals, more) => {
    const { ledger, ...rest } = more as {
      ledger?: typeof refused
      readFile?: () => Promise<string | undefined>
    }
    const call = () => textResult('{"total":0.3}')
    const { report } = await runAgainst({ call }, suite(equals), { ...rest, ...(ledger ? { ledger } : {}) })
    expect([report.data[0]?.verdict, report.verdict]).toEqual(['inconclusive', 'inconclusive'])
  })

  test('several values where one is compared fail', async () => {
    const given = aSuite(
      readCase,
      `gates: { samples: { per_tool: 1, total: 1 } }\nreconcile: [ { name: t, tool: read, value: "$.totals[*]", equals: ${byLedger} } ]`,
    )
    const call = () => textResult('{"totals":[0.3,7]}')
    const { report } = await runAgainst({ call }, given, { ledger: aLedger(rows) })
    expect(report.data[0]).toMatchObject({
      verdict: 'failed',
      message: 'the tool returns 2 values at $.totals[*]; a total is one',
    })
  })

  test('a tool that errs instead of telling a total fails', async () => {
    const tools = [aTool('read'), aTool('total')]
    const call = ({ message }: { message: { params?: Record<string, unknown> } }) =>
      textResult('x', message.params?.name === 'total' ? { isError: true } : {})
    const given = aSuite(
      readCase,
      `gates: { samples: { per_tool: 1, total: 1 } }\nreconcile: [ { name: t, tool: total, value: $.total, equals: ${byLedger} } ]`,
    )
    const { report } = await runAgainst({ tools, call }, given, { ledger: aLedger(rows) })
    expect(report.data[0]).toMatchObject({ verdict: 'failed', message: 'tool_error: no total' })
  })
})

describe('reconcile calls tools that read only', () => {
  const given = aSuite(
    readCase,
    `coverage: required
gates: { samples: { per_tool: 1, total: 1 } }
reconcile: [ { name: t, tool: total, args: { amount: 5 }, value: $.total, equals: { csv: { file: a.csv } } } ]`,
  )
  const readFile = async () => 'a\n1\n'
  const call = () => textResult('{"total":1}')

  test.each([
    ['that says that it writes', { readOnlyHint: false }],
    ['that is idempotent', { idempotentHint: true }],
    ['without annotations', undefined],
  ])('a tool %s is refused before it is called, wherever', async (_name, annotations) => {
    for (const writesAllowed of [false, true]) {
      const tools = [aTool('read'), aTool('total', { annotations })]
      const { report, calls } = await runAgainst({ tools, call }, given, { readFile, writesAllowed })
      expect(calls()).not.toContain('total')
      expect([report.verdict, gateOf(report, 'data')]).toEqual(['failed', 'failed'])
      expect(report.data[0]?.message).toBe(
        'total does not declare readOnlyHint and is not under "reads"; reconcile calls only read-only tools, so it was not called',
      )
    }
  })

  test('a tool that the server does not list is not called', async () => {
    const { report, calls } = await runAgainst({ call }, given, { readFile })
    expect(calls()).not.toContain('total')
    expect(report.data[0]).toMatchObject({ verdict: 'failed', message: 'the server does not list total' })
  })

  test('a tool that declares it is called, and counts as covered', async () => {
    const tools = [aTool('read'), aTool('total')]
    const { report, calls } = await runAgainst({ tools, call }, given, { readFile })
    expect(calls()).toContain('total')
    expect([report.verdict, gateOf(report, 'coverage'), report.notCovered]).toEqual(['passed', 'passed', []])
  })

  test('a long answer is cut in the report', async () => {
    const failing = ({ message }: { message: { params?: Record<string, unknown> } }) => {
      if (message.params?.name !== 'total') return textResult('fine')
      throw rpcError(-32000, 'x'.repeat(100_000))
    }
    const { report } = await runAgainst({ tools: [aTool('read'), aTool('total')], call: failing }, given, {
      readFile,
    })
    expect(report.data[0]?.verdict).toBe('failed')
    expect(JSON.stringify(report).length).toBeLessThan(20_000)
  })
})

describe('mirror', () => {
  const entry = { table: 'diners', newest: 'made', behind: 3 * day, rows_within: ratio('10%') }
  const declared = { tables: { diners: { rows: 10, newest: '2026-11-20T00:00:00Z' } } }
  const table = (count: number, newest: string) =>
    aLedger(Array.from({ length: count }, () => ({ made: newest })))

  test.each([
    ['as many rows, and as new', table(10, '2026-11-20 00:00:00+00'), 'passed'],
    ['three days behind', table(10, '2026-11-17 00:00:00+00'), 'passed'],
    ['more than three days behind', table(10, '2026-11-16 23:59:59+00'), 'failed'],
    ['newer than declared', table(10, '2026-11-22 00:00:00+00'), 'passed'],
    ['a tenth fewer rows', table(9, '2026-11-20 00:00:00+00'), 'passed'],
    ['fewer rows than that', table(8, '2026-11-20 00:00:00+00'), 'failed'],
    ['an empty table', aLedger([]), 'failed'],
    ['a column that holds no time', table(10, 'yesterday'), 'inconclusive'],
    ['a ledger that refuses', refused, 'inconclusive'],
    ['no ledger', undefined, 'inconclusive'],
  ])('%s', async (_name, ledger, verdict) => {
    expect((await checkMirror(entry, ledger, declared)).verdict).toBe(verdict)
  })

  test.each([
    ['as new as it may be', '2026-11-17 00:00:00+00', 'passed'],
    ['too old', '2026-11-16 23:59:59+00', 'failed'],
  ])('a whole run whose mirror is %s', async (_name, newest, verdict) => {
    const suite = aSuite(
      readCase,
      'gates: { samples: { per_tool: 1, total: 1 } }\nmirror: [ { table: diners, newest: made, behind: 3d, rows_within: 10% } ]',
    )
    const { report } = await runAgainst({}, suite, { ledger: table(10, newest), declaration: declared })
    expect([report.verdict, gateOf(report, 'data'), report.data]).toEqual([
      verdict,
      verdict,
      [expect.objectContaining({ kind: 'mirror', name: 'diners', verdict })],
    ])
  })

  test('what the operator does not declare cannot be evaluated', async () => {
    const ledger = table(10, '2026-11-20 00:00:00+00')
    expect((await checkMirror(entry, ledger, undefined)).verdict).toBe('inconclusive')
    expect((await checkMirror(entry, ledger, { tables: { diners: { rows: 10 } } })).verdict).toBe(
      'inconclusive',
    )
    expect((await checkMirror({ table: 'diners' }, ledger, declared)).verdict).toBe('inconclusive')
  })
})

describe('sanitized', () => {
  test.each([
    ['a real e-mail address', 'write to ada@gmail.com', 'e-mail address'],
    ['an address of a domain kept for examples', 'ada@diners.example', undefined],
    ['a subdomain of example.com', 'ada@mail.example.com', undefined],
    ['a phone number', 'call +44 20 7946 0018', 'phone number'],
    ['a plain number', '2079460018', undefined],
    ['a wallet', `0x${'ab'.repeat(20)}`, 'wallet'],
    ['a transaction hash', `0x${'ab'.repeat(32)}`, undefined],
    ['plain text', 'Noodle House', undefined],
    ['a wallet right after a letter', `a0x${'ab'.repeat(20)}`, 'wallet'],
    ['a wallet right after another x', `x0x${'ab'.repeat(20)}`, 'wallet'],
    ['a wallet in capitals', `0X${'AB'.repeat(20)}`, 'wallet'],
    ['a longer number in hex', `0x${'ab'.repeat(21)}`, undefined],
    ['a lone @', 'meet @ ada@ @home', undefined],
    ['a second address behind an example', 'a@b.example, ada@gmail.com', 'e-mail address'],
    ['a long number behind a plus', `+${'1'.repeat(60)}`, undefined],
  ])('%s', (_name, value, kind) => {
    expect(personalDataKind(value)).toBe(kind)
  })

  describe('in a long value', () => {
    const personalOnes = [
      ['e-mail address', 'ada@gmail.com'],
      ['wallet', `0x${'ab'.repeat(20)}`],
      ['phone number', '+44 20 7946 0018'],
    ] as const
    test.each(personalOnes)('%s: wherever it stands', (kind, value) => {
      const missed = Array.from({ length: 300 }, (_, index) => index * 17).filter(
        (before) => personalDataKind(`${'x '.repeat(before)} ${value} ${'y '.repeat(1500)}`) !== kind,
      )
      expect(missed).toEqual([])
    })

    test('a number that is not a phone number stays none, wherever it stands', () => {
      const found = Array.from({ length: 300 }, (_, index) => index * 17).filter((before) =>
        personalDataKind(`${'x '.repeat(before)} +442079460018${'7'.repeat(30)} ${'y '.repeat(1500)}`),
      )
      expect(found).toEqual([])
    })

    // Long enough that reading the rest again from every place does not end before the test's timeout.
    test.each([
      ['@', '@'],
      ['addresses without an end', 'a@'],
      ['domains without an end', 'a@a.a.a.a.a.a.a.a.'],
      ['labels without an end', `@${'a'.repeat(63)}.`],
      ['one label', 'a'],
      ['wallets that are too long', '0x'],
      ['zeros', '0'],
      ['plus signs', '+'],
      ['brackets', '(1'],
      ['short numbers', '+1 '],
      ['numbers without an end', '+1-2-3-4-5-6-7-8-'],
    ])('a hostile one is read in good time: %s', (_name, unit) => {
      expect(personalDataKind(unit.repeat(Math.ceil(2_000_000 / unit.length)))).toBeUndefined()
    })
  })

  const rows = [
    { email: 'ada@gmail.com', wallet: `0x${'00'.repeat(20)}` },
    { email: null, wallet: `0x${'00'.repeat(20)}` },
  ]

  test('counts what it finds for each column, and never shows a value', async () => {
    const check = await checkSanitized({ table: 'diners', columns: ['email', 'wallet'] }, aLedger(rows))
    expect(check).toMatchObject({
      verdict: 'failed',
      message: 'email: e-mail address in 1 rows, wallet: wallet in 2 rows; 2 rows read',
    })
    expect(JSON.stringify(check)).not.toContain('ada')
  })

  test('values of the allowed pattern are known to be made up', async () => {
    const entry = { table: 'diners', columns: ['wallet'], allow: '0x0+' }
    expect((await checkSanitized(entry, aLedger(rows))).verdict).toBe('passed')
  })

  test.each([
    ['a ledger that refuses', refused],
    ['no ledger', undefined],
    ['no row that the key can see', aLedger([])],
  ])('inconclusive with %s', async (_name, ledger) => {
    expect((await checkSanitized({ table: 't', columns: ['c'] }, ledger)).verdict).toBe('inconclusive')
  })
})

describe('verify', () => {
  const check = { table: 't', where: { key: 'k' }, within: 600_000, expect: { rows: 1 } }

  test('rows that come late are waited for', async () => {
    const rows: LedgerRow[] = []
    const ledger = aLedger(rows)
    const late: typeof ledger = {
      ...ledger,
      rows: async (...asked) => {
        const read = await ledger.rows(...asked)
        if (rows.length === 0) rows.push({ key: 'k' })
        return read
      },
    }
    expect(await verifyLedger(late, check)).toEqual({ verdict: 'passed', seen: '1 row in t' })
    expect(ledger.asked).toBeGreaterThan(2)
  })

  test('too many rows are wrong at once', async () => {
    const ledger = aLedger([{ key: 'k' }, { key: 'k' }])
    expect((await verifyLedger(ledger, check)).verdict).toBe('failed')
    expect(ledger.asked).toBe(1)
  })

  /** A ledger to which a row is added after so many milliseconds. */
  const growing = (rows: LedgerRow[], row: LedgerRow, after: number) => {
    setTimeout(() => rows.push(row), after)
    return aLedger(rows)
  }

  test.each<[string, LedgerRow[], object, string]>([
    ['a duplicate that comes late', [{ key: 'k', amount: '1' }], { rows: 1 }, '2 rows in t'],
    ['a first row where none may come', [], { rows: 0 }, '1 row in t'],
    ['an amount that comes late', [{ key: 'k', amount: '1' }], { sum: { amount: 1 } }, '2 rows in t'],
  ])('%s is wrong', async (_name, rows, expected, seen) => {
    const ledger = growing(rows, { key: 'k', amount: '1' }, 500)
    const found = await verifyLedger(ledger, { ...check, within: 2_000, expect: expected })
    expect(found).toMatchObject({ verdict: 'failed', seen })
  })

  test.each([0, 600, 1_000])(
    'a duplicate after a row that came near the end of %s ms is wrong',
    async (within) => {
      const rows: LedgerRow[] = within === 0 ? [{ key: 'k' }] : []
      if (within > 0) setTimeout(() => rows.push({ key: 'k' }), within - 300)
      const found = await verifyLedger(growing(rows, { key: 'k' }, within + 300), { ...check, within })
      expect(found).toMatchObject({ verdict: 'failed', seen: '2 rows in t' })
    },
  )

  test('a row that came near the end, and stays alone, passes', async () => {
    const found = await verifyLedger(growing([], { key: 'k' }, 300), { ...check, within: 600 })
    expect(found).toEqual({ verdict: 'passed', seen: '1 row in t' })
  })

  test('a row that does not come is waited for no longer', async () => {
    const ledger = aLedger([])
    expect(await verifyLedger(ledger, { ...check, within: 100 })).toMatchObject({ verdict: 'failed' })
    expect(ledger.asked).toBe(1)
  })

  test('a minimum is met at once, since more rows change nothing', async () => {
    const ledger = aLedger([{ key: 'k' }])
    const least = { ...check, expect: { at_least: 1 } }
    expect(await verifyLedger(ledger, least)).toMatchObject({ verdict: 'passed' })
    expect(ledger.asked).toBe(1)
  })

  test('a ledger that cannot be read anymore while it settles is inconclusive', async () => {
    const rows = aLedger([{ key: 'k' }])
    const refusing = aLedger({ ok: false, cause: 'refused', message: 'no' })
    const ledger: typeof rows = {
      ...rows,
      rows: (...args) => (rows.asked === 0 ? rows : refusing).rows(...args),
    }
    expect(await verifyLedger(ledger, check)).toEqual({ verdict: 'inconclusive', message: 'no' })
  })

  test('looking ends when the run is stopped', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    await expect(verifyLedger(aLedger([]), check, stop.signal)).rejects.toThrow(/aborted/)
  })

  test('a ledger that refuses is not asked again', async () => {
    const ledger = aLedger({ ok: false, cause: 'refused', message: 'no' })
    expect(await verifyLedger(ledger, check)).toEqual({ verdict: 'inconclusive', message: 'no' })
    expect(ledger.asked).toBe(1)
  })

  test('a sum over something that is not a number is wrong', async () => {
    const summed = { ...check, within: 0, expect: { sum: { amount: 1 } } }
    const judged = await verifyLedger(aLedger([{ key: 'k', amount: 'much' }]), summed)
    expect(judged).toMatchObject({ verdict: 'failed', mismatches: [{ expected: 'numbers' }] })
  })

  test('a sum larger than any JavaScript number is exact', async () => {
    const amount = '123456789012345678901234567890.5'
    const summed = { ...check, within: 0, expect: { sum: { amount } } }
    expect((await verifyLedger(aLedger([{ key: 'k', amount }]), summed)).verdict).toBe('passed')
  })

  const receipts = (...statuses: ('pending' | 'success' | 'reverted')[]): Receipts => ({
    status: async () => ({
      ok: true,
      status: statuses.length > 1 ? (statuses.shift() ?? 'pending') : (statuses[0] ?? 'pending'),
    }),
  })

  test.each([
    ['a receipt that comes late', receipts('pending', 'success'), 600_000, 'passed'],
    ['a reverted transaction', receipts('reverted'), 600_000, 'failed'],
    ['a receipt that never comes', receipts('pending'), 300, 'failed'],
    ['no endpoint', undefined, 600_000, 'inconclusive'],
  ])('%s', async (_name, chain, within, verdict) => {
    expect((await verifyReceipt(chain, { hash: '0x1', status: 'success', within })).verdict).toBe(verdict)
  })
})
