import { describe, expect, test } from 'vitest'
import { readRunbook, repeatedNames } from '../../../src/regression/runbook/runbook-file.ts'
import { formatProblem } from '../../../src/yaml/yaml-file.ts'

const fence = (yaml: string, info = 'yaml runbook') => `# A\n\ntext\n\n\`\`\`${info}\n${yaml}\n\`\`\`\n`
const read = (yaml: string, info?: string) => readRunbook(fence(yaml, info), 'docs/runbooks/pay.md')
const problemsOf = (yaml: string) => read(yaml).problems.map(formatProblem)
const steps = 'steps:\n  - { name: it answers, tool: search }'
const withVariable = (variable: string, step = `{ name: it, tool: search, args: { tx: "\${tx}" } }`) =>
  `variables: { tx: { description: the hash, ${variable} } }\nsteps: [${step}]`

describe('a runbook that can be run', () => {
  test('has the name of its file, or its own', () => {
    expect(read(steps).runbook).toMatchObject({ name: 'pay', file: 'docs/runbooks/pay.md' })
    expect(read(`name: payments\n${steps}`).runbook?.name).toBe('payments')
  })

  test.each([
    ['another block of YAML', fence(steps, 'yaml')],
    ['a block of another language', fence(steps, 'sh runbook')],
    ['a fence in a fence', `~~~\n${fence(steps)}~~~\n`],
    ['no block', '# A\n\ntext\n'],
  ])('is not %s', (_, text) => {
    expect(readRunbook(text, 'a.md')).toEqual({ runbook: undefined, problems: [] })
  })

  test('is the same file by its hash, and another one after any change', () => {
    const hash = (text: string) => readRunbook(text, 'a.md').runbook?.hash
    expect(hash(fence(steps))).toBe(hash(fence(steps)))
    expect(hash(`${fence(steps)}\n`)).not.toBe(hash(fence(steps)))
  })

  test.each([
    ['a text', 'drill: "0x1"'],
    ['a text that matches', 'matches: "0x[0-9]", drill: "0x1"'],
    ['a column of the ledger', 'drill: { table: reward_ledger, column: tx_hash }'],
    ['a variable of the operator', `drill: "\${SUITE_TX}", matches: "0x[0-9]"`],
  ])('drills a variable with %s', (_, variable) => {
    expect(problemsOf(withVariable(variable))).toEqual([])
  })

  test('needs no drill value for what only steps outside of drills read', () => {
    const step = `{ name: it, tool: search, args: { tx: "\${tx}" }, skip_drill: staging has none }`
    expect(read(`variables: { tx: { description: the hash } }\nsteps: [${step}]`).problems).toEqual([])
  })

  test('reads what an earlier step captured', () => {
    const two = `steps:\n  - { name: one, tool: a, capture: { id: { path: $.id } } }\n  - { name: two, tool: b, args: { id: "\${id}" } }`
    expect(problemsOf(two)).toEqual([])
  })
})

describe('a problem names its line and the fix', () => {
  test.each([
    [
      'an unknown key',
      'steps: []\nwrites: true',
      /^docs\/runbooks\/pay\.md:6:8: .*|pay\.md:7:1: unknown key `writes`/,
    ],
    [
      'a step that writes',
      'steps:\n  - { name: it, tool: pay, writes: true }',
      /pay\.md:7:\d+: unknown key `writes`/,
    ],
    ['no step', 'name: pay', /pay\.md:6:1: .*steps/],
    [
      'two kinds in a step',
      'steps:\n  - { name: it, tool: a, receipt: { hash: x } }',
      /pay\.md:7:\d+: .*one of `tool`/,
    ],
    [
      'an option of the command',
      withVariable('drill: x').replaceAll('tx', 'server'),
      /is an option of `runbook run`/,
    ],
    ['a name that is no option', withVariable('drill: x').replaceAll('tx', 'Tx'), /lower-case letters/],
    ['YAML that cannot be read', 'steps: [', /pay\.md:\d+:\d+: /],
    [
      'a value that nothing sets',
      `steps: [{ name: it, tool: a, args: { a: "\${b}" } }]`,
      /pay\.md:5:1: step "it" reads \$\{b\}, which nothing sets/,
    ],
    [
      'a value that only a later step captures',
      `steps:\n  - { name: two, tool: b, args: { id: "\${id}" } }\n  - { name: one, tool: a, capture: { id: { path: $.id } } }`,
      /step "two" reads \$\{id\}/,
    ],
    [
      'a secret of the environment',
      `steps: [{ name: it, tool: a, args: { a: "\${WEBHOOK_SECRET}" } }]`,
      /WEBHOOK_SECRET/,
    ],
    [
      'a variable that no step reads',
      withVariable('drill: x', '{ name: it, tool: a }'),
      /no step reads the variable tx/,
    ],
    ['a variable without a drill', withVariable('matches: x'), /the variable tx has no value for a drill/],
    [
      'a drill value that does not match',
      withVariable('matches: "0x[0-9]", drill: "0x12"'),
      /drill value of tx does not match/,
    ],
    [
      'a stored answer',
      'steps: [{ name: it, tool: a, expect: { snapshot: true } }]',
      /cannot expect a `snapshot`/,
    ],
  ])('%s', (_, yaml, problem) => {
    const problems = problemsOf(yaml)
    expect(problems.join('\n')).toMatch(problem)
    expect(read(yaml).runbook).toBeUndefined()
  })

  test('after front matter and in a fence of tildes, the line is that of the file', () => {
    const text = `---\na: 1\n---\n\n~~~yaml runbook\nsteps:\n  - { name: it, wrong: 1 }\n~~~\n`
    expect(readRunbook(text, 'a.md').problems.map(formatProblem).join()).toMatch(
      /a\.md:7:\d+: unknown key `wrong`/,
    )
  })

  test('a second block', () => {
    const { runbook, problems } = readRunbook(fence(steps) + fence(steps), 'a.md')
    expect(runbook).toBeUndefined()
    expect(problems.map(formatProblem)).toEqual(['a.md:13:1: a runbook has one block; merge the two'])
  })

  test('two files with one name', () => {
    const [one, two] = ['a.md', 'b.md'].map((file) => readRunbook(fence(`name: pay\n${steps}`), file).runbook)
    expect(repeatedNames(one && two ? [one, two] : []).map(formatProblem)).toEqual([
      'b.md:1:1: the runbook "pay" is also in a.md; rename one',
    ])
  })
})
