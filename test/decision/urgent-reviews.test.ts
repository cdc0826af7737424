import { describe, expect, it } from 'vitest'
import { evaluateUrgency } from '../../src/decision/urgent.ts'
import { urgentSettings } from '../../src/decision/urgent-settings.ts'
import { decide } from '../../src/decision/verdict.ts'
import {
  aDeployment,
  aLabel,
  anEvidence,
  aPolicy,
  aSnapshot,
  inWindow,
  minutesLater,
  stagingTree,
} from '../support/snapshot.ts'

const blocking = { block_when_overdue: true }
const overdue = { pull: 3, issue: 4, due: minutesLater(-1, inWindow) }
const owed = { pull: 5, issue: 6, due: minutesLater(1, inWindow) }

describe('an overdue review of an earlier urgent change', () => {
  it.each([
    [
      'blocks the next one, where the policy says so',
      blocking,
      [overdue],
      /^the review of #3 in #4 is overdue; .*close its issue$/,
    ],
    ['blocks from the instant at which it is due', blocking, [{ ...overdue, due: inWindow }], /#3/],
    [
      'blocks before its issue could be opened',
      blocking,
      [{ pull: 3, due: overdue.due }],
      /^the review of #3 is overdue/,
    ],
    [
      'is named with the others',
      blocking,
      [overdue, { ...overdue, pull: 7, issue: 8 }],
      /of #3 in #4 and of #7 in #8/,
    ],
    [
      'is named without those that are not due yet',
      blocking,
      [overdue, owed],
      /^the review of #3 in #4 is overdue/,
    ],
  ])('%s', (_name, settings, owedReviews, why) => {
    const snapshot = aSnapshot({ labels: [aLabel({ at: minutesLater(-10, inWindow) })], owedReviews })
    expect(evaluateUrgency(snapshot, urgentSettings.parse(settings))).toMatchObject({
      state: 'void',
      why: expect.stringMatching(why),
    })
  })

  it.each([
    ['does not block where the policy does not say so', {}, [overdue]],
    ['is none while it is not due', blocking, [owed]],
    ['is none where none is due', blocking, []],
    ['is none where nothing was read', blocking, undefined],
  ])('%s', (_name, settings, owedReviews) => {
    const snapshot = aSnapshot({
      labels: [aLabel({ at: minutesLater(-10, inWindow) })],
      ...(owedReviews ? { owedReviews } : {}),
    })
    expect(evaluateUrgency(snapshot, urgentSettings.parse(settings)).state).toBe('valid')
  })
})

describe('an urgent change with the review of an earlier one ahead', () => {
  const friday = '2026-11-27T18:00:00Z'
  const nextOf = (due: string, settings: object) => {
    const snapshot = aSnapshot({
      takenAt: friday,
      labels: [aLabel({ at: minutesLater(-10, friday) })],
      owedReviews: [{ pull: 3, issue: 4, due }],
    })
    const verdict = decide(snapshot, aPolicy({ release_window: { urgent: settings } }))
    expect(verdict.state).toBe('passed')
    return verdict.next
  }
  const expiry = [{ kind: 'recheck', at: minutesLater(24 * 60 - 10, friday) }]

  it('is evaluated again when that falls due, where it blocks then', () => {
    const due = minutesLater(30, friday)
    expect(nextOf(due, { block_when_overdue: true })).toEqual([{ kind: 'recheck', at: due }])
  })

  it('is evaluated again when it expires, where that blocks nobody or is due later', () => {
    expect(nextOf(minutesLater(30, friday), {})).toEqual(expiry)
    expect(nextOf(minutesLater(48 * 60, friday), { block_when_overdue: true })).toEqual(expiry)
  })
})

describe('a gate that an urgent change may pass while the window is open', () => {
  const due = minutesLater(20, inWindow)
  const urgent = { block_when_overdue: true }
  const regression = { tree: stagingTree, deployments: [aDeployment()], runs: [] }
  const incident = { names: ['INC-7'], url: 'https://github.com/acme/incidents/issues/7', title: 'Down' }
  const unresolved = [{ ...incident, component: null, state: 'open', severity: 'P0' }]
  const snapshot = aSnapshot({
    labels: [aLabel({ at: minutesLater(-10, inWindow) })],
    body: 'Fixes INC-7.',
    owedReviews: [{ pull: 3, issue: 4, due }],
    regression,
    incidents: { readAt: inWindow, unresolved, postMortems: [] },
  })
  const staging = { defer_when_urgent: true }

  it.each([
    ['a regression that is deferred', { staging_regression: staging }],
    ['an incident that its fix names', { incidents: {} }],
  ])('is evaluated again when the review of an earlier one falls due: %s', (_, gate) => {
    const policy = aPolicy({ release_window: { urgent }, ...gate })
    const verdict = decide(snapshot, policy)
    expect(verdict.state).toBe('passed')
    expect(decide({ ...snapshot, takenAt: due }, policy).state).not.toBe('passed')
    expect(verdict.next).toContainEqual({ kind: 'recheck', at: due })
  })

  it('passes with a regression that was run, whatever falls due', () => {
    const ran = { ...snapshot, regression: { ...regression, runs: [anEvidence()] }, takenAt: due }
    const policy = aPolicy({ release_window: { urgent }, staging_regression: staging })
    expect(decide(ran, policy).state).toBe('passed')
  })
})
