import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SchemaSide } from '../../../src/regression/contract/change.ts'
import { diffSchemas } from '../../../src/regression/contract/schema-diff.ts'
import { readBaseline, storedList } from '../../../src/regression/contract-check.ts'
import { canonicalNumber } from '../../../src/regression/exact.ts'
import { exampleArgs } from '../../../src/regression/example-args.ts'
import { outputChecker } from '../../../src/regression/output-check.ts'
import { exactNumber, parseJson } from '../../../src/services/mcp.ts'
import { aTool, startScripted, textResult } from '../../support/mcp-server.ts'
import { runCommand } from '../../support/regress-program.ts'
import { aSuite, gateOf, readCase, runAgainst } from '../../support/regression-run.ts'

/** The schema of an object with the property `p`, from JSON text. */
const schema = (p: string): string => `{"type":"object","properties":{"p":${p}},"required":["p"]}`

function changes(before: string, after: string, side: SchemaSide = 'input') {
  return diffSchemas(parseJson(schema(before)), parseJson(schema(after)), side).map(
    ({ severity, rule, message }) => `${severity} ${rule}: ${message}`,
  )
}

describe('numbers in a contract are compared as they are written', () => {
  test.each([
    [
      'a maximum beyond 2^53',
      '{"type":"integer","maximum":9007199254740992}',
      '{"type":"integer","maximum":9007199254740993}',
      'safe input-bound-loosened: maximum changed from 9007199254740992 to 9007199254740993.',
    ],
    [
      'a minimum beyond 2^53',
      '{"type":"integer","minimum":-9007199254740993}',
      '{"type":"integer","minimum":-9007199254740992}',
      'breaking input-bound-tightened: minimum changed from -9007199254740993 to -9007199254740992.',
    ],
    [
      'an open bound of an integer, as the closed one that it is',
      '{"type":"integer","exclusiveMaximum":9007199254740994}',
      '{"type":"integer","maximum":9007199254740992}',
      'breaking input-bound-tightened: maximum changed from 9007199254740993 to 9007199254740992.',
    ],
    [
      'the digits of a decimal',
      '{"type":"number","minimum":0.1}',
      '{"type":"number","minimum":0.1000000000000000055}',
      'breaking input-bound-tightened: minimum changed from 0.1 to 0.1000000000000000055.',
    ],
    [
      'a step',
      '{"type":"number","multipleOf":0.1}',
      '{"type":"number","multipleOf":0.1000000000000000055}',
      'breaking input-bound-changed: multipleOf changed from 0.1 to 0.1000000000000000055.',
    ],
    [
      'ids that are listed',
      '{"enum":[1,9007199254740992]}',
      '{"enum":[1,9007199254740993]}',
      'breaking input-enum-value-removed: Removed values: 9007199254740992.',
      'safe input-enum-value-added: Added values: 9007199254740993.',
    ],
    [
      'an id deep within a constant',
      '{"const":{"ids":[9007199254740992]}}',
      '{"const":{"ids":[9007199254740993]}}',
      'breaking input-enum-value-removed: Removed values: {"ids":[9007199254740992]}.',
      'safe input-enum-value-added: Added values: {"ids":[9007199254740993]}.',
    ],
    [
      'a default',
      '{"type":"integer","default":9007199254740992}',
      '{"type":"integer","default":9007199254740993}',
      'warning input-default-changed: The default changed from 9007199254740992 to 9007199254740993.',
    ],
    [
      'an example',
      '{"type":"integer","examples":[9007199254740992]}',
      '{"type":"integer","examples":[9007199254740993]}',
      'info input-annotation-changed: Changed beside the rules: examples.',
    ],
    [
      'a bound that the merged parts of a schema share',
      '{"allOf":[{"type":"integer"},{"maximum":9007199254740993},{"maximum":9007199254740994}]}',
      '{"type":"integer","maximum":9007199254740992}',
      'breaking input-bound-tightened: maximum changed from 9007199254740993 to 9007199254740992.',
    ],
    [
      'a listed value beyond the bound beside it',
      '{"enum":[9007199254740993,9007199254740992]}',
      '{"enum":[9007199254740993,9007199254740992],"maximum":9007199254740992}',
      'breaking input-enum-value-removed: Removed values: 9007199254740993.',
    ],
    [
      'a number that only a double takes for an integer',
      '{"const":9007199254740993}',
      '{"enum":[9007199254740993,9007199254740993.5],"type":"integer"}',
    ],
  ])('%s', (_name, before, after, ...found) => {
    expect(changes(before, after)).toEqual(found)
  })

  test.each([
    ['a bound', '{"type":"number","minimum":0.1}', '{"type":"number","minimum":0.10}'],
    ['a count', '{"type":"string","minLength":0.0}', '{"type":"string"}'],
    ['a length', '{"type":"string","maxLength":5}', '{"type":"string","maxLength":5.0}'],
    ['a list of values', '{"enum":[1000,2]}', '{"enum":[2.0,1e3]}'],
    ['a default', '{"default":{"n":-0}}', '{"default":{"n":0}}'],
    ['a step that every integer has', '{"type":"integer","multipleOf":1.0}', '{"type":"integer"}'],
    [
      'a step that only integers have',
      '{"type":"number","multipleOf":2.0}',
      '{"type":"integer","multipleOf":2}',
    ],
    ['an exponent beyond a double', '{"maximum":1e400}', '{"maximum":10e399}'],
  ])('%s that is written in another way is the same', (_name, before, after) => {
    expect(changes(before, after)).toEqual([])
    expect(changes(before, after, 'output')).toEqual([])
  })

  test('a bound that nobody could write out is malformed, and a warning', () => {
    expect(changes('{"maximum":1}', '{"maximum":1e1000}')).toContainEqual(
      'warning input-keyword-malformed: The keyword maximum has an invalid value.',
    )
  })
})

