import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ratio } from '../../src/regression/ratio.ts'
import { compareSuites, readSuite, suiteJsonSchema } from '../../src/regression/suite-file.ts'
import { formatProblem } from '../../src/yaml/yaml-file.ts'
import { aSuite, readCase } from '../support/regression-run.ts'

const path = (relative: string) => new URL(`../../${relative}`, import.meta.url)

function problems(text: string): string[] {
  const result = readSuite(text, 'suite.yml')
  return result.ok ? [] : result.problems.map(formatProblem)
}

const head = 'version: 1\ncases:\n'

describe('a suite file', () => {
  test('reads units, defaults and everything that the rules show', () => {
    const result = readSuite(readFileSync(path('examples/mcp-regression.yml'), 'utf8'), 'suite.yml')
    expect(result.ok && [result.value.defaults, result.value.gates]).toEqual([
      { timeout: 10_000, max_total: 20_000, max_bytes: 1024 * 1024, elicitation: 'none' },
      {
        errors: { rate: ratio('2%') },
        latency: { p95: 3000, warn: 2000 },
        samples: { per_tool: 20, total: 60 },
      },
    ])
    expect(result.ok && result.value.cases.at(-1)?.steps?.[1]).toEqual({ repeat_previous: true })
  })

  test.each([
    ['an unknown key', `${head}  - { name: a, tool: t, exect: {} }`, /^suite\.yml:3:\d+: .*exect/],
    ['an unknown version', 'version: 2\ncases: [ { name: a, tool: t } ]', /^suite\.yml:1:10: /],
    ['no case at all', 'version: 1\ncases: []', /^suite\.yml:2:\d+: /],
    [
      'two cases of one name',
      `${head}  - { name: a, tool: t }\n  - { name: a, tool: t }`,
      /^suite\.yml:4:\d+: .*another case has this name/,
    ],
    ['neither tool nor steps', `${head}  - { name: a }`, /either `tool` or `steps`/],
    [
      'both tool and steps',
      `${head}  - { name: a, tool: t, steps: [ { tool: t } ] }`,
      /either `tool` or `steps`/,
    ],
    [
      'a first step that repeats nothing',
      `${head}  - { name: a, writes: true, steps: [ { repeat_previous: true } ] }`,
      /no previous one/,
    ],
    ['a wrong duration', `${head}  - { name: a, tool: t, timeout: soon }`, /500ms, 10s/],
    [
      'a timeout beyond every timer',
      `${head}  - { name: a, tool: t, timeout: 900d }`,
      /`timeout`: write 10m or less/,
    ],
    [
      'the same in a step',
      `${head}  - { name: a, steps: [ { tool: t, timeout: 10.1m } ] }`,
      /`timeout`: write 10m or less/,
    ],
    [
      'the same by default',
      `defaults: { timeout: 1h }\n${head}  - { name: a, tool: t }`,
      /`timeout`: write 10m or less/,
    ],
    [
      'a total beyond every timer',
      `defaults: { max_total: 900d }\n${head}  - { name: a, tool: t }`,
      /`max_total`: write 10m or less/,
    ],
    [
      'answers larger than the memory',
      `defaults: { max_bytes: 99999999MB }\n${head}  - { name: a, tool: t }`,
      /`max_bytes`: write 64MB or less/,
    ],
    [
      'a ledger that is waited for without end',
      `${head}  - { name: a, tool: t, writes: true, verify: { ledger: { table: t, where: { k: v }, within: 900d, expect: { rows: 1 } } } }`,
      /`within`: write 10m or less/,
    ],
    [
      'a receipt that is waited for without end',
      `${head}  - { name: a, tool: t, writes: true, verify: { receipt: { hash: x, within: 11m } } }`,
      /`within`: write 10m or less/,
    ],
    [
      'a ledger check that expects nothing',
      `${head}  - { name: a, tool: t, writes: true, verify: { ledger: { table: t, where: { k: v }, expect: {} } } }`,
      /rows, at_least or sum/,
    ],
    [
      'a ledger check of the sum of no column',
      `${head}  - { name: a, tool: t, writes: true, verify: { ledger: { table: t, where: { k: v }, expect: { sum: {} } } } }`,
      /name a column/,
    ],
    [
      'a case that verifies nothing',
      `${head}  - { name: a, tool: t, writes: true, verify: {} }`,
      /ledger or receipt/,
    ],
    [
      'an expected text without a rule',
      `${head}  - { name: a, tool: t, expect: { text: {} } }`,
      /equals, contains, matches or not_matches/,
    ],
    [
      'an expected text that is empty',
      `${head}  - { name: a, tool: t, expect: { text: "" } }`,
      /every text meets this, so nothing is checked/,
    ],
    [
      'an expected text that contains nothing',
      `${head}  - { name: a, tool: t, expect: { content: [{ type: text, text: { contains: "" } }] } }`,
      /every text meets this/,
    ],
    [
      'an expression that every text matches',
      `${head}  - { name: a, tool: t, expect: { text: { matches: "(total)?" } } }`,
      /every text meets this/,
    ],
    [
      'a value that is absent and compared',
      `${head}  - { name: a, tool: t, expect: { json: { $.a: { absent: true, equals: 1 } } } }`,
      /`absent` goes with no other comparison/,
    ],
    [
      'a snapshot of nothing',
      `${head}  - { name: a, tool: t, expect: { snapshot: { mask: [$.a, $] } } }`,
      /masks the whole answer/,
    ],
    [
      'an expected size without a bound',
      `${head}  - { name: a, tool: t, expect: { content: [{ type: text, size: {} }] } }`,
      /gt, gte, lt or lte/,
    ],
    [
      'no JSONPath where JSON is expected',
      `${head}  - { name: a, tool: t, expect: { json: {} } }`,
      /at least one JSONPath/,
    ],
    [
      'the code of an error that is not expected',
      `${head}  - { name: a, tool: t, expect: { code: -32602 } }`,
      /needs `status: protocol_error`/,
    ],
    [
      'the newest row, without how far it may lag behind',
      `${head}  - { name: a, tool: t }\nmirror: [ { table: t, newest: c, rows_within: 1% } ]`,
      /`newest` and `behind`/,
    ],
    ['a wrong JSONPath', `${head}  - { name: a, tool: t, expect: { json: { "reward": 1 } } }`, /JSONPath/],
    [
      'a regular expression that RE2 does not know',
      `${head}  - { name: a, tool: t, expect: { text: { matches: "(?=x)" } } }`,
      /RE2/,
    ],
    [
      'a comparison mixed with a value',
      `${head}  - { name: a, tool: t, expect: { json: { $.a: { gte: 1, name: x } } } }`,
      /name is not a comparison; write \{equals/,
    ],
    [
      'an unknown kind',
      `${head}  - { name: a, tool: t, expect: { json: { $.a: { any: thing } } } }`,
      /any|uuid|Invalid option/,
    ],
    [
      'verify without writes',
      `${head}  - { name: a, tool: t, verify: { receipt: { hash: x } } }`,
      /need `writes: true`/,
    ],
    [
      'an export outside the folder',
      `${head}  - { name: a, tool: t }\nreconcile: [ { name: r, tool: t, value: $.a, equals: { csv: { file: ../x.csv } } } ]`,
      /below the folder/,
    ],
    [
      'a waiver without a reason',
      `${head}  - { name: a, tool: t }\ncontract: { waivers: [ { rule: r, tool: t, reason: "", expires: 2026-12-15 } ] }`,
      /reason/,
    ],
    [
      'a waiver that expires on no day',
      `${head}  - { name: a, tool: t }\ncontract: { waivers: [ { rule: r, tool: t, reason: x, expires: someday } ] }`,
      /2026-12-15/,
    ],
    ['aliases', `${head}  - &a { name: a, tool: t }\n  - *a`, /alias/],
    ['repeated keys', `${head}  - { name: a, tool: t, tool: u }`, /unique|duplicat/i],
    ['more than 32 kB', `${head}  - { name: a, tool: t }\n#${'x'.repeat(33_000)}`, /32/],
    [
      'nothing',
      '',
      /^suite\.yml:1:1: the file is empty; write at least `version: 1` and `cases: \[ \{ name: it answers, tool: search \} \]`$/,
    ],
    ['no version', 'cases: [ { name: a, tool: t } ]', /`version`: is missing; write 1$/],
    [
      'a case that is a word',
      `${head}  - hello`,
      /`cases\[0\]`: "hello" is not a map of settings; write it like `\{ name: … \}`$/,
    ],
    [
      'a number for a duration',
      `${head}  - { name: a, tool: t, timeout: 5 }`,
      /`timeout`: write a duration such as 500ms, 10s/,
    ],
    [
      'no list of words',
      `${head}  - { name: a, tool: t, args: 5 }`,
      /`args`: 5 is not a map; write it like `args: \{ name: value \}`$/,
    ],
    [
      'an unknown status',
      `${head}  - { name: a, tool: t, expect: { status: fine } }`,
      /`status`: "fine" is not a known value; write one of: ok, tool_error, protocol_error, unknown_tool$/,
    ],
    [
      'an unknown comparison of texts',
      `${head}  - { name: a, tool: t, expect: { text: { equal: x } } }`,
      /: unknown key `equal`; known keys: equals, contains, matches, not_matches$/,
    ],
    ['an empty name', `${head}  - { name: "", tool: t }`, /`name`: the text is empty; write a value$/],
    ['no steps', `${head}  - { name: a, steps: [] }`, /`steps`: the list is empty; add an item$/],
    [
      'too many repeats',
      `${head}  - { name: a, tool: t, repeat: 5000 }`,
      /`repeat`: 5000 is too large; write at most 1000$/,
    ],
    [
      'a floor of none',
      'version: 1\ngates: { samples: { total: 0 } }\ncases: [ { name: a, tool: t } ]',
      /`samples`: a minimum of 0 turns off the latency check; give the reason in `reason`$/,
    ],
  ])('refuses %s, with line and column', (_name, text, expected) => {
    const found = problems(text)
    expect(found.join('\n')).toMatch(expected)
    expect(found.every((line) => /^suite\.yml:\d+:\d+: /.test(line))).toBe(true)
  })
})

test.each([
  '{ text: { equals: "" } }',
  '{ text: { contains: "", not_matches: error } }',
  '{ text: { matches: "^[^<]*$" } }',
  '{ text: { matches: "(?s)^.{0,500}$" } }',
  '{ text: { matches: "." } }',
])('a text that some answers do not meet is accepted: %s', (expected) => {
  expect(problems(`version: 1\ncases: [ { name: a, tool: t, expect: ${expected} } ]`)).toEqual([])
})

test.each([
  '{ status: protocol_error, code: -32602 }',
  '{ status: [ok, protocol_error], code: -32602 }',
  '{ status: unknown_tool, code: -32602 }',
])('the code of an error is accepted with %s', (expected) => {
  expect(problems(`version: 1\ncases: [ { name: a, tool: t, expect: ${expected} } ]`)).toEqual([])
})

test('the largest bounds are accepted', () => {
  const defaults = 'defaults: { timeout: 10m, max_total: 10m, max_bytes: 64MB }'
  expect(problems(`version: 1\n${defaults}\ncases: [ { name: a, tool: t, timeout: 600s } ]`)).toEqual([])
})

describe('unknown keys are refused at every level', () => {
  const one = 'cases: [ { name: a, tool: t } ]'
  const aCase = (text: string) => `cases: [ { name: a, ${text} } ]`
  const ledger = (more: string, expect = '{ rows: 1 }') =>
    aCase(
      `writes: true, tool: t, verify: { ledger: { table: t, where: { k: v }, expect: ${expect}${more} } }`,
    )
  const reconcile = (equals: string, more = '') =>
    `${one}\nreconcile: [ { name: r, tool: t, value: $.a, equals: ${equals}${more} } ]`
  const csv = '{ csv: { file: a.csv } }'

  test.each([
    ['the file', (x: string) => `${one}\n${x || 'coverage: required'}`],
    ['defaults', (x: string) => `${one}\ndefaults: { timeout: 1s${x} }`],
    ['gates', (x: string) => `${one}\ngates: { errors: { rate: 1% }${x} }`],
    ['gates.errors', (x: string) => `${one}\ngates: { errors: { rate: 1%${x} } }`],
    ['gates.latency', (x: string) => `${one}\ngates: { latency: { p95: 1s${x} } }`],
    ['gates.samples', (x: string) => `${one}\ngates: { samples: { total: 1${x} } }`],
    ['contract', (x: string) => `${one}\ncontract: { fail_on: breaking${x} }`],
    [
      'a waiver',
      (x: string) =>
        `${one}\ncontract: { waivers: [ { rule: r, tool: t, reason: x, expires: 2026-12-15${x} } ] }`,
    ],
    ['a case', (x: string) => aCase(`tool: t${x}`)],
    ['expect', (x: string) => aCase(`tool: t, expect: { status: ok${x} }`)],
    ['expect.text', (x: string) => aCase(`tool: t, expect: { text: { equals: a${x} } }`)],
    ['a comparison', (x: string) => aCase(`tool: t, expect: { json: { $.a: { gte: 1${x} } } }`)],
    ['capture', (x: string) => aCase(`tool: t, capture: { c: { path: $.a${x} } }`)],
    ['a step', (x: string) => aCase(`steps: [ { tool: t${x} } ]`)],
    ['a step that repeats', (x: string) => aCase(`steps: [ { tool: t }, { repeat_previous: true${x} } ]`)],
    ['cleanup', (x: string) => aCase(`writes: true, tool: t, cleanup: [ { tool: t${x} } ]`)],
    ['verify', (x: string) => aCase(`writes: true, tool: t, verify: { receipt: { hash: x }${x} }`)],
    ['verify.ledger', (x: string) => ledger(x)],
    ['verify.ledger.expect', (x: string) => ledger('', `{ rows: 1${x} }`)],
    ['verify.receipt', (x: string) => aCase(`writes: true, tool: t, verify: { receipt: { hash: x${x} } }`)],
    ['reconcile', (x: string) => reconcile(csv, x)],
    ['reconcile.equals', (x: string) => reconcile(`{ csv: { file: a.csv }${x} }`)],
    ['reconcile.equals.csv', (x: string) => reconcile(`{ csv: { file: a.csv${x} } }`)],
    ['reconcile.equals.ledger', (x: string) => reconcile(`{ ledger: { table: t${x} } }`)],
    ['mirror', (x: string) => `${one}\nmirror: [ { table: t${x} } ]`],
    ['sanitized', (x: string) => `${one}\nsanitized: [ { table: t, columns: [c]${x} } ]`],
  ])('%s', (where, text) => {
    expect(problems(`version: 1\n${text('')}`)).toEqual([])
    const unknown = problems(`version: 1\n${text(where === 'the file' ? 'misspelt: 1' : ', misspelt: 1')}`)
    expect(unknown.join('\n')).toMatch(/misspelt/)
  })
})

test('the JSON Schema for editors is fresh', () => {
  const stored = JSON.parse(readFileSync(path('schema/suite.schema.json'), 'utf8'))
  expect(stored).toEqual(JSON.parse(JSON.stringify(suiteJsonSchema())))
})

test('the JSON Schema names what an editor completes', () => {
  const text = JSON.stringify(suiteJsonSchema())
  for (const key of ['repeat_previous', 'max_total', 'fail_on', 'tool_error', 'uuid'])
    expect(text).toContain(`"${key}"`)
})

test('cases removed and waivers added by a pull request are found', () => {
  const waiver =
    'contract: { waivers: [ { rule: r, tool: t, path: /note, reason: x, expires: 2026-12-15 } ] }'
  const base = aSuite(`${readCase}\n  - { name: gone, tool: read }`)
  expect(compareSuites(base, aSuite(readCase, waiver))).toEqual({
    removedCases: ['gone'],
    addedWaivers: ['r on t at /note until 2026-12-15'],
    addedReads: [],
    changedParts: ['gates'],
  })
  const nothing = { removedCases: [], addedWaivers: [], addedReads: [], changedParts: [] }
  expect(compareSuites(base, base)).toEqual(nothing)
})

test.each<[string, string, string, string[]]>([
  ['a data check that is gone', 'mirror: [{ table: t, newest: at, behind: 3d }]', '', ['mirror of t']],
  [
    'a data check that is looser',
    'mirror: [{ table: t, newest: at, behind: 3d }]',
    'mirror: [{ table: t, newest: at, behind: 9d }]',
    ['mirror of t'],
  ],
  [
    'a sanitized column',
    'sanitized: [{ table: t, columns: [a, b] }]',
    'sanitized: [{ table: t, columns: [a] }]',
    ['sanitized of t'],
  ],
  ['a tenant', 'isolated: [{ table: t, as: tenantb }]', '', ['isolated of t']],
  ['the coverage', 'coverage: required', '', ['coverage']],
  ['what fails', 'contract: { fail_on: warning }', '', ['contract.fail_on']],
  ['the limits', 'gates: { errors: { rate: 1% } }', '', ['gates']],
  ['a check that is new', '', 'mirror: [{ table: t, newest: at, behind: 3d }]', []],
  ['only the order', 'coverage: required\nreads: [read]', 'reads: [read]\ncoverage: required', []],
])('%s is found in what a pull request changes', (_, before, after, expected) => {
  expect(compareSuites(aSuite(readCase, before), aSuite(readCase, after)).changedParts).toEqual(expected)
})

test('a case whose expectation is looser is found, and one that is new is not', () => {
  const base = aSuite('  - { name: it reads, tool: read, expect: { status: ok } }')
  const loose = '  - { name: it reads, tool: read, expect: { status: [ok, tool_error] } }'
  const head = aSuite(`${loose}\n  - { name: new, tool: read }`)
  expect(compareSuites(base, head).changedParts).toEqual(['the case it reads'])
})
