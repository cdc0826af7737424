import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeParts, standingReviews } from '../../src/decision/reviews.ts'
import type { Review } from '../../src/decision/snapshot.ts'
import {
  aBlock,
  aContributor,
  anApproval,
  ann,
  aReview,
  bob,
  head,
  minutesLater,
  older,
} from '../support/snapshot.ts'

describe('of each person stands', () => {
  const at = (minutes: number) => ({ submittedAt: minutesLater(minutes) })
  const cases: { name: string; reviews: Review[]; standing: string[] }[] = [
    { name: 'nothing where there are only comments', reviews: [aReview(ann)], standing: [] },
    {
      name: 'the last review that is not a comment',
      reviews: [aBlock(ann, at(1)), anApproval(ann, at(2)), aReview(ann, at(3))],
      standing: ['ann APPROVED'],
    },
    {
      name: 'a dismissed review, which stands for nothing and hides what came before',
      reviews: [anApproval(ann, at(1)), aReview(ann, { state: 'DISMISSED', ...at(2) })],
      standing: ['ann DISMISSED'],
    },
    {
      name: 'the later of two by the id, where both were sent in the same second',
      reviews: [aBlock(ann, { id: 12, ...at(1) }), anApproval(ann, { id: 11, ...at(1) })],
      standing: ['ann CHANGES_REQUESTED'],
    },
    {
      name: 'the later instant, whatever zone it is written in',
      reviews: [
        anApproval(ann, { submittedAt: '2026-11-24T10:00:00Z' }),
        aBlock(ann, { submittedAt: '2026-11-24T09:30:00-01:00' }),
      ],
      standing: ['ann CHANGES_REQUESTED'],
    },
    {
      name: 'a review of their own, apart from that of others',
      reviews: [anApproval(ann), aBlock(bob)],
      standing: ['ann APPROVED', 'bob CHANGES_REQUESTED'],
    },
    { name: 'nothing for an account that is gone', reviews: [anApproval(null)], standing: [] },
  ]
  for (const { name, reviews, standing } of cases) {
    it(name, () => {
      expect(standingReviews(reviews).map(({ person, state }) => `${person.login} ${state}`)).toEqual(
        standing,
      )
    })
  }

  it('the same, in whatever order the reviews are listed', () => {
    const states = fc.constantFrom<Review['state'][]>(
      'APPROVED',
      'CHANGES_REQUESTED',
      'COMMENTED',
      'DISMISSED',
    )
    const review = fc.record({
      who: fc.constantFrom(ann, bob),
      state: states,
      submittedAt: fc.option(fc.integer({ min: 0, max: 3 }).map((minutes) => minutesLater(minutes))),
    })
    const history = fc
      .array(review, { maxLength: 12 })
      .map((all) => all.map(({ who, ...what }, index) => aReview(who, { id: index + 1, ...what })))
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (reviews, random) => {
        const shuffled = reviews.map((each) => ({ each, key: random.next().value ?? 0 }))
        shuffled.sort((a, b) => a.key - b.key)
        const ids = (list: Review[]) =>
          standingReviews(list)
            .map(({ id }) => id)
            .sort()
        expect(ids(shuffled.map(({ each }) => each))).toEqual(ids(reviews))
      }),
    )
  })
})

describe('what somebody did is reported in words', () => {
  it.each([
    ['one commit', [aContributor(ann)], 'wrote `aaaaaaa`'],
    [
      'two commits',
      [aContributor(ann), aContributor(ann, { commit: older })],
      'wrote `aaaaaaa` (and 1 more commit)',
    ],
    [
      'several parts',
      [
        { person: ann, as: 'opener' as const },
        aContributor(ann),
        aContributor(ann, { as: 'co-author', commit: older }),
        aContributor(ann, { as: 'pusher', commit: head }),
      ],
      'opened the pull request; wrote and pushed `aaaaaaa`; is named as co-author of `bbbbbbb`',
    ],
  ])('%s', (_name, parts, text) => expect(describeParts(parts)).toBe(text))
})
