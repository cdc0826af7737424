import { describe, expect, it } from 'vitest'
import { defaultPolicy, type Policy } from '../../src/decision/policy.ts'
import { impossiblePolicy, parsePolicy, policyPath } from '../../src/policy/policy-file.ts'
import { formatProblem, maximumYamlBytes } from '../../src/yaml/yaml-file.ts'

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
      'p:1:1: the file has 32769 bytes; the limit is 32768. Shorten it.',
    ])
  })
})

describe('a policy with more mistakes than anyone reads', () => {
  const window = '{opens: Monday 00:00, closes: Wednesday 00:00}'
  const gates = `{release_window: {windows: [${Array(9).fill(window).join(', ')}]}}`
  const overrides = Array.from(
    { length: 45 },
    (_, n) => `{name: o${n}, when: {branches: [x]}, gates: ${gates}}`,
  ).join(', ')

  it.each([
    ['windows that are open for days', `gates: {hold: {}}\noverrides: [${overrides}]\n`],
    ['locks on a gate that is off', `gates: {}\nlocked: [${Array(2_900).fill('hold').join(', ')}]\n`],
  ])('names 50 of them: %s', (_, text) => {
    expect(problemsOf(text)).toHaveLength(50)
  })
})

describe('the patterns of paths, branches and suites in a policy', () => {
  const list = (count: number) => `[${Array.from({ length: count }, (_, n) => `a${n}`).join(', ')}]`
  const override = (when: string, count: number) =>
    `gates: {hold: {}}\noverrides:\n  - {name: o, when: {branches: ${list(100)}}, gates: {approvals: {}}}\n  - {name: p, when: {${when}: ${list(count)}}, gates: {approvals: {}}}\n`
  const limit = 'patterns of paths, branches and suites; the limit is 200. Combine some, like "docs/**"'

  it('are limited to 200 in all, and the list that exceeds it is named', () => {
    expect(problemsOf(override('paths', 99))).toEqual([])
    expect(problemsOf(override('paths', 100))).toEqual([`p:4:29: \`paths\`: the policy has 201 ${limit}`])
    expect(problemsOf(override('branches', 100))).toEqual([
      `p:4:32: \`branches\`: the policy has 201 ${limit}`,
    ])
  })

  it('count under `branches` and for suites too', () => {
    expect(problemsOf(`branches: ${list(201)}\ngates: {hold: {}}\n`)).toEqual([
      `p:1:11: \`branches\`: the policy has 201 ${limit}`,
    ])
    const regression = `{staging_regression: {suite: ${list(20)}}}`
    expect(problemsOf(`branches: ${list(180)}\ngates: ${regression}\n`)).toEqual([])
    expect(problemsOf(`branches: ${list(181)}\ngates: ${regression}\n`)).toEqual([
      `p:2:8: \`gates\`: the policy has 201 ${limit}`,
    ])
  })
})

describe('the overrides of a policy', () => {
  const freezes = `[${Array.from({ length: 200 }, () => '{from: 2027-01-01T00:00, to: 2027-01-02T00:00, reason: Holidays}').join(', ')}]`
  const overrides = (count: number) =>
    Array.from(
      { length: count },
      (_, n) => `  - {name: o${n}, when: {branches: [x]}, gates: {release_window: {frozen: x}}}\n`,
    ).join('')

  it('may repeat what they take over from `gates` until the whole policy has 256 kB', () => {
    const policy = (count: number) =>
      `gates: {release_window: {freezes: ${freezes}}}\noverrides:\n${overrides(count)}`
    expect(problemsOf(policy(10))).toEqual([])
    expect(problemsOf(policy(30))).toEqual([
      expect.stringMatching(
        /^p:3:3: `overrides`: the 30 overrides repeat what they keep of `gates` \(6000 freezes in all\), which makes the policy \d+% too large; remove overrides, or freezes that have passed$/,
      ),
    ])
    expect(problemsOf(policy(30).replaceAll('release_window: {frozen', 'hold: {label'))).toEqual([])
  })
})

const like = 'write it like `gates: { approvals: {}, release_window: {} }`'
const atLeast = 'write at least `gates: { approvals: {}, release_window: {} }`'

describe('a text that is parsed again', () => {
  it('gives the same result, without the work', () => expect(parsePolicy(sample)).toBe(parsePolicy(sample)))

  it('gives the problems of the file that it is in now', () => {
    expect(parsePolicy('gates: []', 'one')).toMatchObject({ ok: false, problems: [{ file: 'one' }] })
    expect(parsePolicy('gates: []', 'two')).toMatchObject({ ok: false, problems: [{ file: 'two' }] })
  })
})

