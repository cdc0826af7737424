import { describe, expect, it } from 'vitest'
import { judgeUrgency } from '../../src/decision/urgent.ts'
import { urgentSettings } from '../../src/decision/urgent-settings.ts'
import { aLabel, aSnapshot, inWindow, minutesLater } from '../support/snapshot.ts'

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
    expect(judgeUrgency(snapshot, urgentSettings.parse(settings))).toMatchObject({
      state: 'void',
      why: expect.stringMatching(why),
    })
  })

  it.each([
    ['does not block where the policy does not say so', {}, [overdue]],
    ['is none while it is not due', blocking, [owed]],
    ['is none where none is owed', blocking, []],
    ['is none where nothing was read', blocking, undefined],
  ])('%s', (_name, settings, owedReviews) => {
    const snapshot = aSnapshot({
      labels: [aLabel({ at: minutesLater(-10, inWindow) })],
      ...(owedReviews ? { owedReviews } : {}),
    })
    expect(judgeUrgency(snapshot, urgentSettings.parse(settings)).state).toBe('valid')
  })
})
