import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { decideCommand } from '../../src/commands/decide.ts'
import { anApproval, ann, aSnapshot, bob } from '../support/snapshot.ts'
import { runCommand } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'decide-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.useRealTimers())
const file = (name: string, content: unknown) => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const defaults = file('policy.yml', 'gates: { approvals: {}, release_window: {} }\n')
const approved = aSnapshot({ reviews: [anApproval(ann), anApproval(bob)] })
const good = file('good.json', approved)
const decide = (snapshot: string, policy = defaults, ...more: string[]) =>
  runCommand(decideCommand(), ['--snapshot', snapshot, '--policy', policy, ...more], {})

describe('the answer', () => {
  test('passed is exit code 0', async () => {
    const { out, err, code } = await decide(good)
    expect(JSON.parse(out)).toMatchObject({
      state: 'passed',
      findings: [
        { gate: 'approvals', state: 'passed' },
        { gate: 'release_window', state: 'passed' },
      ],
    })
    expect({ err, code }).toEqual({ err: '', code: 0 })
  })

  test.each([
    ['an approval is missing', { reviews: [anApproval(ann)] }, 'waiting'],
    ['the window is closed', { ...approved, takenAt: '2026-11-25T19:00:00Z' }, 'waiting'],
    [
      'a commit has no account',
      { ...approved, unattributed: [{ commit: approved.head.sha, field: 'author', name: 'X' }] },
      'failed',
    ],
  ])('%s: exit code 1, and the verdict says %s', async (_, parts, state) => {
    const { out, code } = await decide(file('no.json', aSnapshot(parts as Partial<typeof approved>)))
    expect(JSON.parse(out)).toMatchObject({ state })
    expect(code).toBe(1)
  })

  test('the same input gives the same bytes, a year later and with --json too', async () => {
    vi.useFakeTimers({ now: new Date('2026-11-25T18:10:00Z'), toFake: ['Date'] })
    const first = await decide(good)
    vi.setSystemTime(new Date('2027-11-28T03:00:00Z'))
    const later = await decide(good)
    expect(later.out).toBe(first.out)
    expect((await decide(good, defaults, '--json')).out).toBe(first.out)
  })

  test('the same bytes from processes in other time zones and languages', async () => {
    const main = join(import.meta.dirname, '../../src/main.ts')
    const inZone = (TZ: string, LANG: string) =>
      promisify(execFile)(process.execPath, [main, 'decide', '--snapshot', good, '--policy', defaults], {
        env: { PATH: process.env.PATH, TZ, LANG },
      })
    const [one, other] = await Promise.all([
      inZone('Asia/Tokyo', 'ja_JP.UTF-8'),
      inZone('America/St_Johns', 'C'),
    ])
    expect(one.stdout).toContain('"passed"')
    expect(other.stdout).toBe(one.stdout)
  })
})

describe('invalid input has exit code 2, names the place, the problem and the fix, and gives no verdict', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'a snapshot that is not there',
      join(folder, 'none.json'),
      defaults,
      /^--snapshot: cannot read .*none\.json \(ENOENT\)\. Expected a snapshot as JSON\.$/,
    ],
    ['a folder for a snapshot', folder, defaults, /^--snapshot: cannot read .* \(EISDIR\)\. Expected/],
    [
      'a snapshot that is not JSON',
      file('broken.json', '{"pull":'),
      defaults,
      /broken\.json: is not valid JSON: ./,
    ],
    [
      'a snapshot without its head',
      file('headless.json', { ...approved, head: undefined }),
      defaults,
      /headless\.json: is not a snapshot \(see schema\/snapshot\.schema\.json\):\n.*\n.*→ at head/,
    ],
    [
      'a snapshot with an unknown field',
      file('more.json', { ...approved, verdict: 'passed' }),
      defaults,
      /more\.json: is not a snapshot.*\n.*"verdict"/,
    ],
    [
      'a snapshot of another time format',
      file('time.json', { ...approved, takenAt: 'yesterday' }),
      defaults,
      /→ at takenAt/,
    ],
    ['a list for a snapshot', file('list.json', []), defaults, /is not a snapshot/],
    [
      'a policy that is not there',
      good,
      join(folder, 'none.yml'),
      /^--policy: cannot read .*none\.yml \(ENOENT\)\. Expected a release-gate\.yml\.$/,
    ],
    [
      'a policy with a mistake',
      good,
      file('wrong.yml', 'gates:\n  approval: {}\n'),
      /wrong\.yml:2:3: .*known keys: approvals/,
    ],
  ])('%s', async (_, snapshot, policy, says) => {
    const { out, err, code } = await decide(snapshot, policy)
    expect({ out, code }).toEqual({ out: '', code: 2 })
    expect(err.trimEnd()).toMatch(says)
  })

  test('two wrong inputs are reported together', async () => {
    const { err } = await decide(join(folder, 'none.json'), join(folder, 'none.yml'))
    expect(err).toMatch(/^--policy: .*\n--snapshot: .*\n$/)
  })
})