describe('an error names file, line and column, what is wrong and how to fix it', () => {
  const cases: [string, string, string[]][] = [
    ['an empty file', '', [`p:1:1: the file is empty; ${atLeast}`]],
    ['a file of comments', '# nothing\n', [`p:1:1: the file is empty; ${atLeast}`]],
    ['no gates', 'branches: [main]\n', [`p:1:1: \`gates\`: is missing; ${like}`]],
    ['gates without a value', 'gates:\n', [`p:1:7: \`gates\`: is missing; ${like}`]],
    [
      'an unknown key',
      'gates: {}\ngate: {}\n',
      [
        'p:2:1: unknown key `gate`; known keys: branches, commands, gates, overrides, enforce, incidents, push, extends, locked, release_notes, row_security, slack',
      ],
    ],
    [
      'an unknown gate',
      'gates:\n  approvals:\n  aprovals: {}\n',
      [
        'p:3:3: unknown key `aprovals`; known keys: approvals, code_owners, release_window, staging_regression, runbooks, incidents, production_health, hold',
      ],
    ],
    [
      'an unknown setting of a gate',
      'gates:\n  approvals:\n    cuont: 2\n',
      [
        'p:3:5: unknown key `cuont`; known keys: count, teams, unattributed, bots, trusted_bots, suggestions, request_reviews',
      ],
    ],
    [
      'a key that every object has',
      'gates:\n  __proto__: { approvals: {} }\n',
      [
        'p:2:3: unknown key `__proto__`; known keys: approvals, code_owners, release_window, staging_regression, runbooks, incidents, production_health, hold',
      ],
    ],
    [
      'an unknown setting of an override',
      'gates: { approvals: {} }\noverrides:\n  - name: a\n    when: { paths: [a] }\n    gates:\n      approvals: { cuont: 1 }\n',
      [
        'p:6:20: unknown key `cuont`; known keys: count, teams, unattributed, bots, trusted_bots, suggestions, request_reviews',
      ],
    ],
    [
      'a setting of another kind in an override',
      'gates: { approvals: {} }\noverrides:\n  - name: a\n    when: { paths: [a] }\n    gates: { approvals: { count: two } }\n',
      ['p:5:34: `count`: "two" is not a number; write it like `count: 2`'],
    ],
    [
      'a setting of the policy that its overrides would repeat, once',
      'gates: { approvals: { count: 0 } }\noverrides:\n  - { name: a, when: { paths: [a] }, gates: { approvals: { teams: [ops] } } }\n',
      ['p:1:30: `count`: 0 is too small; write at least 1'],
    ],
    [
      'an override without a condition',
      'gates: { approvals: {} }\noverrides:\n  - { name: a, when: {}, gates: { approvals: {} } }\n',
      ['p:3:22: `when`: names no condition; write at least one of: paths, branches, authors, labels'],
    ],
    [
      'two overrides of one name',
      'gates: { approvals: {} }\noverrides:\n  - { name: a, when: { labels: [x] }, gates: {} }\n  - { name: a, when: { labels: [y] }, gates: {} }\n',
      ['p:4:13: `name`: two overrides are called "a"'],
    ],
    [
      'a path that begins with a slash',
      'gates: { approvals: {} }\noverrides:\n  - { name: a, when: { paths: [/docs] }, gates: {} }\n',
      [
        'p:3:32: `paths[0]`: write the path from the root of the repository, without "/" or "!" in front, like "docs/**"',
      ],
    ],
    [
      'a window of an override that is open for days',
      'gates: { release_window: {} }\noverrides:\n  - name: a\n    when: { branches: [next] }\n    gates: { release_window: { windows: [{ opens: Monday 09:00, closes: Friday 16:00 }] } }\n',
      [
        'p:5:73: `closes`: this window is open for 4 days 7 hours a week; swap the times if they are the wrong way round, or add `long: true`',
      ],
    ],
    [
      'a merge key',
      'gates:\n  approvals:\n    <<: { count: 1 }\n',
      [
        'p:3:5: unknown key `<<`; known keys: count, teams, unattributed, bots, trusted_bots, suggestions, request_reviews',
      ],
    ],
    [
      'a count of 0',
      'gates:\n  approvals: { count: 0 }\n',
      ['p:2:23: `count`: 0 is too small; write at least 1'],
    ],
    [
      'a negative count, in a file with the line ends of Windows',
      'gates:\r\n  approvals:\r\n    count: -1\r\n',
      ['p:3:12: `count`: -1 is too small; write at least 1'],
    ],
    [
      'a count that is text',
      'gates:\n  approvals: { count: "2" }\n',
      ['p:2:23: `count`: "2" is not a number; write it like `count: 2`'],
    ],
    [
      'a count in words',
      'gates:\n  approvals: { count: two }\n',
      ['p:2:23: `count`: "two" is not a number; write it like `count: 2`'],
    ],
    [
      'a count without end',
      'gates:\n  approvals: { count: .inf }\n',
      ['p:2:23: `count`: Infinity is not a number; write it like `count: 2`'],
    ],
    [
      'a count that is not even one',
      'gates:\n  approvals: { count: .nan }\n',
      ['p:2:23: `count`: NaN is not a number; write it like `count: 2`'],
    ],
    [
      'half a count',
      'gates:\n  approvals: { count: 2.5 }\n',
      ['p:2:23: `count`: 2.5 is not a whole number; write it like `count: 3`'],
    ],
    [
      'a yes where YAML wants true',
      'gates:\n  approvals: { request_reviews: yes }\n',
      ['p:2:33: `request_reviews`: "yes" is not true or false; write it like `request_reviews: true`'],
    ],
    [
      'a word that is not one of those',
      'gates:\n  approvals: { unattributed: maybe }\n',
      ['p:2:30: `unattributed`: "maybe" is not a known value; write one of: fail, ignore'],
    ],
    [
      'a word that is left out',
      'gates:\n  approvals:\n    unattributed:\n',
      ['p:3:18: `unattributed`: is missing; write one of: fail, ignore'],
    ],
    [
      'a label that is a number',
      'gates:\n  release_window: { urgent: { label: 5 } }\n',
      ['p:2:38: `label`: 5 is not text; write it like `label: "5"`'],
    ],
    [
      'a text that is a map',
      'gates:\n  release_window: { frozen: { since: today } }\n',
      ['p:2:29: `frozen`: {"since":"today"} is not text; write it like `frozen: "…"`'],
    ],
    [
      'a freeze that is not a map',
      'gates:\n  release_window: { freezes: [tomorrow] }\n',
      [
        'p:2:31: `freezes[0]`: "tomorrow" is not a map of settings; write it like `{ from: …, to: …, reason: … }`',
      ],
    ],
    [
      'a count without a value',
      'gates:\n  approvals:\n    count:\n',
      ['p:3:11: `count`: is missing; write it like `count: 2`'],
    ],
    [
      'a gate that is a list',
      'gates:\n  approvals: [2]\n',
      ['p:2:14: `approvals`: [2] is not a map of settings; write it like `approvals: {}`'],
    ],
    [
      'a gate that is turned on by true',
      'gates:\n  approvals: true\n',
      ['p:2:14: `approvals`: true is not a map of settings; write it like `approvals: {}`'],
    ],
    [
      'a gate that is turned on by yes',
      'gates:\n  approvals:\n  hold: yes\n',
      ['p:3:9: `hold`: "yes" is not a map of settings; write it like `hold: {}`'],
    ],
    [
      'gates that are a list',
      'gates: [approvals]\n',
      [`p:1:8: \`gates\`: ["approvals"] is not a map of settings; ${like}`],
    ],
    [
      'branches that are not a list',
      'branches: main\ngates: {}\n',
      ['p:1:11: `branches`: "main" is not a list; write it like `branches: [main]`'],
    ],
    [
      'branches that are left out',
      'branches:\ngates: {}\n',
      ['p:1:10: `branches`: is missing; write it like `branches: [ … ]`'],
    ],
    [
      'a zone that does not exist',
      'gates:\n  release_window:\n    time_zone: Mars/Base\n',
      ['p:3:16: `time_zone`: "Mars/Base" is not an IANA time zone; write a name like "America/Los_Angeles"'],
    ],
    [
      'a team that is not a slug',
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
    [
      'a repeated key',
      'gates:\n  approvals: {}\n  approvals: {}\n',
      ['p:3:3: Map keys must be unique; remove one of them'],
    ],
    [
      'a tab for indentation',
      'gates:\n\tapprovals: {}\n',
      ['p:2:1: Tabs are not allowed as indentation; use spaces'],
    ],
    [
      'a key that is indented less than those beside it',
      'gates:\n  approvals: {}\n release_window: {}\n',
      ['p:3:1: All mapping items must start at the same column; indent this line like those beside it'],
    ],
    [
      'a text with a colon and a space',
      'gates:\n  release_window:\n    frozen: Ledger: off\n',
      ['p:3:13: Nested mappings are not allowed in compact mappings; put a text with a colon in quotes'],
    ],
    [
      'two documents',
      'gates: {}\n---\ngates: {}\n',
      ['p:2:1: a second document begins here; use a single document without `---`'],
    ],
    ['plain text', 'hello', [`p:1:1: "hello" is not a map of settings; ${atLeast}`]],
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

/** An entry of three times the entry before it. */
function tripled(key: string): string {
  const before = `*${String.fromCharCode(key.charCodeAt(0) - 1)}`
  return `${key}: &${key} [${before}, ${before}, ${before}]\n`
}

// Expanding the bomb would not end before the test's timeout.
describe('a file that was made to harm is refused at once', () => {
  it.each([
    ['lists within lists', `gates: ${'['.repeat(16_000)}`],
    ['maps within maps', `gates: ${'{a: '.repeat(8_000)}`],
    ['thousands of keys', Array.from({ length: 3_500 }, (_, index) => `k${index}: 1`).join('\n')],
    ['an alias bomb', `a: &a [x, x, x]\n${'bcdefghijklmnopqrstuvwxyz'.replace(/./g, tripled)}`],
    ['a tag of a programming language', 'gates: !!js/function "process.exit()"'],
    ['a NUL', 'gates:\0'],
  ])('%s', (_name, text) => {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(50)
  })
})

describe('what nobody means is refused with its place', () => {
  const problemsOf = (window: string) => {
    const read = parsePolicy(`gates:\n  release_window:\n    ${window}\n`, 'p')
    return read.ok ? [] : read.problems.map(formatProblem)
  }
  const windows = (...each: string[]) => problemsOf(`windows: [${each.join(', ')}]`)

  it.each([
    ['swapped times', '{ opens: Wednesday 11:00, closes: Wednesday 10:00 }', '6 days 23 hours'],
    ['a day and a minute', '{ opens: Mon 10:00, closes: Tue 10:01 }', '1 day 1 minute'],
    ['more than a day over the end of the week', '{ opens: Sat 22:00, closes: Mon 02:00 }', '1 day 4 hours'],
    [
      'a long window that is denied to be long',
      '{ opens: Mon 10:00, closes: Wed 10:00, long: false }',
      '2 days',
    ],
  ])('%s', (_, window, length) => {
    expect(windows(window)).toEqual([
      expect.stringMatching(
        new RegExp(`^p:3:\\d+: \`closes\`: this window is open for ${length} a week; swap .*long: true`),
      ),
    ])
  })

  it.each([
    ['a day exactly', '{ opens: Mon 10:00, closes: Tue 10:00 }'],
    ['a night over the end of the week', '{ opens: Sun 22:00, closes: Mon 02:00 }'],
    ['a long window that is meant', '{ opens: Mon 10:00, closes: Wed 10:00, long: true }'],
  ])('but not %s', (_, window) => expect(windows(window)).toEqual([]))

  it.each([
    ['EST', 'America/New_York'],
    ['est', 'America/New_York'],
    ['MST', 'America/Denver'],
    ['HST', 'Pacific/Honolulu'],
    ['Etc/GMT+8', 'America/Los_Angeles'],
    ['Etc/GMT-1', 'Europe/Berlin'],
    ['GMT', 'Europe/London'],
    ['Etc/Greenwich', 'Europe/London'],
  ])('the zone %s, for which %s was probably meant', (zone, meant) => {
    expect(problemsOf(`time_zone: ${zone}`)).toEqual([
      `p:3:16: \`time_zone\`: "${zone}" has no daylight saving time; did you mean "${meant}"? Write "UTC" for a fixed clock`,
    ])
  })

  it.each(['UTC', 'Etc/UTC', 'America/Phoenix', 'Europe/London', 'EST5EDT'])('but not the zone %s', (zone) =>
    expect(problemsOf(`time_zone: ${zone}`)).toEqual([]),
  )
})

describe('what no pull request could ever pass, though it is a valid policy', () => {
  const told = (text: string) => impossiblePolicy(text, policyOf(text), 'p').map(formatProblem)
  const window = (margin: string, windows: string) =>
    `gates:\n  release_window:\n    windows: [${windows}]\n    closing_margin: ${margin}\n`
  const hour = '{ opens: Wednesday 10:00, closes: Wednesday 11:00 }'
  const next = '{ opens: Wednesday 11:00, closes: Wednesday 12:00 }'
  const night = '{ opens: Sunday 23:30, closes: Monday 00:30 }'
  const early = '{ opens: Monday 00:00, closes: Monday 12:00 }'
  const late = '{ opens: Monday 12:00, closes: Monday 00:00, long: true }'
  const never = (margin: string, longest: string) =>
    `p:4:21: \`closing_margin\`: ${margin} is not shorter than the longest window (${longest}), so nothing could turn green but what is urgent; write a shorter margin, or a longer window`

  it.each([
    [
      'no gate at all',
      'branches: [main]\ngates: {}\n',
      'p:2:8: `gates`: no gate is named, so every pull request fails; write at least `gates: { approvals: {}, release_window: {} }`',
    ],
    ['a margin longer than the window', window('90m', hour), never('90m', '60m')],
    ['a margin just as long', window('1h', hour), never('1h', '60m')],
    ['a margin longer than windows apart', window('1h1m', `${hour}, ${night}`), never('1h1m', '60m')],
    ['a margin longer than two windows that touch', window('2h', `${hour}, ${next}`), never('2h', '120m')],
    [
      'a window of seconds, shorter than the margin that nobody wrote',
      'gates:\n  release_window:\n    windows: [{ opens: Wed 10:00, closes: Wed 10:00:30 }]\n',
      'p:3:5: `closing_margin`: 60s is not shorter than the longest window (30s), so nothing could turn green but what is urgent; write a shorter margin, or a longer window',
    ],
    [
      'runbooks without the regression that lists the tools',
      'gates:\n  approvals: {}\n  runbooks: {}\n',
      'p:3:13: `runbooks`: `runbooks` needs `staging_regression`, which lists the tools of the head; turn both on, or both off',
    ],
    [
      'an override that turns off only the regression',
      'gates: { staging_regression: {}, runbooks: {} }\noverrides:\n  - name: docs\n    when: { paths: [docs] }\n    gates: { staging_regression: off }\n',
      'p:5:12: `runbooks`: `runbooks` needs `staging_regression`, which lists the tools of the head; turn both on, or both off',
    ],
  ])('%s is reported with its place', (_, text, problem) => expect(told(text)).toEqual([problem]))

  it.each([
    ['a margin that leaves a second', window('59m59s', hour)],
    ['a margin shorter than two windows that touch', window('90m', `${hour}, ${next}`)],
    ['a window over midnight and the end of the week', window('59m', night)],
    [
      'windows that never close',
      window('200h', `${early}, ${late}, { opens: Tuesday 00:00, closes: Monday 00:00, long: true }`),
    ],
    [
      'a freeze, a holiday and a zone that changes its clocks',
      `${window('50m', hour)}    holidays: US\n    freezes: [{ from: 2020-01-01, to: 2099-01-01, reason: Long }]\n`.replaceAll(
        '-01,',
        '-01T00:00,',
      ),
    ],
    ['the defaults', 'gates: { approvals: {}, release_window: {} }\n'],
    ['no window at all', 'gates: { approvals: {} }\n'],
  ])('%s is not', (_, text) => expect(told(text)).toEqual([]))
})

describe('a label', () => {
  it('has no spaces around it, as on GitHub', () => {
    const { gates } = policyOf(
      'gates:\n  hold: { label: "wait " }\n  release_window: { urgent: { label: " now" } }\n',
    )
    expect([gates.hold?.label, gates.release_window?.urgent.label]).toEqual(['wait', 'now'])
  })

  it.each(['hold: { label: "  " }', 'release_window: { urgent: { label: " " } }'])(
    'is not blank: %s',
    (gate) => {
      expect(problemsOf(`gates:\n  ${gate}\n`)).toEqual([expect.stringContaining('the label needs a name')])
    },
  )
})

it.each([
  ['gates: !!omap [hold: {}]\n', '!!omap'],
  ['gates: !!set { hold }\n', '!!set'],
  ['gates: !!map { hold: {} }\n', '!!map'],
  ['gates: { hold: { label: !!str wait } }\n', '!!str'],
])('a tag is refused, since some hide what is in a map: %j', (text, tag) => {
  expect(problemsOf(text)).toContainEqual(expect.stringContaining(`the tag ${tag} is not allowed; remove it`))
})
