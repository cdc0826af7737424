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
