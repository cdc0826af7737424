import { describe, expect, test } from 'vitest'
import { waitingForTurnReport } from '../../../src/decision/report.ts'
import { unverifiedReport } from '../../../src/decision/unverified-report.ts'
import type { OpeningCalendar } from '../../../src/server/board/at-opening.ts'
import { pullCard } from '../../../src/server/board/pull-card.ts'
import { factsOf, headOf, shop, verdictOn } from '../../support/board-world.ts'
import { aBlock, aLabel, anApproval, ann, bob, cleo, shaOf } from '../../support/snapshot.ts'

const sha = headOf(5)
const approvals = [anApproval(ann, { commit: sha }), anApproval(bob, { commit: sha })]
const closed = '2026-11-24T18:00:00Z'
const open = '2026-11-25T18:10:00Z'
const calendar: OpeningCalendar = { opensAt: new Date('2026-11-25T18:00:00Z'), freeze: {} }

const verdict = (what: Parameters<typeof factsOf>[2] = {}) =>
  verdictOn(factsOf(shop, 5, { takenAt: closed, ...what }), 1)
const check = (state: 'passed' | 'waiting', title = 'Ready to merge') => ({
  state,
  title,
  postedAt: new Date(open),
})
const cardOf = (
  stored: ReturnType<typeof verdict>,
  standing: Parameters<typeof pullCard>[1]['check'] = undefined,
  under = calendar,
) => pullCard(stored, { state: stored.state, check: standing }, under)

describe('the state of an open pull request', () => {
  test('is green only where the check is green on GitHub', () => {
    const passed = verdict({ takenAt: open, reviews: approvals })
    expect(cardOf(passed, check('passed')).state).toBe('green')
    expect(cardOf(passed, check('waiting', 'Checking again')).state).toBe('ready')
    expect(cardOf(passed).state).toBe('ready')
  })

  test('is failed where its check failed, whatever its own verdict', () => {
    const passed = verdict({ takenAt: open, reviews: approvals })
    const red = { ...check('waiting', 'Changes requested by cleo'), state: 'failed' as const }
    expect(cardOf(passed, red)).toMatchObject({ state: 'failed', check: 'Changes requested by cleo' })
  })

  test('is queued while limits of GitHub hold its green check back', () => {
    const passed = verdict({ takenAt: open, reviews: approvals })
    expect(cardOf(passed, check('waiting', waitingForTurnReport().title))).toMatchObject({
      state: 'queued',
      check: waitingForTurnReport().title,
    })
  })

  test('is ready where it passes at the next opening, and waiting where something else is missing then', () => {
    expect(cardOf(verdict({ reviews: approvals })).state).toBe('ready')
    expect(cardOf(verdict({ reviews: approvals.slice(1) })).state).toBe('waiting')
    expect(cardOf(verdict({ reviews: approvals, labels: [aLabel({ name: 'hold' })] })).state).toBe('waiting')
  })

  test('is ready after the window has closed again, although its facts were read while it was open', () => {
    const passed = verdict({ takenAt: open, reviews: approvals })
    const after = { ...passed, state: 'waiting' as const, decidedAt: new Date('2026-11-25T19:00:00Z') }
    expect(cardOf(after, undefined, { ...calendar, opensAt: new Date('2026-12-02T18:00:00Z') }).state).toBe(
      'ready',
    )
  })

  test('in a freeze without an end is ready where nothing but the calendar is missing', () => {
    const frozen = { opensAt: undefined, freeze: { frozen: { reason: 'Ledger', by: 'eva', since: closed } } }
    expect(cardOf(verdict({ reviews: approvals }), undefined, frozen).state).toBe('ready')
    expect(cardOf(verdict(), undefined, frozen).state).toBe('waiting')
    // Its facts were read while the window was open and nothing was frozen.
    const passed = { ...verdict({ takenAt: open, reviews: approvals }), state: 'waiting' as const }
    expect(cardOf(passed, undefined, frozen).state).toBe('ready')
  })

  test('is failed where changes were requested, and where it could not be verified, whatever its facts say', () => {
    expect(cardOf(verdict({ reviews: [aBlock(cleo, { commit: sha })] })).state).toBe('failed')
    const unverified = {
      ...verdict({ takenAt: open, reviews: approvals }),
      state: 'failed' as const,
      report: unverifiedReport({ problem: 'x' }),
    }
    expect(cardOf(unverified)).toMatchObject({ state: 'failed', check: 'Could not be verified: x' })
  })

  test('is failed without a valid policy', () => {
    expect(cardOf({ ...verdict({ reviews: approvals }), state: 'failed', policy: undefined }).state).toBe(
      'failed',
    )
  })
})

describe('who is waited for', () => {
  test.each([
    ['who requested changes', { reviews: [aBlock(cleo, { commit: sha })] }, ['cleo']],
    ['who put the hold on', { reviews: approvals, labels: [aLabel({ name: 'HOLD', by: cleo })] }, ['cleo']],
    [
      'whose approval is stale',
      {
        reviews: [anApproval(ann, { commit: shaOf('9') })],
        equalities: { [shaOf('9')]: { same: false as const, why: 'it changed', paths: [] } },
      },
      ['ann'],
    ],
    ['the author of a draft', { reviews: approvals, draft: true }, ['author']],
    ['nobody by name where any approval will do', {}, []],
    ['nobody where it is ready', { reviews: approvals }, []],
  ])('is %s', (_, what, awaited) => {
    expect(cardOf(verdict(what)).awaited).toEqual(awaited)
  })
})
