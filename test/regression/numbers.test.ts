import { describe, expect, test } from 'vitest'
import { compareNumbers, sameJson } from '../../src/regression/exact.ts'
import { queryJson } from '../../src/regression/json-path.ts'
import { exactNumber, parseJson } from '../../src/services/mcp.ts'
import { aTool, textResult } from '../support/mcp-server.ts'
import { aLedger, aSuite, runAgainst } from '../support/regression-run.ts'

/** Runs one case against a server whose answer is this JSON text, and gives its mismatches. */
async function against(answer: string, expected: string, args = '{}') {
  const suite = aSuite(`  - { name: it reads, tool: read, args: ${args}, expect: { json: ${expected} } }`)
  const { report, server } = await runAgainst({ call: () => textResult(answer) }, suite)
  return {
    mismatches: report.cases[0]?.mismatches,
    sent: server.bodies.find((body) => body.includes('tools/call')),
  }
}

describe('numbers are compared as they are written', () => {
  test.each([
    ['the same id', '9007199254740993', '$.n: 9007199254740993'],
    ['a zero at the end', '1.50', '$.n: 1.5'],
    ['an exponent', '1e3', '$.n: 1000'],
    ['hexadecimal in the suite', '18446744073709551615', '$.n: 0xFFFFFFFFFFFFFFFF'],
    ['a sign and zeros in the suite', '7', '$.n: +007'],
    ['a bound', '9007199254740993', '$.n: { gt: 9007199254740992, lte: 9007199254740993 }'],
    ['one of several', '9007199254740993', '$.n: { one_of: [9007199254740992, 9007199254740993] }'],
    ['any integer', '123456789012345678901234567890', '$.n: { any: integer }'],
    ['any number', '0.12345678901234567890', '$.n: { any: number }'],
    ['a member of a list', '[9007199254740993]', '$.n: { contains: 9007199254740993 }'],
    ['within an object', '{"id":9007199254740993}', '$.n: { equals: { id: 9007199254740993 } }'],
  ])('%s is equal', async (_name, n, expected) => {
    expect((await against(`{"n":${n}}`, `{ ${expected} }`)).mismatches).toEqual([])
  })

  test.each([
    [
      'ids that differ in the last digit',
      '9007199254740993',
      '$.n: 9007199254740992',
      '9007199254740992',
      '9007199254740993',
    ],
    [
      'the other way round',
      '9007199254740992',
      '$.n: 9007199254740993',
      '9007199254740993',
      '9007199254740992',
    ],
    ['decimals', '0.1000000000000000055', '$.n: 0.1', '0.1', '0.1000000000000000055'],
    [
      'a bound',
      '9007199254740993',
      '$.n: { lte: 9007199254740992 }',
      'lte 9007199254740992',
      '9007199254740993',
    ],
    [
      'a wei amount',
      '1000000000000000000001',
      '$.n: 1000000000000000000000',
      '1000000000000000000000',
      '1000000000000000000001',
    ],
    ['no integer', '9007199254740993.5', '$.n: { any: integer }', 'any "integer"', '9007199254740993.5'],
    ['no object', '9007199254740993', '$.n: { any: object }', 'any "object"', '9007199254740993'],
    [
      'within a list',
      '[1, 9007199254740993]',
      '$.n: [1, 9007199254740992]',
      '[1,9007199254740992]',
      '[1,9007199254740993]',
    ],
  ])('%s are reported with all digits', async (_name, n, json, expected, actual) => {
    expect((await against(`{"n":${n}}`, `{ ${json} }`)).mismatches).toEqual([
      { where: '$.n', expected, actual },
    ])
  })
})

test('arguments of a suite are sent as they are written', async () => {
  const { sent } = await against(
    '{}',
    '{ $.id: { absent: true } }',
    '{ id: 9007199254740993, wei: 10000000000000000000000, price: 1.50, ids: [{ a: 0.1000000000000000055 }] }',
  )
  expect(sent).toContain(
    '"arguments":{"id":9007199254740993,"wei":10000000000000000000000,"price":1.50,"ids":[{"a":0.1000000000000000055}]}',
  )
})

