import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { policyCommand } from '../../src/commands/policy.ts'
import { defaultPolicy } from '../../src/decision/policy.ts'
import { runCommand } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'policy-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const check = (...words: string[]) => runCommand(policyCommand(), ['check', ...words], {})
const good = file('good.yml', 'gates:\n  approvals:\n  release_window: {}\n')
const wrong = file('wrong.yml', 'gates:\n  approvals: { count: 0 }\nbranch: [main]\n')

const own = (text: string) => file('own.yml', text)

describe('policy check', () => {
  test('a valid policy: exit code 0, and its week in words where it has a window', async () => {
    const { out, err, code } = await check(good)
    expect(out.split('\n')).toEqual([
      `${good} is a valid policy.`,
      'Open Wednesdays 10:00–11:00 Pacific, 1 hour a week.',
      expect.stringMatching(/^Next: Wed, [A-Z][a-z]{2} \d{1,2}, 10:00 AM P[SD]T \(1[78]:00 UTC\)\.$/),
      '',
    ])
    expect({ err, code }).toEqual({ err: '', code: 0 })
  })

  test.each([
    ['an unknown key', 'gates: { approvals: }\n"\\e[2K\\u202ekey": 1\n', 1],
    ['a value', 'gates: { approvals: { count: "\\u009b2J\\u200b" } }\n', 1],
    [
      'a name that is valid',
      'gates: { approvals: , hold: }\noverrides: [{ name: "\\e[2K\\u202ex", when: { labels: ["\\e[1Ay"] }, gates: { approvals: { count: 3 } } }]\n',
      0,
    ],
  ])('shows %s of the file without what moves the cursor of the terminal', async (_, text, expected) => {
    const { out, code } = await check(own(text))
    expect(code).toBe(expected)
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  })

  test('--json shows it with its defaults', async () => {
    const { out, code } = await check(good, '--json')
    expect(JSON.parse(out)).toEqual({ valid: true, problems: [], policy: defaultPolicy })
    expect(code).toBe(0)
  })

  test('names windows that overlap', async () => {
    const windows = '[{ opens: Mon 10:00, closes: Mon 12:00 }, { opens: Mon 11:00, closes: Mon 13:00 }]'
    const { out, code } = await check(file('two.yml', `gates:\n  release_window: { windows: ${windows} }\n`))
    expect(out).toContain('3 hours a week.')
    expect(out).toContain('Two windows overlap: Mon 10:00 to Mon 12:00, and Mon 11:00 to Mon 13:00.')
    expect(code).toBe(0)
  })

  test('a policy with mistakes: exit code 1, each with its line and column', async () => {
    const { out, err, code } = await check(wrong)
    expect(out).toMatch(/^.*wrong\.yml:2:\d+: .*\n.*wrong\.yml:3:1: .*known keys: branches.*\n$/)
    expect({ err, code }).toEqual({ err: '', code: 1 })
  })

  test('--json has the places of the mistakes as numbers', async () => {
    const { out, code } = await check(wrong, '--json')
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      policy: null,
      problems: [{ line: 2 }, { line: 3, column: 1 }],
    })
    expect(code).toBe(1)
  })

  const empty = file('empty.yml', 'gates: {}\n')

  test('a policy that nothing could ever pass: exit code 1, though the bot would read it', async () => {
    const { out, err, code } = await check(empty)
    expect({ err, code }).toEqual({ err: '', code: 1 })
    expect(out).toMatch(
      /^.*empty\.yml:1:8: `gates`: no gate is named, so every pull request fails; write .*\n$/,
    )
  })

  test('and --json shows both the problem and the policy', async () => {
    const { out, code } = await check(empty, '--json')
    const problem = { line: 1, column: 8, message: expect.stringContaining('no gate is named') }
    expect(JSON.parse(out)).toMatchObject({ valid: false, problems: [problem], policy: { gates: {} } })
    expect(code).toBe(1)
  })

  const shared = file('shared.yml', 'locked: [approvals]\ngates: { approvals: { count: 3 } }\n')

  test('with the policy of the organization: what it locks is named at its place, exit code 1', async () => {
    const { out, code } = await check(own('gates: { approvals: {}, hold: {} }\n'), '--organization', shared)
    expect(out).toBe(
      `${join(folder, 'own.yml')}:1:21: \`approvals\`: is locked by ${shared}; remove it here\n`,
    )
    expect(code).toBe(1)
  })

  test('with the policy of the organization: an own policy is shown as it applies', async () => {
    const { out, code } = await check(own('gates: { hold: {} }\n'), '--organization', shared, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ policy: { gates: { approvals: { count: 3 }, hold: {} } } })
  })

  test('with the policy of the organization: that nobody can pass both is named at the own file', async () => {
    const mine = own('gates: { approvals: off, runbooks: {} }\n')
    const open = file('organization.yml', 'gates: { approvals: {} }\n')
    const { out, code } = await check(mine, '--organization', open, '--json')
    expect(code).toBe(1)
    const [problem] = JSON.parse(out).problems
    expect(problem).toMatchObject({ file: mine, line: 1, column: 1 })
    expect(problem.message).toMatch(/^together with .*`runbooks` needs `staging_regression`/)
  })

  test('an organization whose policy is invalid or missing is no valid policy', async () => {
    const hold = own('gates: { hold: {} }\n')
    expect((await check(hold, '--organization', wrong)).code).toBe(1)
    expect(await check(hold, '--organization', join(folder, 'none.yml'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--organization: cannot read/),
    })
  })

  test('no line of what it describes is longer than 80 columns', async () => {
    const paths = Array.from({ length: 9 }, (_, n) => `"packages/service-${n}/docs/**"`).join(', ')
    const long = `gates: { approvals: {}, release_window: {}, hold: {} }
overrides:
  - { name: documentation, when: { paths: [${paths}], labels: [go] }, gates: { release_window: off, hold: off } }
`
    const { out, code } = await check(own(long))
    expect(code).toBe(0)
    expect(out).toContain('packages/service-8/docs/**')
    const described = out.split('\n').slice(1)
    expect(described.filter((line) => line.length > 80)).toEqual([])
  })

  test.each([
    ['a file that is not there', join(folder, 'none.yml'), 'ENOENT'],
    ['a folder', folder, 'EISDIR'],
  ])('%s: exit code 2', async (_, path, why) => {
    expect(await check(path, '--json')).toEqual({
      out: '',
      err: `policy check: cannot read ${path} (${why}). Expected a policy, like .github/release-gate.yml.\n`,
      code: 2,
    })
  })
})
