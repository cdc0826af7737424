import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decideCommand } from '../../src/commands/decide.ts'
import { closedAddress } from '../doctor/world.ts'
import { buildHouse, type House } from '../sandbox/github/house.ts'
import { runCommand } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'decide-pull-'))
const wednesday = '2026-03-04T10:30-08:00'
const thursday = '2026-03-05T10:30-08:00'
let house: House
let number: number

beforeAll(async () => {
  const policy = 'gates:\n  approvals: {}\n  release_window: {}\n'
  house = await buildHouse({ 'README.md': '# Shop\n', '.github/release-gate.yml': policy })
  number = await house.openPull('wim', 'change', { 'src/a.ts': 'export {}\n' })
  for (const login of ['mary', 'wanda'])
    await house.as(login).pulls.createReview({ ...house.repo, pull_number: number, event: 'APPROVE' })
})
afterAll(async () => {
  await house.github.close()
  rmSync(folder, { recursive: true })
})

const decide = (login: string, words: string[], more: Record<string, string> = {}) =>
  runCommand(decideCommand(), ['--pull', `acme/shop#${number}`, ...words], {
    GITHUB_API_URL: house.github.url,
    GITHUB_TOKEN: house.github.tokenFor(login),
    ...more,
  })

describe('decide --pull', () => {
  test('prints the check as it would be inside the window, and what is not included', async () => {
    const { out, err, code } = await decide('ada', ['--at', wednesday])
    expect({ err, code }).toEqual({ err: '', code: 0 })
    expect(out).toMatch(/^Ready to merge\n/)
    expect(out).toMatch(
      /Not included, because only the bot knows it: freezes and exemptions from the command line, overdue reviews\.\n$/,
    )
  })

  test('a day later it waits for the window: exit code 1', async () => {
    const { out, code } = await decide('ada', ['--at', thursday])
    expect(out).toMatch(/^Opens Wed, Mar 11, 10:00 AM PDT\n/)
    expect(code).toBe(1)
  })

  test('with --label it is as if the caller had added it: urgent by someone with write access counts', async () => {
    const { out, code } = await decide('ada', ['--at', thursday, '--label', 'urgent'])
    expect(out).toMatch(/^Ready to merge\n/)
    expect(code).toBe(0)
  })

  test('the same label by someone with the triage role does not count', async () => {
    const { code } = await decide('tess', ['--at', thursday, '--label', 'urgent'])
    expect(code).toBe(1)
  })

  test('under another policy it says what that would ask for, as JSON too', async () => {
    const file = join(folder, 'three.yml')
    writeFileSync(
      file,
      'gates:\n  approvals: { count: 3 }\n  staging_regression: { suite: mcp-regression.yml, server: staging }\n',
    )
    const { out, code } = await decide('ada', ['--policy', file, '--json'])
    expect(JSON.parse(out)).toMatchObject({
      state: expect.stringMatching(/waiting|failed/),
      findings: [{ gate: 'approvals', state: 'waiting' }, { gate: 'staging_regression' }],
      unknown: expect.arrayContaining(['regression runs on staging']),
    })
    expect(code).toBe(1)
  })

  test('an override of the policy applies to the files that the pull request really changes', async () => {
    const file = join(folder, 'override.yml')
    const policyFor = (paths: string) =>
      `gates:\n  approvals: {}\n  release_window: {}\noverrides:\n  - name: library\n    when: { paths: ["${paths}"] }\n    gates: { release_window: off }\n`
    writeFileSync(file, policyFor('src/**'))
    expect(await decide('ada', ['--policy', file, '--at', thursday])).toMatchObject({
      out: expect.stringContaining('library'),
      code: 0,
    })
    writeFileSync(file, policyFor('docs/**'))
    expect(await decide('ada', ['--policy', file, '--at', thursday])).toMatchObject({ code: 1 })
  })

  test.each([
    [
      'commands: true\ngates: { approvals: {} }\n',
      'who requested a label by a command in a comment, like /urgent',
    ],
    [
      'gates: { approvals: {}, incidents: {}, release_window: {} }\nincidents: { repository: acme/incidents }\n',
      'open incidents',
    ],
    [
      'gates: { production_health: { monitors: [{ id: 1, name: Errors }] }, release_window: {} }\n',
      'monitors of production',
    ],
  ])('says what only the bot knows of a policy with %o', async (policy, says) => {
    const file = join(folder, 'more.yml')
    writeFileSync(file, policy)
    const { out } = await decide('ada', ['--policy', file])
    expect(out).toMatch(/\nNot included, because only the bot knows it: .*\.\n$/)
    expect(out.replaceAll(/\s+/g, ' ')).toContain(`overdue reviews, ${says}.`)
    writeFileSync(file, 'gates: { approvals: {} }\n')
    expect((await decide('ada', ['--policy', file])).out.replaceAll(/\s+/g, ' ')).toContain(
      'overdue reviews.',
    )
  })

  test('under an invalid policy it fails, and names the line', async () => {
    const file = join(folder, 'wrong.yml')
    writeFileSync(file, 'gates:\n  aprovals: {}\n')
    const { out, code } = await decide('ada', ['--policy', file])
    expect(out).toContain('wrong.yml:2:3')
    expect(code).toBe(1)
  })

  test('changes nothing on GitHub', async () => {
    const before = house.github.deliveries.log.length
    await decide('ada', ['--at', wednesday, '--label', 'urgent'])
    await house.github.settled()
    expect(house.github.deliveries.log).toHaveLength(before)
    const { data } = await house.as('ada').issues.get({ ...house.repo, issue_number: number })
    expect(data.labels).toEqual([])
  })
})

