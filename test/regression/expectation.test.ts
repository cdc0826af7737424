import { describe, expect, test } from 'vitest'
import { mismatches } from '../../src/regression/expectation.ts'
import type { Expectation } from '../../src/regression/expectation-schema.ts'
import { outputChecker } from '../../src/regression/output-check.ts'
import { isOfKind, type ValueKind } from '../../src/regression/value-kinds.ts'
import { type Outcome, textOf } from '../../src/services/mcp.ts'
import { textResult } from '../support/mcp-server.ts'

const body = {
  id: 'a1',
  eligible: true,
  amount: 5,
  tags: ['x', 'y'],
  items: [{ n: 1 }, { n: 2 }],
  none: null,
}
const ok: Outcome = { kind: 'ok', result: textResult(JSON.stringify(body)) }

function found(expectation: Expectation, outcome: Outcome = ok): string[] {
  const text = 'result' in outcome ? textOf(outcome.result) : ''
  return mismatches(outcome, expectation, text).map(
    ({ where, expected, actual }) => `${where}: ${expected} / ${actual}`,
  )
}

describe('JSON is compared by JSONPath (RFC 9535)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a plain value', { '$.eligible': true }],
    ['an array as a whole', { '$.tags': ['x', 'y'] }],
    ['null', { '$.none': null }],
    ['each of several', { '$.items[*].n': { gte: 1 } }],
    ['a filter', { '$.items[?@.n > 1].n': 2 }],
    ['bounds', { '$.amount': { gt: 4, gte: 5, lt: 6, lte: 5 } }],
    ['a kind', { '$.amount': { any: 'integer' } }],
    ['a pattern', { '$.id': { matches: '^a\\d$' } }],
    ['a member of an array', { '$.tags': { contains: 'x' } }],
    ['a part of a text', { '$.id': { contains: '1' } }],
    ['one of several values', { '$.amount': { one_of: [4, 5] } }],
    ['a length', { '$.tags': { length: 2 } }],
    ['a count', { '$.items[*]': { count: 2 } }],
    ['nothing', { '$.missing': { absent: true } }],
    ['an object as a whole', { '$.items[0]': { equals: { n: 1 } } }],
  ])('%s holds', (_name, json) => {
    expect(found({ json } as Expectation)).toEqual([])
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['another value', { '$.eligible': false }, '$.eligible: false / true'],
    ['a path that finds nothing', { '$.missing': 1 }, '$.missing: 1 / nothing'],
    ['a bound on nothing', { '$.missing': { gte: 1 } }, '$.missing: gte 1 / nothing'],
    ['a bound', { '$.amount': { gte: 6 } }, '$.amount: gte 6 / 5'],
    ['a number that is text', { '$.id': { gte: 1 } }, '$.id: gte 1 / "a1"'],
    ['one of several that is wrong', { '$.items[*].n': { gt: 1 } }, '$.items[*].n: gt 1 / 1, 2'],
    ['a kind', { '$.id': { any: 'uuid' } }, '$.id: any "uuid" / "a1"'],
    ['a count', { '$.items[*]': { count: 3 } }, '$.items[*]: 3 values / {"n":1}, {"n":2}'],
    ['something where nothing should be', { '$.id': { absent: true } }, '$.id: nothing / "a1"'],
    ['text that looks like the number', { '$.amount': '5' }, '$.amount: "5" / 5'],
  ])('%s is reported with expected and actual', (_name, json, expected) => {
    expect(found({ json } as Expectation)).toEqual([expected])
  })

  test('structured content counts before text', () => {
    const outcome: Outcome = { kind: 'ok', result: textResult('{"a":1}', { structuredContent: { a: 2 } }) }
    expect(found({ json: { '$.a': 2 } }, outcome)).toEqual([])
  })

  test('an answer without JSON is reported', () => {
    const outcome: Outcome = { kind: 'ok', result: textResult('hello') }
    expect(found({ json: { '$.a': 2 } }, outcome)).toEqual([
      'json: an answer with JSON / no JSON in the answer',
    ])
  })
})

