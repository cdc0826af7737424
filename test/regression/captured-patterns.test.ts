import { describe, expect, test } from 'vitest'
import { readSuite } from '../../src/regression/suite-file.ts'
import { type Exchange, type RpcMessage, textResult } from '../support/mcp-server.ts'
import { aSuite, gateOf, runAgainst } from '../support/regression-run.ts'

/** `<name>` as `${name}`, which the linter takes for a mistake within quotes. */
const reading = (text: string) => text.replace(/<([\w.]+)>/g, (_whole, name) => `\${${name}}`)

/** Captures `id` from the first answer, and expects something of the second. */
async function captured(id: string, answer: unknown, expected: string, redact = false) {
  const suite = aSuite(
    reading(`
  - name: it reads twice
    steps:
      - { tool: read, capture: { id: { path: $.id, redact: ${redact} } } }
      - { tool: read, args: { matches: "<id>", expect: { text: { matches: "<id>" } } }, expect: ${expected} }`),
  )
  const first = textResult(JSON.stringify({ id }))
  const isFirst = ({ params }: RpcMessage) => Object.keys(params?.arguments ?? {}).length === 0
  const call = ({ message }: Exchange) => (isFirst(message) ? first : answer)
  const { report, server } = await runAgainst({ call }, suite)
  const calls = server.received.filter(({ method }) => method === 'tools/call')
  return {
    report,
    mismatches: report.cases[0]?.mismatches,
    args: calls.find((one) => !isFirst(one))?.params?.arguments,
  }
}
const link = (uri: string) => ({ content: [{ type: 'resource_link', uri, name: 'report' }] })

describe('a value within a regular expression stands for itself', () => {
  test.each<[string, string, unknown, string]>([
    ['a dot in a text', 'a.b', textResult('axb'), '{ text: { matches: "^<id>$" } }'],
    ['an alternative in a text', 'a|b', textResult('b'), '{ text: { matches: "<id>" } }'],
    ['nothing but a star', 'x*', textResult(''), '{ text: { matches: "^<id>$" } }'],
    ['a text that must not be there', 'a.b', textResult('a.b'), '{ text: { not_matches: "^<id>$" } }'],
    ['a dot in JSON', 'a.b', textResult('{"n":"axb"}'), '{ json: { $.n: { matches: "^<id>$" } } }'],
    [
      'a dot in a link',
      'a.b',
      link('axb'),
      '{ content: [{ type: resource_link, uri: { matches: "<id>" } }] }',
    ],
    ['the end of a quote', 'a\\Eb.', textResult('abx'), '{ text: { matches: "^<id>$" } }'],
  ])('%s does not match another value', async (_name, id, answer, expected) => {
    const { report, mismatches } = await captured(id, answer, expected)
    expect(mismatches).toHaveLength(1)
    expect(gateOf(report, 'answers')).toBe('failed')
  })

  test.each<[string, string, unknown, string]>([
    ['a dot', 'a.b', textResult('a.b'), '{ text: { matches: "^<id>$" } }'],
    ['an open parenthesis', '(', textResult('('), '{ text: { matches: "^<id>$" } }'],
    ['the end of a quote', 'a\\Eb.', textResult('a\\Eb.'), '{ text: { matches: "^<id>$" } }'],
    ['a text that is not there', 'a.b', textResult('axb'), '{ text: { not_matches: "^<id>$" } }'],
    ['a bracket in JSON', '[', textResult('{"n":"["}'), '{ json: { $.n: { matches: "^<id>$" } } }'],
    ['a name', 'a+', link('a+'), '{ content: [{ type: resource_link, uri: { matches: "^<id>$" } }] }'],
    ['a number of times', '3', textResult('aaa'), '{ text: { matches: "^a{<id>}$" } }'],
  ])('%s matches itself', async (_name, id, answer, expected) => {
    expect((await captured(id, answer, expected)).mismatches).toEqual([])
  })

  test('also where an operator sets it', async () => {
    const suite = aSuite(
      reading('  - { name: it reads, tool: read, expect: { text: { matches: "^<SUITE_HOST>$" } } }'),
    )
    const variables = new Map([['SUITE_HOST', 'a.example']])
    const { report } = await runAgainst({ call: () => textResult('axexample') }, suite, { variables })
    expect(report.cases[0]?.verdict).toBe('failed')
  })
})