describe('what it refuses', () => {
  test.each<[string, string[], string]>([
    ['neither a snapshot nor a pull request', [], 'Use either --snapshot with a file, or --pull'],
    ['both', ['--snapshot', 'a.json', '--pull', 'acme/shop#1'], 'Use either --snapshot'],
    ['a snapshot without a policy', ['--snapshot', 'a.json'], '--policy: is required with --snapshot.'],
    [
      'a time for a snapshot',
      ['--snapshot', 'a.json', '--policy', 'p.yml', '--at', wednesday],
      '--at: only works with --pull.',
    ],
    [
      'a URL',
      ['--pull', 'https://github.com/acme/shop/pull/1'],
      'is not a pull request. Example: acme/shop#12.',
    ],
    [
      'a time without an offset',
      ['--pull', 'acme/shop#1', '--token', 'x', '--at', '2026-03-04T10:30'],
      'with an offset',
    ],
    ['no token', ['--pull', 'acme/shop#1'], '--token: is not set'],
    [
      'a policy that is not there',
      ['--pull', 'acme/shop#1', '--token', 'x', '--policy', '/none.yml'],
      '--policy: cannot read /none.yml',
    ],
  ])('%s ends with 2', async (_, words, says) => {
    const { out, err, code } = await runCommand(decideCommand(), words, {})
    expect({ out, err, code }).toEqual({ out: '', err: expect.stringContaining(says), code: 2 })
  })

  test('a pull request that is not there, or that the token may not read, ends with 2', async () => {
    for (const words of [
      ['--pull', 'acme/shop#999'],
      ['--pull', `acme/shop#${number}`, '--token', house.github.tokenFor('nora')],
    ]) {
      const { err, code } = await decide('ada', words)
      expect({ err, code }).toEqual({
        err: expect.stringContaining('GitHub does not find acme/shop#'),
        code: 2,
      })
    }
  })

  test('a GitHub that cannot be reached ends with 3', async () => {
    const { err, code } = await decide('ada', [], { GITHUB_API_URL: await closedAddress() })
    expect({ err, code }).toEqual({ err: expect.stringContaining('GitHub cannot be reached'), code: 3 })
  })
})