describe('status', () => {
  const toolError: Outcome = {
    kind: 'tool_error',
    result: textResult('no', { isError: true }),
    unknownTool: false,
  }
  const protocolError: Outcome = { kind: 'protocol_error', code: -32602, message: 'bad', unknownTool: false }
  const lost: Outcome = { kind: 'transport_error', cause: 'html', message: 'a web page' }

  test.each<[string, Expectation, Outcome, string[]]>([
    ['nothing said means ok', {}, toolError, ['status: ok / tool_error: no']],
    ['an expected tool error holds', { status: 'tool_error' }, toolError, []],
    [
      'an answer where an error should be',
      { status: 'tool_error' },
      { kind: 'ok', result: textResult('yes') },
      ['status: tool_error / ok: yes'],
    ],
    ['either of two', { status: ['tool_error', 'protocol_error'] }, protocolError, []],
    ['a code', { status: 'protocol_error', code: -32603 }, protocolError, ['code: -32603 / -32602']],
    [
      'a transport error is never a tool error',
      { status: 'tool_error' },
      lost,
      ['status: tool_error / transport error (html): a web page'],
    ],
    [
      'needs input is not an error',
      {},
      { kind: 'needs_input', message: 'asks' },
      ['status: ok / needs input: asks'],
    ],
    [
      'an unknown tool has one sentence for all its shapes',
      {},
      { ...protocolError, unknownTool: true },
      ['status: ok / protocol_error: the server does not know this tool'],
    ],
  ])('%s', (_name, expectation, outcome, expected) => {
    expect(found(expectation, outcome)).toEqual(expected)
  })
})

describe('text', () => {
  test.each<[string, Expectation['text'], boolean]>([
    ['a part', 'world', true],
    ['another part', 'moon', false],
    ['the whole', { equals: 'hello world' }, true],
    ['not the whole', { equals: 'hello' }, false],
    ['a pattern', { matches: 'w.rld$' }, true],
    ['a pattern that must not be there', { not_matches: 'hell' }, false],
    ['a pattern that would hang another engine', { matches: '^(h+)+!$' }, false],
  ])('%s', (_name, text, holds) => {
    const outcome: Outcome = { kind: 'ok', result: textResult('hello world') }
    expect(found({ text }, outcome)).toHaveLength(holds ? 0 : 1)
  })
})

describe('the outputSchema of a tool', () => {
  const draft7 = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { a: { type: 'array', items: [{ type: 'string' }] } },
  }
  const newest = { type: 'object', properties: { a: { type: 'array', prefixItems: [{ type: 'string' }] } } }
  const check = (outputSchema: unknown, structuredContent?: unknown, isError = false) =>
    outputChecker()(
      { name: 't', outputSchema },
      { ...textResult('x'), isError, ...(structuredContent === undefined ? {} : { structuredContent }) },
    )

  test.each([
    ['draft-07 where $schema says so', draft7],
    ['2020-12 where it says nothing', newest],
  ])('is read as %s', (_name, schema) => {
    expect(check(schema, { a: ['x'] })).toEqual([])
    expect(check(schema, { a: [1] })).toHaveLength(1)
  })

  test('has patterns that no answer can hang', () => {
    const slow = { type: 'object', properties: { a: { pattern: '^(h+)+$' }, b: { pattern: '(?=x)' } } }
    // An engine that backtracks would not end.
    expect(check(slow, { a: `${'h'.repeat(5000)}!`, b: 'y' })).toMatchObject([
      { actual: expect.stringContaining('the answer/a') },
    ])
  })

  test('promises structured content', () => {
    expect(check(newest)).toMatchObject([{ actual: 'none' }])
  })

  test('says nothing about errors', () => {
    expect(check(newest, undefined, true)).toEqual([])
  })

  test('that is broken itself is reported, and does not crash', () => {
    expect(check({ type: 'no such type' }, {})).toMatchObject([{ expected: 'a valid outputSchema' }])
    expect(check({ $ref: 'https://elsewhere.test/schema' }, {})).toMatchObject([
      { expected: 'a valid outputSchema' },
    ])
  })
})

test.each<[ValueKind, unknown, unknown]>([
  ['uuid', '0199a0b0-0000-7000-8000-000000000000', 'x'],
  ['iso-date', '2026-11-23', '23.11.2026'],
  ['iso-datetime', '2026-11-23T10:00:00+01:00', '2026-11-23'],
  ['email', 'a@b.example', 'a'],
  ['url', 'https://a.example', 'a'],
  ['ipv4', '127.0.0.1', '1.2.3'],
  ['hex', '0xab', 'xyz'],
  ['wallet', `0x${'a'.repeat(40)}`, '0xa'],
  ['tx-hash', `0x${'a'.repeat(64)}`, `0x${'a'.repeat(40)}`],
  ['string', '', 1],
  ['number', 1.5, '1.5'],
  ['integer', 1, 1.5],
  ['boolean', false, 'false'],
  ['array', [], {}],
  ['object', {}, []],
  ['value', 0, null],
])('any: %s', (kind, good, bad) => {
  expect([isOfKind(good, kind), isOfKind(bad, kind)]).toEqual([true, false])
})