test.each([
  ['9007199254740993.0', '9007199254740993'],
  ['1.50', '1.5'],
  ['10e-1', '1'],
  ['-0.0', '0'],
  ['1e+0021', '1e+21'],
  ['123456789012345678901e2', '12345678901234567890100'],
  ['0.1000000000000000055', '0.1000000000000000055'],
  ['-1.0000000000000000005e2', '-100.00000000000000005'],
  ['12345678901234567890e400', '123456789012345678900e399'],
  ['12345678901234567891e-99', '123456789012345678910e-100'],
])('%s has one text: that of %s', (written, other) => {
  expect(canonicalNumber(exactNumber(written))).toBe(canonicalNumber(exactNumber(other)))
})

describe('an answer is checked against its outputSchema', () => {
  const check = (property: string, value: string) =>
    outputChecker()(
      { name: 'read', outputSchema: parseJson(schema(property)) },
      { content: [], structuredContent: parseJson(`{"p":${value}}`) },
    ).map(({ actual }) => actual)

  test.each([
    ['{"multipleOf":0.01}', '1.1'],
    ['{"multipleOf":0.01}', '4.35'],
    ['{"multipleOf":0.01}', '1.10'],
    ['{"maximum":9007199254740993}', '9007199254740993'],
    ['{"exclusiveMinimum":9007199254740992}', '9007199254740993'],
    ['{"minimum":0.1}', '0.10'],
    ['{"enum":[9007199254740993]}', '9007199254740993'],
    ['{"const":{"id":[9007199254740993]}}', '{"id":[9007199254740993]}'],
    ['{"type":"integer"}', '123456789012345678901234567890'],
    ['{"type":"integer"}', '1e400'],
    ['{"type":"array","uniqueItems":true}', '[9007199254740992,9007199254740993]'],
    ['{"type":"string","maxLength":5.0}', '"five!"'],
    ['{"propertyNames":{"const":"n"},"additionalProperties":{"type":"number"}}', '{"n":1.50}'],
  ])('%s takes %s', (property, value) => {
    expect(check(property, value)).toEqual([])
  })

  test.each([
    ['{"multipleOf":0.01}', '1.101', 'the answer/p must be multiple of 0.01'],
    ['{"maximum":9007199254740992}', '9007199254740993', 'the answer/p must be <= 9007199254740992'],
    ['{"minimum":9007199254740993}', '9007199254740992', 'the answer/p must be >= 9007199254740993'],
    ['{"exclusiveMaximum":0.10}', '0.1', 'the answer/p must be < 0.10'],
    [
      '{"enum":[9007199254740993]}',
      '9007199254740992',
      'the answer/p must be equal to one of the allowed values',
    ],
    [
      '{"const":{"id":9007199254740993}}',
      '{"id":9007199254740992}',
      'the answer/p must be equal to constant',
    ],
    ['{"type":"integer"}', '9007199254740993.5', 'the answer/p must be integer'],
    ['{"type":"array","uniqueItems":true}', '[1,1.0]', 'the answer/p must NOT have duplicate items'],
    [
      '{"type":"array","items":{"maximum":9007199254740992}}',
      '[1,9007199254740993]',
      'the answer/p/1 must be <= 9007199254740992',
    ],
    [
      '{"propertyNames":{"const":"n"}}',
      '{"m":1.50}',
      'the answer/p must be equal to constant; the answer/p property name must be valid',
    ],
    ['{"minimum":"five"}', '1', expect.stringContaining('the outputSchema cannot be used')],
  ])('%s refuses %s', (property, value, message) => {
    expect(check(property, value)).toEqual([message])
  })
})