test('a captured number is sent and looked up in the ledger with all its digits', async () => {
  const suite = aSuite(`
  - name: it pays
    writes: true
    steps:
      - { tool: pay, capture: { id: { path: $.id } } }
      - { tool: pay, args: { id: "\${id}" } }
    verify: { ledger: { table: paid, where: { id: "\${id}", block: 9007199254740995 }, within: 0ms, expect: { rows: 2, sum: { wei: 20000000000000000000001 } } } }`)
  const rows = ['10000000000000000000000', '10000000000000000000001'].map((wei) => ({
    id: '9007199254740993',
    block: '9007199254740995',
    wei,
  }))
  const script = {
    tools: [aTool('pay', { annotations: {} })],
    call: () => textResult('{"id":9007199254740993}'),
  }
  const { report, server } = await runAgainst(script, suite, { ledger: aLedger(rows) })
  expect(report.cases[0]).toMatchObject({ verdict: 'passed', mismatches: [] })
  expect(server.bodies.at(-1) ?? '').not.toContain('9007199254740992')
  const calls = server.received.filter(({ method }) => method === 'tools/call')
  expect(calls.at(-1)?.params).toMatchObject({ arguments: { id: '9007199254740993' } })
})

test('a sum that is wrong in its last digit is reported with all its digits', async () => {
  const suite = aSuite(`
  - { name: it pays, tool: pay, writes: true, verify: { ledger: { table: paid, where: {}, within: 0ms, expect: { sum: { wei: 1000000000000000000000000 } } } } }`)
  const ledger = aLedger([{ wei: '1000000000000000000000001' }])
  const { report } = await runAgainst({ tools: [aTool('pay', { annotations: {} })] }, suite, { ledger })
  expect(report.cases[0]?.mismatches).toEqual([
    {
      where: 'ledger sum of paid.wei',
      expected: '1000000000000000000000000',
      actual: '1000000000000000000000001',
    },
  ])
})

test('a total is reconciled with all its digits', async () => {
  const told = (total: string) =>
    runAgainst(
      { call: () => textResult(`{"total":${total}}`) },
      aSuite(
        '  - { name: it reads, tool: read }',
        'gates: { samples: { per_tool: 1, total: 1 } }\nreconcile: [ { name: total, tool: read, value: $.total, equals: { ledger: { table: paid, sum: wei } } } ]',
      ),
      { ledger: aLedger([{ wei: '9007199254740992' }, { wei: '1' }]) },
    )
  expect((await told('9007199254740993')).report.data[0]?.verdict).toBe('passed')
  expect((await told('9007199254740992')).report.data[0]?.verdict).toBe('failed')
})

describe('a JSONPath', () => {
  const body = parseJson(
    '{"wanted":9007199254740993,"rows":[{"id":9007199254740992,"n":"a"},{"id":9007199254740993,"n":"b"},{"id":9007199254740994,"n":"c"},{"id":0.10,"n":"d"}],"it\'s \\\\n":[1.50]}',
  )
  test.each<[string, unknown[]]>([
    ['$.rows[?@.id == 9007199254740993].n', ['b']],
    ['$.rows[?@.id > 9007199254740992].n', ['b', 'c']],
    ['$.rows[?@.id <= 9007199254740993].n', ['a', 'b', 'd']],
    ['$.rows[?@.id != 9007199254740993 && @.id > 1].n', ['a', 'c']],
    ['$.rows[?@.id == $.wanted].n', ['b']],
    ["$.rows[?@.n == '9007199254740993'].n", []],
    ['$.rows[?length(@.n) == 1].n', ['a', 'b', 'c', 'd']],
    ['$.rows[?@.id == 0.1].n', ['d']],
    ['$.rows[3].id', [exactNumber('0.10')]],
    ['$.rows[1].id.*', []],
    ['$..id', ['9007199254740992', '9007199254740993', '9007199254740994', '0.10'].map(exactNumber)],
    ["$['it\\'s \\\\n'][0]", [exactNumber('1.50')]],
  ])('%s finds what it says', (path, found) => {
    expect(queryJson(body, path)).toEqual(found)
  })
})

test.each([
  ['1', '1.0', 0],
  ['-9007199254740993', '-9007199254740992', -1],
  ['1e400', '1e399', 1],
  ['-0', '0', 0],
])('%s against %s', (left, right, sign) => {
  const difference = compareNumbers(exactNumber(left), exactNumber(right))
  expect(Math.sign(difference ?? Number.NaN)).toBe(sign)
  expect(sameJson(exactNumber(left), exactNumber(right))).toBe(sign === 0)
})

test.each(['.inf', '-.inf', '.nan'])('%s is not an argument, since JSON has no such number', (value) => {
  expect(() => aSuite(`  - { name: it reads, tool: read, args: { n: [${value}] } }`)).toThrow(
    /\.inf and \.nan are not allowed/,
  )
})
