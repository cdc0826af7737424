import { expect, test } from 'vitest'
import { commitsAddedByPush, parentsOf, reachable, standsOn } from '../../../src/services/github/history.ts'
import { aCommit, shaOf } from '../../support/snapshot.ts'

const [base, tip, one, side, merge, two] = ['0', '1', 'a', 'b', 'c', 'd'].map(shaOf) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
/** one and side stand on base; merge brings the base's tip to one; two joins merge and side. */
const parents = parentsOf([
  aCommit(one, { parents: [base] }),
  aCommit(side, { parents: [base] }),
  aCommit(merge, { parents: [one, tip] }),
  aCommit(two, { parents: [merge, side] }),
])

test.each([
  ['a commit of the change', merge, [merge, one]],
  ['the head, side branches of merges included', two, [two, merge, one, side]],
  ['a commit of the base: none', base, []],
])('what can be reached from %s', (_, from, expected) => {
  expect([...reachable(from, parents)].sort()).toEqual([...expected].sort())
})

test.each([
  ['the first push of a branch brings all of it', { before: shaOf('0'), after: merge }, [merge, one]],
  ['a later push brings what is new', { before: merge, after: two }, [two, side]],
  ['a force-push back brings nothing', { before: two, after: merge }, []],
  ['a push of something else brings nothing', { before: merge, after: shaOf('9') }, []],
])('%s', (_, push, expected) => {
  expect(commitsAddedByPush(push, parents).sort()).toEqual([...expected].sort())
})

test.each([
  ['a commit on the base', one, [base]],
  ['an update merge stands on two', merge, [base, tip]],
  ['a commit that is not of the change stands on none', tip, []],
])('%s', (_, sha, expected) => {
  expect([...standsOn(sha, parents)].sort()).toEqual(expected)
})