describe('a recorded list', () => {
  const tool = (maximum: string) =>
    aTool('read', {
      inputSchema: parseJson(schema(`{"type":"integer","maximum":${maximum},"default":1.50}`)),
      outputSchema: parseJson(schema('{"type":"string","maxLength":50.0}')),
    })
  const call = () => textResult('fine', { structuredContent: { p: 'x' } })
  const run = async (maximum: string, more = {}) =>
    runAgainst({ tools: [tool(maximum)], call }, aSuite(readCase), more)

  test('keeps its numbers as the server wrote them, and is compared with them when it is read back', async () => {
    const { recorded, report: first } = await run('9007199254740993')
    expect(first.verdict).toBe('passed')
    const stored = JSON.stringify(recorded)
    expect(stored).toContain('"maximum":9007199254740993,"default":1.50')
    const baseline = storedList(stored)
    expect(JSON.stringify(baseline)).toBe(stored)
    expect(gateOf((await run('9007199254740993', { baseline })).report, 'contract')).toBe('passed')
    const { report } = await run('9007199254740992', { baseline })
    expect(report.contract.changes.map(({ message }) => message)).toEqual([
      'maximum changed from 9007199254740993 to 9007199254740992.',
    ])
    expect(gateOf(report, 'contract')).toBe('failed')
  })

  test('takes a latency that somebody wrote with a zero at its end', async () => {
    const { recorded } = await run('1')
    const text = JSON.stringify({ ...recorded, latency: { read: exactNumber('1.50') } })
    expect(readBaseline(text)?.latency).toEqual({ read: 1.5 })
  })

  test('comes from `contract record` and `contract show --json` with all digits', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'contract-numbers-'))
    const server = await startScripted({ tools: [tool('9007199254740993')] })
    const out = join(folder, 'list.json')
    await runCommand(['contract', 'record', '--server', server.url, '--out', out])
    const shown = await runCommand(['contract', 'show', '--server', server.url, '--json'])
    await server.close()
    for (const text of [await readFile(out, 'utf8'), shown.out]) {
      expect(text).toContain('"maximum": 9007199254740993,')
      expect(text).toContain('"default": 1.50')
    }
    await rm(folder, { recursive: true })
  })

  test.each([
    ['in the last digit alone', '9007199254740992', 'inconclusive'],
    ['in how a number is written', '9007199254740993.0', 'passed'],
  ])('that differs within a run %s (%s) makes it %s', async (_name, later, verdict) => {
    let asked = 0
    const list = () => ({ tools: [tool(asked++ === 0 ? '9007199254740993' : later)] })
    const { report } = await runAgainst({ list, call }, aSuite(readCase))
    expect(report.verdict).toBe(verdict)
  })
})

test.each([
  ['minimum', '{"type":"integer","minimum":9007199254740993}', '9007199254740993'],
  ['open minimum', '{"type":"integer","exclusiveMinimum":9007199254740992}', '9007199254740993'],
  ['default', '{"type":"number","default":1.50}', '1.50'],
  ['first listed value', '{"enum":[9007199254740993]}', '9007199254740993'],
  ['maximum below 1', '{"type":"number","maximum":0.10}', '0.10'],
])('an example argument is the %s as it is written', (_name, property, value) => {
  expect(JSON.stringify(exampleArgs(parseJson(schema(property))).args)).toBe(`{"p":${value}}`)
})
