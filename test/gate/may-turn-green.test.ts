import { describe, expect, test } from 'vitest'
import { type GreenBasis, whyNotGreen } from '../../src/gate/may-turn-green.ts'
import { inWindow, minutesLater } from '../support/snapshot.ts'

const now = new Date(inWindow)
const at = (minutes: number) => new Date(minutesLater(minutes, inWindow))
const freeze = { reason: 'Ledger', by: 'eva', since: minutesLater(-30, inWindow) }
const aBasis = (what: Partial<GreenBasis> = {}): GreenBasis => ({
  readAt: now,
  changedSince: false,
  nextAt: at(30),
  frozen: undefined,
  ...what,
})

describe('a check may turn green', () => {
  test.each<[string, GreenBasis, GreenBasis['frozen']]>([
    ['on facts that were read just now', aBasis(), undefined],
    ['on facts that were read ten minutes ago', aBasis({ readAt: at(-10) }), undefined],
    ['where the calendar never changes the verdict', aBasis({ nextAt: undefined }), undefined],
    [
      'a millisecond before the calendar changes it',
      aBasis({ nextAt: new Date(now.getTime() + 1) }),
      undefined,
    ],
    [
      'under the freeze that it was decided under, when it is urgent',
      aBasis({ frozen: freeze }),
      { ...freeze },
    ],
  ])('%s', (_name, basis, frozen) => {
    expect(whyNotGreen(basis, { now, frozen })).toBeUndefined()
  })
})

describe('a check may not turn green', () => {
  test.each<[string, GreenBasis, GreenBasis['frozen'], RegExp]>([
    ['on facts of which something changed since', aBasis({ changedSince: true }), undefined, /changed after/],
    [
      'on facts that were read over ten minutes ago',
      aBasis({ readAt: new Date(at(-10).getTime() - 1) }),
      undefined,
      /too long ago/,
    ],
    [
      'at the moment at which the calendar changes the verdict',
      aBasis({ nextAt: now }),
      undefined,
      /calendar/,
    ],
    ['when a freeze was ordered since', aBasis(), freeze, /freeze began or ended/],
    ['when the freeze that it was decided under was lifted', aBasis({ frozen: freeze }), undefined, /freeze/],
    ['when another freeze took its place', aBasis({ frozen: freeze }), { ...freeze, by: 'olga' }, /freeze/],
  ])('%s', (_name, basis, frozen, why) => {
    expect(whyNotGreen(basis, { now, frozen })).toMatch(why)
  })
})
