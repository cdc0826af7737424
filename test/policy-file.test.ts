import { describe, expect, it } from 'vitest'
import { defaultPolicy, type Policy } from '../src/decision/policy.ts'
import { parsePolicy, policyPath } from '../src/policy-file.ts'
import { formatProblem, maximumYamlBytes } from '../src/yaml-file.ts'

function policyOf(text: string): Policy {
  const result = parsePolicy(text)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.policy
}

function problemsOf(text: string): string[] {
  const result = parsePolicy(text, 'p')
  return result.ok ? [] : result.problems.map(formatProblem)
}

const sample = `# yaml-language-server: $schema=https://example.com/policy.schema.json
branches: [main]            # globs, beside the default branch, which is always covered
gates:
  approvals: { count: 2 }
  release_window:
    time_zone: America/Los_Angeles
    windows: [ { opens: Wednesday 10:00, closes: Wednesday 11:00 } ]
    freezes: []
    closing_margin: 60s
    urgent: { label: urgent }
`

describe('a policy', () => {
  it.each([
    ['the documented sample', sample],
    ['gates without settings', 'gates: { approvals: {}, release_window: {} }'],
    ['gates without a value', 'gates:\n  approvals:\n  release_window:\n'],
    ['gates that are null', 'gates: { approvals: null, release_window: ~ }'],
    ['line ends of Windows', sample.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${sample}`],
  ])('that is written with %s has the defaults', (_name, text) =>
    expect(policyOf(text)).toEqual(defaultPolicy),
  )

  it('turns on only the gates that it names', () => {
    expect(Object.keys(policyOf('gates:\n  approvals:\n').gates)).toEqual(['approvals'])
    expect(policyOf('gates: {}').gates).toEqual({})
  })

  it('may have just as many bytes as are read', () => {
    const text = `gates: { approvals: {} }\n#${'x'.repeat(maximumYamlBytes)}`
    expect(problemsOf(text.slice(0, maximumYamlBytes))).toEqual([])
    expect(problemsOf(text.slice(0, maximumYamlBytes + 1))).toEqual([
      'p:1:1: the file has 32769 bytes; at most 32768 are read. Shorten it.',
    ])
  })
})

describe('an error names file, line and column, what is wrong and how to mend it', () => {
  const cases: [string, string, string[]][] = [
    ['an empty file', '', ['p:1:1: the file is empty']],
    ['a file of comments', '# nothing\n', ['p:1:1: the file is empty']],
    ['no gates', 'branches: [main]\n', ['p:1:1: `gates`: is missing; expected object']],
    ['gates without a value', 'gates:\n', ['p:1:7: `gates`: is missing; expected object']],
    [
      'an unknown key',
      'gates: {}\ngate: {}\n',
      ['p:2:1: unknown key `gate`; known here: branches, gates, push, slack'],
    ],
    [
      'an unknown gate',
      'gates:\n  approvals:\n  aprovals: {}\n',
      ['p:3:3: unknown key `aprovals`; known here: approvals, release_window, staging_regression, hold'],
    ],
    [
      'an unknown setting of a gate',
      'gates:\n  approvals:\n    cuont: 2\n',
      ['p:3:5: unknown key `cuont`; known here: count, teams, unattributed, request_reviews'],
    ],
    [
      'a key that every object has',
      'gates:\n  __proto__: { approvals: {} }\n',
      ['p:2:3: unknown key `__proto__`; known here: approvals, release_window, staging_regression, hold'],
    ],
    [
      'a merge key',
      'gates:\n  approvals:\n    <<: { count: 1 }\n',
      ['p:3:5: unknown key `<<`; known here: count, teams, unattributed, request_reviews'],
    ],
    [
      'a count of 0',
      'gates:\n  approvals: { count: 0 }\n',
      ['p:2:23: `count`: Too small: expected number to be >=1'],
    ],
    [
      'a negative count, in a file with the line ends of Windows',
      'gates:\r\n  approvals:\r\n    count: -1\r\n',
      ['p:3:12: `count`: Too small: expected number to be >=1'],
    ],
    [
      'a count that is text',
      'gates:\n  approvals: { count: "2" }\n',
      ['p:2:23: `count`: Invalid input: expected number, received string'],
    ],
    [
      'a count without a value',
      'gates:\n  approvals:\n    count:\n',
      ['p:3:11: `count`: is missing; expected number'],
    ],
    [
      'a gate that is a list',
      'gates:\n  approvals: [2]\n',
      ['p:2:14: `approvals`: Invalid input: expected object, received array'],
    ],
    [
      'a gate that is turned on by true',
      'gates:\n  approvals: true\n',
      ['p:2:14: `approvals`: Invalid input: expected object, received boolean'],
    ],
    [
      'branches that are no list',
      'branches: main\ngates: {}\n',
      ['p:1:11: `branches`: Invalid input: expected array, received string'],
    ],
    [
      'a zone that does not exist',
      'gates:\n  release_window:\n    time_zone: Mars/Base\n',
      ['p:3:16: `time_zone`: "Mars/Base" is not an IANA time zone; write a name like "America/Los_Angeles"'],
    ],
    [
      'a team that is no slug',
      'gates:\n  approvals: { teams: [ops, "a b"] }\n',
      ['p:2:29: `teams[1]`: write a team as its slug, such as "operations" or "acme/operations"'],
    ],
    [
      'anchors and aliases',
      'gates:\n  approvals: &a {}\n  release_window: *a\n',
      [
        'p:2:17: anchors and aliases are not allowed; write the value out',
        'p:3:19: anchors and aliases are not allowed; write the value out',
      ],
    ],
    ['a repeated key', 'gates:\n  approvals: {}\n  approvals: {}\n', ['p:3:3: Map keys must be unique']],
    ['a tab for indentation', 'gates:\n\tapprovals: {}\n', ['p:2:1: Tabs are not allowed as indentation']],
    [
      'two documents',
      'gates: {}\n---\ngates: {}\n',
      ['p:2:1: a second document begins here; write one, without `---` between'],
    ],
    ['plain text', 'hello', ['p:1:1: Invalid input: expected object, received string']],
  ]
  for (const [name, text, problems] of cases) it(name, () => expect(problemsOf(text)).toEqual(problems))

  it('every problem at once, not the first alone', () => {
    const text = 'gates:\n  approvals: { count: 0 }\n  release_window: { closing_margin: soon }\n'
    expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual(['p:2:23', 'p:3:37'])
  })

  it('names the path of the policy where none other is given', () => {
    const result = parsePolicy('')
    expect(result).toMatchObject({ ok: false, problems: [{ file: policyPath, line: 1, column: 1 }] })
  })
})

describe('a file that was made to harm is refused at once', () => {
  it.each([
    ['lists within lists', `gates: ${'['.repeat(16_000)}`],
    ['maps within maps', `gates: ${'{a: '.repeat(8_000)}`],
    ['thousands of keys', Array.from({ length: 3_500 }, (_, index) => `k${index}: 1`).join('\n')],
    ['an alias bomb', `a: &a [x, x]\n${'bcdefgh'.replace(/./g, (key) => `${key}: &${key} [*a, *a, *a]\n`)}`],
    ['a tag of a programming language', 'gates: !!js/function "process.exit()"'],
    ['a NUL', 'gates:\0'],
  ])('%s', (_name, text) => {
    const started = performance.now()
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(50)
    expect(performance.now() - started).toBeLessThan(3_000)
  })
})
