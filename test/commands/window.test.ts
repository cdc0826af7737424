import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { windowCommand } from '../../src/commands/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'window-'))
let before: typeof process.exitCode

beforeEach(() => {
  before = process.exitCode
})

afterEach(() => {
  process.exitCode = before
  vi.restoreAllMocks()
  vi.useRealTimers()
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the command as main does, and gives back what it wrote and its exit code. */
async function run(...words: string[]) {
  const written = { out: '', err: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.err += text
    return true
  })
  await windowCommand().parseAsync(words, { from: 'user' })
  vi.restoreAllMocks()
  return { ...written, code: process.exitCode }
}

function policy(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const friday = policy(
  'friday.yml',
  `gates:
  release_window:
    time_zone: Europe/London
    windows: [{ opens: Friday 14:00, closes: Friday 15:00 }]
    freezes: [{ from: 2026-12-18T00:00, to: 2027-01-04T00:00, reason: "Year \\n end" }]
`,
)

describe('a line `frozen` in the policy', () => {
  const frozen = policy('frozen.yml', 'gates:\n  release_window: { frozen: "Ledger\\n is moved" }\n')
  const inWindow = ['--at', '2026-11-25T10:30', '--policy', frozen]

  it('closes the window, and is shown', async () => {
    const { out, code } = await run(...inWindow)
    expect(out).toBe(
      'Closed at Wed, Nov 25, 10:30 AM PST (18:30 UTC).\nFrozen by the policy until that line is removed: Ledger is moved\n',
    )
    expect(code).toBe(1)
  })

  it('and in JSON', async () => {
    const { out, code } = await run(...inWindow, '--json')
    expect(JSON.parse(out)).toMatchObject({ open: false, frozen: 'Ledger\n is moved' })
    expect(code).toBe(1)
  })
})

describe('window --json', () => {
  it('open: the current window, exit code 0', async () => {
    const { out, err, code } = await run('--at', '2026-03-04T18:00:00.000Z', '--json')
    expect(out).toBe(
      '{"open":true,"opensAt":"2026-03-04T18:00:00.000Z","closesAt":"2026-03-04T19:00:00.000Z","zone":"America/Los_Angeles"}\n',
    )
    expect({ err, code }).toEqual({ err: '', code: 0 })
  })

  it('closed: the next window, exit code 1', async () => {
    const { out, err, code } = await run('--at', '2026-03-04T19:00:00Z', '--json')
    expect(JSON.parse(out)).toEqual({
      open: false,
      opensAt: '2026-03-11T17:00:00.000Z',
      closesAt: '2026-03-11T18:00:00.000Z',
      zone: 'America/Los_Angeles',
    })
    expect({ err, code }).toEqual({ err: '', code: 1 })
  })

  it('the closing margin does not count: open in the last second', async () => {
    const { out, code } = await run('--at', '2026-03-04T18:59:59.999Z', '--json')
    expect(JSON.parse(out)).toMatchObject({ open: true })
    expect(code).toBe(0)
  })

  it("a policy's own window and zone count, and no time at all is null", async () => {
    const read = await run('--policy', friday, '--at', '2026-07-03T13:30:00Z', '--json')
    expect(JSON.parse(read.out)).toMatchObject({ open: true, zone: 'Europe/London' })
    const frozen = policy(
      'frozen.yml',
      'gates: { release_window: { freezes: [{ from: 2020-01-01T00:00, to: 2050-01-01T00:00, reason: never }] } }\n',
    )
    const never = await run('--policy', frozen, '--at', '2026-07-03T13:30:00Z', '--json')
    expect(JSON.parse(never.out)).toMatchObject({ open: false, opensAt: null, closesAt: null })
    expect(never.code).toBe(1)
  })

  it('a time without an offset is on the clock of the window', async () => {
    const { out } = await run('--policy', friday, '--at', '2026-07-03T14:00', '--json')
    expect(JSON.parse(out)).toMatchObject({ open: true, opensAt: '2026-07-03T13:00:00.000Z' })
  })

  it('without --at it is now', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-04T18:30:00Z'), toFake: ['Date'] })
    expect((await run('--json')).code).toBe(0)
    vi.setSystemTime(new Date('2026-03-04T19:30:00Z'))
    expect((await run('--json')).code).toBe(1)
  })
})

describe('window, for people', () => {
  it('says when it closes', async () => {
    const { out } = await run('--at', '2026-11-25T18:30:00Z')
    expect(out).toContain('Open at Wed, Nov 25, 10:30 AM PST (18:30 UTC).')
    expect(out).toContain('Closes Wed, Nov 25, 11:00 AM PST (19:00 UTC).')
  })

  it('says why it is frozen, on one line', async () => {
    const { out, code } = await run('--policy', friday, '--at', '2026-12-25T14:30:00Z')
    expect(out).toContain('Opens  Fri, Jan 8, 2:00 PM GMT (14:00 UTC).')
    expect(out).toContain('Frozen until Mon, Jan 4, 12:00 AM GMT (00:00 UTC): Year end\n')
    expect(code).toBe(1)
  })
})

describe('a usage error has exit code 2, names the place, the problem and the fix, and prints no answer', () => {
  it.each(['yesterday', '2026-03-04', '2026-02-30T10:00Z', '2026-03-04T25:00Z', '1772647200', ''])(
    '--at "%s"',
    async (time) => {
      const { out, err, code } = await run('--at', time, '--json')
      expect(err).toBe(
        `--at: "${time}" is not an ISO date and time. Example: "2026-11-25T18:00:00Z" or "2026-11-25T10:00-08:00".\n`,
      )
      expect({ out, code }).toEqual({ out: '', code: 2 })
    },
  )

  it('a policy that is not there', async () => {
    const { out, err, code } = await run('--policy', join(folder, 'none.yml'))
    expect(err).toMatch(/^--policy: cannot read .*none\.yml \(.*\)\. Expected a release-gate\.yml\.\n$/)
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })

  it('a policy with a mistake: file, line and column', async () => {
    const broken = policy('broken.yml', 'gates:\n  release_window:\n    time_zone: America/Los_Angles\n')
    const { out, err, code } = await run('--policy', broken, '--at', '2026-03-04T18:00:00Z')
    expect(err).toMatch(/broken\.yml:3:\d+: .*did you mean "America\/Los_Angeles"\?/)
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })

  it('a policy without a window', async () => {
    const none = policy('approvals.yml', 'gates: { approvals: {} }\n')
    const { out, err, code } = await run('--policy', none)
    expect(err).toContain('the policy has no `release_window` under `gates`. Add one to use this command.')
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })
})