test('a value outside of a regular expression stays as it is, whatever the names around it', async () => {
  const expected =
    '{ json: { $.n: { equals: { matches: "<id>" } }, $.m: "<id>", $.t: { contains: "<id>" } } }'
  const answer = textResult('{"n":{"matches":"a.b"},"m":"a.b","t":"-a.b-"}')
  const { mismatches, args } = await captured('a.b', answer, expected)
  expect(mismatches).toEqual([])
  expect(args).toEqual({ matches: 'a.b', expect: { text: { matches: 'a.b' } } })
})

test.each(['matches', 'not_matches'])('a value that makes an invalid expression fails %s', async (word) => {
  const { report, mismatches } = await captured('2000', textResult('a'), `{ text: { ${word}: "a{<id>}" } }`)
  expect(mismatches).toMatchObject([
    { where: 'step 2: regular expression', actual: expect.stringContaining('{2000}') },
  ])
  expect(gateOf(report, 'answers')).toBe('failed')
})

test.each<[string, string]>([
  ['a text', '{ text: "<id>" }'],
  ['a part of a text', '{ text: { contains: "<id>" } }'],
  ['an expression', '{ text: { matches: "<id>" } }'],
  ['a part of a text in JSON', '{ json: { $.n: { contains: "<id>" } } }'],
  ['an expression for a text in JSON', '{ json: { $.n: { matches: "<id>" } } }'],
  ['a name', '{ content: [{ type: text, text: "<id>" }] }'],
])('an empty value is not found as %s, which every answer would meet', async (_name, expected) => {
  const { report } = await captured('', textResult('{"n":"x"}'), expected)
  expect(report.cases[0]?.verdict).toBe('failed')
})

test('a redacted value does not appear in the report of an expression', async () => {
  const { report } = await captured('top.secret', textResult('no'), '{ text: { matches: "^<id>$" } }', true)
  expect(report.cases[0]?.verdict).toBe('failed')
  expect(JSON.stringify(report)).not.toMatch(/top.{0,3}secret/)
})

test.each<[string, string]>([
  ['an expectation', 'expect: { json: { "$.rows[?@.id==\\"<run.id>\\"]": { absent: true } } }'],
  ['a capture', 'capture: { id: { path: "$[\'<run.id>\']" } }'],
  ['a mask', 'expect: { snapshot: { mask: ["$[\'<run.id>\']"] } }'],
])('the JSONPath of %s reads no variable: it would look for the name', (_name, part) => {
  const text = `version: 1\ncases:\n  - { name: it reads, tool: read, ${part} }\n`
  const read = readSuite(reading(text), 'suite.yml')
  expect(read.ok ? [] : read.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('a JSONPath cannot read a variable'),
  ])
})

describe('a place of an expression where a value cannot stand for itself is an error', () => {
  const problemsOf = (pattern: string, where = 'text: { matches: PATTERN }') => {
    const expected = where.replace('PATTERN', () => `'${reading(pattern)}'`)
    const text = `version: 1\ncases:\n  - { name: it reads, tool: read, expect: { ${expected} } }\n`
    const read = readSuite(text, 'suite.yml')
    return read.ok ? [] : read.problems.map(({ message }) => message)
  }

  test.each<[string, string]>([
    ['a class, where a-z would be a range', 'x[<run.id>]'],
    ['a class that excludes', '[^<run.id>]'],
    ['a class with a bracket in it', '[]\\]<run.id>]'],
    ['a class after a named one', '[[:alpha:]<run.id>]'],
    ['a backslash, where d would be any digit', '\\<run.id>'],
    ['a quotation', '\\Q<run.id>\\E'],
    ['a quotation without an end, which would contain the one of the value', '^\\Qx<run.id>'],
  ])('%s', (_name, pattern) => {
    const [problem, ...others] = problemsOf(pattern)
    expect(problem).toContain('a variable cannot be within [...] or \\Q...\\E, or after a backslash')
    expect(others).toEqual([])
  })

  test.each([
    'text: { not_matches: PATTERN }',
    'json: { $.n: { matches: PATTERN } }',
    'content: [{ type: resource_link, uri: { not_matches: PATTERN } }]',
  ])('also in %s', (where) => {
    expect(problemsOf('[<run.id>]', where).join()).toContain('a variable cannot be within [...]')
  })

  test.each([
    '[a-z]<run.id>[0-9]',
    '\\[<run.id>\\]',
    '\\\\<run.id>',
    '\\Q[\\E<run.id>',
    '(<run.id>)',
    'a{<run.id>}',
    '[$]{2}[]]<run.id>',
  ])('but not in %s', (pattern) => {
    expect(problemsOf(pattern)).toEqual([])
  })
})
