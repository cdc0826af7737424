import { expect, test } from 'vitest'
import type { FindingState } from '../../src/decision/gate.ts'
import { decisivePulls } from '../../src/decision/same-head-pulls.ts'
import { accessOf, ann, aPerson, aSnapshot, bob, reads } from '../support/snapshot.ts'

const outsider = aPerson('outsider')
const stranger = aPerson('stranger')

function anOffer(name: string, author: typeof ann | null, state: FindingState, baseRef = 'main') {
  const access = accessOf(reads, outsider, stranger)
  return { name, baseRef, state, snapshot: aSnapshot({ author, access }) }
}
const mine = anOffer('mine', ann, 'passed')

test.each<[string, ReturnType<typeof anOffer>[], string[]]>([
  ['one alone', [mine], ['mine']],
  ['one alone, of an outsider', [anOffer('theirs', outsider, 'waiting')], ['theirs']],
  ['of two with write access, both', [mine, anOffer('theirs', bob, 'waiting')], ['mine', 'theirs']],
  [
    'not an outsider, beside someone with write access',
    [mine, anOffer('theirs', outsider, 'failed')],
    ['mine'],
  ],
  [
    'not an outsider whose own would be better',
    [anOffer('mine', ann, 'waiting'), anOffer('theirs', outsider, 'passed')],
    ['mine'],
  ],
  ['not an account that is gone', [mine, anOffer('gone', null, 'failed')], ['mine']],
  ['an outsider to another base', [mine, anOffer('lax', outsider, 'waiting', 'lax')], ['mine', 'lax']],
  [
    'of two outsiders the better one',
    [anOffer('worse', stranger, 'waiting'), anOffer('better', outsider, 'passed')],
    ['better'],
  ],
  [
    'of two outsiders who are alike the first one',
    [anOffer('first', stranger, 'waiting'), anOffer('second', outsider, 'waiting')],
    ['first'],
  ],
  ['none where there is none', [], []],
])('the check of a commit is decided by %s', (_name, offers, names) => {
  expect(decisivePulls(offers).map(({ name }) => name)).toEqual(names)
})
