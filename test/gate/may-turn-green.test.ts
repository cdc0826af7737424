import { describe, expect, test } from 'vitest'
import { type GreenBasis, reasonNotToTurnGreen, staleMonitors } from '../../src/gate/may-turn-green.ts'
import { inWindow, minutesLater } from '../support/snapshot.ts'

const now = new Date(inWindow)
const at = (minutes: number) => new Date(minutesLater(minutes, inWindow))
const freeze = { reason: 'Ledger', by: 'eva', since: minutesLater(-30, inWindow) }
const aBasis = (what: Partial<GreenBasis> = {}): GreenBasis => ({
  readAt: now,
  changedSince: false,
  nextAt: at(30),
  freeze: { at: undefined, now: undefined },
  ...what,
})

describe('a check may turn green', () => {
  test.each<[string, GreenBasis]>([
    ['on facts that were read just now', aBasis()],
    ['on facts that were read ten minutes ago', aBasis({ readAt: at(-10) })],
    ['on facts that another process read, whose clock is a little ahead', aBasis({ readAt: at(0.1) })],
    ["by a clock that is a little behind GitHub's", aBasis({ clockAhead: -30 })],
    ['where the calendar never changes the verdict', aBasis({ nextAt: undefined })],
    ['a millisecond before the calendar changes it', aBasis({ nextAt: new Date(now.getTime() + 1) })],
    [
      'under the freeze that it was decided under, when it is urgent',
      aBasis({ freeze: { at: freeze, now: { ...freeze } } }),
    ],
  ])('%s', (_name, basis) => {
    expect(reasonNotToTurnGreen(basis, now)).toBeUndefined()
  })
})

describe('a check may not turn green', () => {
  test.each<[string, GreenBasis, RegExp]>([
    ['on facts of which something changed since', aBasis({ changedSince: true }), /changed after/],
    [
      'on facts that were read over ten minutes ago',
      aBasis({ readAt: new Date(at(-10).getTime() - 1) }),
      /too long ago/,
    ],
    [
      'on facts that were read later than it is now, since the clock was set back',
      aBasis({ readAt: new Date(at(10).getTime() + 1) }),
      /too long ago/,
    ],
    ["by a clock that is behind GitHub's", aBasis({ clockAhead: -31 }), /clock/],
    ['by a clock that is ahead of it', aBasis({ clockAhead: 31 }), /clock/],
    ['at the moment at which the calendar changes the verdict', aBasis({ nextAt: now }), /calendar/],
    [
      'when a freeze was ordered since',
      aBasis({ freeze: { at: undefined, now: freeze } }),
      /freeze began or/,
    ],
    [
      'when the freeze that it was decided under was lifted',
      aBasis({ freeze: { at: freeze, now: undefined } }),
      /freeze/,
    ],
    [
      'when another freeze took its place',
      aBasis({ freeze: { at: freeze, now: { ...freeze, by: 'olga' } } }),
      /freeze/,
    ],
  ])('%s', (_name, basis, why) => {
    expect(reasonNotToTurnGreen(basis, now)).toMatch(why)
  })
})

test('a monitor has to be read again before a check turns green, unless that was within the last minute', () => {
  const monitors = [null, at(-1.1), at(-1), at(0.5), at(1.1)].map((readAt, id) => ({ id, readAt }))
  expect(staleMonitors(monitors, now)).toEqual([0, 1, 4])
})
