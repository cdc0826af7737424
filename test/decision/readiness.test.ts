import { describe, expect, it } from 'vitest'
import { readinessOf } from '../../src/decision/readiness.ts'
import { aBlock, aLabel, anApproval, ann, aPolicy, aSnapshot, bob, cleo } from '../support/snapshot.ts'

/** Wednesday morning, an hour before the default window opens. */
const early = '2026-11-25T17:00:00Z'
const approved = [anApproval(ann), anApproval(bob)]
const policy = aPolicy({ approvals: {}, hold: {}, release_window: {} })
const of = (what: Parameters<typeof aSnapshot>[0], under = policy) =>
  readinessOf({ snapshot: aSnapshot({ takenAt: early, ...what }), policy: under })

describe('a change is ready', () => {
  it('when only its window is missing', () => {
    expect(of({ reviews: approved })).toEqual({ ready: true })
  })

  it('when its window is open', () => {
    expect(of({ reviews: approved, takenAt: '2026-11-25T18:10:00Z' })).toEqual({ ready: true })
  })

  it.each([
    ['with a window', policy],
    ['without one', aPolicy({ approvals: {} })],
  ])('in a freeze that was ordered, %s', (_, under) => {
    const frozen = { reason: 'Ledger', by: 'eva', since: early }
    expect(of({ reviews: approved, frozen }, under)).toEqual({ ready: true })
  })

  it('while an urgent label that does not count is on it: then it waits for the window', () => {
    expect(of({ reviews: approved, labels: [aLabel({ by: null })] })).toEqual({ ready: true })
  })
})

describe('a change is not ready', () => {
  it('while an approval is missing', () => {
    expect(of({ reviews: [anApproval(ann)] })).toMatchObject({
      ready: false,
      why: 'Waiting for 1 more approval',
      more: 0,
    })
  })

  it('while it is on hold, and names who holds it', () => {
    const labels = [aLabel({ name: 'hold', by: cleo })]
    expect(of({ reviews: approved, labels })).toMatchObject({ ready: false, awaited: ['cleo'] })
  })

  it('while changes are requested, and counts what else is missing', () => {
    const labels = [aLabel({ name: 'hold', by: cleo })]
    const readiness = of({ reviews: [...approved, aBlock(cleo)], labels })
    expect(readiness).toMatchObject({ ready: false, more: 1, awaited: ['cleo'] })
  })

  it('as a draft, whoever approved it', () => {
    expect(of({ reviews: approved, draft: true })).toMatchObject({ ready: false })
  })

  it('under a policy that is invalid', () => {
    const snapshot = aSnapshot({ reviews: approved })
    expect(readinessOf({ snapshot, policy: undefined })).toMatchObject({
      ready: false,
      why: 'The policy is invalid',
    })
  })

  it('under a policy that only reports, by what would be missing', () => {
    expect(of({ reviews: [] }, { ...policy, enforce: false })).toMatchObject({ ready: false })
  })
})
