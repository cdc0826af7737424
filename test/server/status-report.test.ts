import { describe, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { repositoryStatus } from '../../src/server/status-report.ts'
import type { Freeze } from '../../src/store/freezes.ts'
import type { StoredVerdict } from '../../src/store/verdicts.ts'
import { anApproval, ann, aPolicy, aSnapshot, bob } from '../support/snapshot.ts'

const text = 'gates:\n  approvals: {}\n  release_window: {}\n'
const open = '2026-11-25T18:10:00Z'
const closed = '2026-11-25T17:00:00Z'
const kept = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', text }

/** A verdict as it was stored at a time; `state` is what it was then unless something else is named. */
function stored(
  takenAt: string,
  {
    approved = true,
    state,
    decidedAt = takenAt,
  }: { approved?: boolean; state?: StoredVerdict['state']; decidedAt?: string } = {},
): StoredVerdict {
  const read = parsePolicy(text)
  if (!read.ok) throw new Error('the policy of the test is invalid')
  const reviews = approved ? [anApproval(ann), anApproval(bob)] : []
  const snapshot = aSnapshot({ takenAt, reviews })
  return {
    pull: snapshot.pull,
    snapshot,
    policy: read.policy,
    state: state ?? decide(snapshot, read.policy).state,
    report: { title: 'As it was stored' },
    decidedAt: new Date(decidedAt),
  } as unknown as StoredVerdict
}

const aFreeze = (until: string | null, scope = '*'): Freeze => ({
  scope,
  repositoryId: null,
  installationId: null,
  reason: 'Ledger',
  by: 'eva',
  since: new Date(closed),
  until: until === null ? null : new Date(until),
})

const at = (time: string, verdicts: StoredVerdict[] = [], freezes: Freeze[] = []) =>
  repositoryStatus(kept, {
    verdicts: verdicts.map((verdict) => {
      const check =
        verdict.state === 'passed' ? { state: 'passed' as const, title: 'Ready to merge' } : undefined
      return { verdict: { check, ...verdict }, facts: {} }
    }),
    unverified: [],
    freezes,
    at: new Date(time),
  })

describe('the state of a pull request, evaluated now', () => {
  test.each([
    ['is green where its check is and it still passes', stored(open), open, 'green', /^Ready|^All|Approved/],
    [
      'is ready where it passes and its check was written before the opening',
      stored(closed),
      open,
      'ready',
      /^Ready|^All|Approved/,
    ],
    [
      'is ready where the calendar took its green at the closing, by facts that were read before',
      stored(open, { state: 'waiting', decidedAt: '2026-11-25T19:00:00Z' }),
      '2026-11-25T19:30:00Z',
      'ready',
      /Opens/,
    ],
    ['is ready where it would pass at the next opening', stored(closed), closed, 'ready', /Opens/],
    [
      'is not ready where the window has closed since its check turned green',
      stored(open, { approved: false }),
      closed,
      'not ready',
      /approval/,
    ],
    [
      'never shows the stored text of a check whose time has passed',
      stored(open),
      '2026-11-25T19:30:00Z',
      'ready',
      /Opens/,
    ],
  ] as const)('%s', (_, verdict, time, state, check) => {
    const [pull] = at(time, [verdict]).pulls
    expect(pull).toMatchObject({ state, check: expect.stringMatching(check) })
    expect(pull?.check).not.toBe('As it was stored')
  })

  test('is not ready, in the words of its check, where it could not be verified', () => {
    const [pull] = at(open, [stored(open, { state: 'failed' })]).pulls
    expect(pull).toMatchObject({ state: 'not ready', check: 'As it was stored' })
  })

  test('is ready during a freeze without an end where nothing else is missing, as on the board', () => {
    const pulls = (verdict: StoredVerdict) => at(open, [verdict], [aFreeze(null)]).pulls
    expect(pulls(stored(open))).toMatchObject([{ state: 'ready', check: 'Frozen: Ledger' }])
    expect(pulls(stored(open, { approved: false }))).toMatchObject([{ state: 'not ready' }])
  })

  test('has no time at which it opens while another freeze or the policy outlasts the one that ends', () => {
    const ends = aFreeze('2026-11-25T18:30:00Z', 'acme/shop')
    const { window, frozen } = at(open, [], [ends, aFreeze(null)])
    expect(window).toEqual({ open: false, zone: 'America/Los_Angeles' })
    expect(frozen?.until).toBeUndefined()
    const policy = { ...kept, text: 'gates:\n  release_window: { frozen: Audit }\n' }
    const about = { verdicts: [], unverified: [], freezes: [ends], at: new Date(open) }
    expect(repositoryStatus(policy, about)).toMatchObject({ frozen: { reason: 'Audit' } })
    expect(repositoryStatus(policy, about).window).not.toHaveProperty('opensAt')
  })

  test('is ready again after the freeze that took its green', () => {
    const verdict = stored(open, { state: 'waiting', decidedAt: '2026-11-25T18:20:00Z' })
    const until = '2026-11-25T18:30:00Z'
    expect(at('2026-11-25T18:25:00Z', [verdict], [aFreeze(until)]).pulls).toMatchObject([{ state: 'ready' }])
  })

  describe('with a monitor of production', () => {
    const policy = aPolicy({
      approvals: {},
      release_window: {},
      production_health: { monitors: [{ id: 1, name: 'Errors' }] },
    })
    const readAt = (time: string, state: string) => ({
      health: { monitors: [{ id: 1, state, readAt: time, incidents: [] }] },
    })
    const pullWith = (state: string, facts: ReturnType<typeof readAt>) => {
      const before = stored(closed)
      const snapshot = { ...before.snapshot, ...readAt(closed, state) }
      const verdict = { ...before, policy, snapshot, state: decide(snapshot, policy).state }
      const known = [{ verdict, facts }]
      const about = { verdicts: known, unverified: [], freezes: [], at: new Date('2026-11-25T17:30:00Z') }
      return repositoryStatus(kept, about).pulls[0]
    }
    const now = (state: string) => readAt('2026-11-25T17:29:30Z', state)

    test('is ready though the monitor will be read again many times before the opening', () => {
      expect(pullWith('OK', now('OK'))).toMatchObject({ state: 'ready' })
    })

    test('is what the monitor says now, not when the pull request was read', () => {
      expect(pullWith('OK', now('Alert'))).toMatchObject({
        state: 'not ready',
        check: expect.stringContaining('Production alert'),
      })
      expect(pullWith('Alert', now('OK'))).toMatchObject({ state: 'ready' })
    })
  })

  test('is listed where its first evaluation failed', () => {
    const problem = { request: 'GET /repos/acme/shop/issues/7/events', status: 404, problem: 'Not Found' }
    const { pulls } = repositoryStatus(kept, {
      verdicts: [],
      unverified: [{ number: 7, headSha: 'a'.repeat(40), problem }],
      freezes: [],
      at: new Date(open),
    })
    expect(pulls).toMatchObject([
      { number: 7, state: 'not ready', check: expect.stringContaining('answered 404') },
    ])
  })
})

describe('the window', () => {
  test.each([
    ['is open in its hours', open, [], { open: true, closesAt: '2026-11-25T19:00:00.000Z' }],
    [
      'is closed during a freeze without an end, and opens at no known time',
      open,
      [aFreeze(null)],
      { open: false },
    ],
    [
      'opens when a freeze ends within it',
      open,
      [aFreeze('2026-11-25T18:30:00Z')],
      { open: false, opensAt: '2026-11-25T18:30:00.000Z', closesAt: '2026-11-25T19:00:00.000Z' },
    ],
    [
      'opens the next week where the freeze lasts longer than the window',
      open,
      [aFreeze('2026-11-26T00:00:00Z')],
      { open: false, opensAt: '2026-12-02T18:00:00.000Z' },
    ],
    [
      'is not closed by the freeze of another repository',
      open,
      [aFreeze(null, 'acme/other')],
      { open: true },
    ],
  ])('%s', (_, time, freezes, window) => {
    const status = at(time, [], freezes)
    expect(status.window).toMatchObject(window)
    if (!('opensAt' in window) && !window.open) expect(status.window).not.toHaveProperty('opensAt')
  })
})
