import { describe, expect, it } from 'vitest'
import {
  type CheckedRepository,
  isDue,
  policyPlace,
  pullsToReread,
  readInFullEvery,
} from '../../src/bot/hourly-reread-plan.ts'
import { defaultPolicy } from '../../src/decision/policy.ts'
import type { Unattributed } from '../../src/decision/snapshot.ts'
import { combinePolicies } from '../../src/policy/combine-policies.ts'
import { isSettled, type KnownPull, versionOf } from '../../src/store/verdicts/seen.ts'
import { aSnapshot } from '../support/snapshot.ts'

const now = new Date('2026-11-24T22:00:00Z')
const minute = 60_000
const hour = 60 * minute
const ago = (milliseconds: number) => new Date(now.getTime() - milliseconds)
const own = { blob: 'b1', where: '.github/release-gate.yml' }
const seen = { number: 1, head: 'aaa', base: 'main', draft: false, updatedAt: '2026-11-20T10:00:00Z' }
const view = {
  owner: 'acme',
  repo: 'shop',
  archived: false,
  disabled: false,
  defaultBranch: 'main',
  sharedFrom: undefined,
  policy: { own: 'b1', shared: undefined },
}
const known: KnownPull = {
  number: 1,
  repository: 'acme/shop',
  seen: versionOf({ ...seen, defaultBranch: 'main' }),
  readAt: ago(minute),
  staleAt: undefined,
  waitingSince: ago(hour),
  policy: own,
  changed: false,
  green: false,
}
const policy = { ...own, valid: { ...defaultPolicy, branches: ['release/*'] } }
const plan = (more: Partial<CheckedRepository>) =>
  pullsToReread({
    repositoryId: 300_001,
    view,
    policy,
    open: [seen],
    known: [known],
    small: false,
    now,
    ...more,
  })
const nothing = { changed: [], left: [], again: { now: [], later: [] } }
const changed = { ...nothing, changed: [{ number: 1, head: 'aaa' }] }
const left = { ...nothing, left: [1] }
const again = { ...nothing, again: { now: [1], later: [] } }
const later = { ...nothing, again: { now: [], later: [1] } }

describe('a pull request whose repository was checked', () => {
  it.each<[string, Partial<CheckedRepository>, object]>([
    ['is as it was read', {}, nothing],
    [
      'has another head',
      { open: [{ ...seen, head: 'bbb' }] },
      { ...nothing, changed: [{ number: 1, head: 'bbb' }] },
    ],
    ['has another base with the same head', { open: [{ ...seen, base: 'release/1' }] }, changed],
    ['became a draft', { open: [{ ...seen, draft: true }] }, changed],
    ['was updated', { open: [{ ...seen, updatedAt: '2026-11-20T10:00:01Z' }] }, changed],
    [
      'was updated at the same time in another notation',
      { open: [{ ...seen, updatedAt: '2026-11-20T10:00:00.000Z' }] },
      nothing,
    ],
    ['is not known', { known: [] }, changed],
    ['is not known, on a covered branch', { known: [], open: [{ ...seen, base: 'release/1' }] }, changed],
    [
      'is not known, on a branch that is not covered',
      { known: [], open: [{ ...seen, base: 'topic' }] },
      nothing,
    ],
    ['left the branches that are covered', { open: [{ ...seen, base: 'topic' }] }, left],
    ['is not open any more', { open: [] }, left],
    ['is under another policy file', { policy: { ...policy, blob: 'b2' } }, changed],
    [
      'is under an equal file at another place',
      { policy: { ...policy, where: 'acme/.github: .github/release-gate.yml' } },
      changed,
    ],
    ['is under a policy that is broken now', { policy: { ...policy, blob: 'b2', valid: 'broken' } }, changed],
    ['is under a broken policy as before', { policy: { ...policy, valid: 'broken' } }, nothing],
    [
      'is on another branch than the default one, under a broken policy',
      { policy: { ...policy, valid: 'broken' }, open: [{ ...seen, base: 'release/1' }] },
      left,
    ],
    ['has no policy any more', { policy: undefined }, left],
    [
      'has no policy, and was revoked for that',
      { policy: undefined, known: [{ ...known, seen: undefined }] },
      nothing,
    ],
    [
      'has no policy, was revoked, and has a green check all the same',
      { policy: undefined, known: [{ ...known, seen: undefined, green: true }] },
      left,
    ],
    ['is in a renamed repository', { view: { ...view, repo: 'shop-2' } }, changed],
    [
      'is in a repository with another default branch',
      { view: { ...view, defaultBranch: 'release/1' }, open: [{ ...seen, base: 'release/1' }] },
      changed,
    ],
    ['is green', { known: [{ ...known, green: true }] }, again],
    ['is one of few', { small: true }, again],
    ['changed, and its evaluation has not succeeded since', { known: [{ ...known, changed: true }] }, again],
    [
      'could not be verified, or was read right after a change',
      { known: [{ ...known, seen: undefined }] },
      later,
    ],
    ['was read more than three days ago', { known: [{ ...known, readAt: ago(readInFullEvery + 1) }] }, later],
    [
      'has a check that says until when it is frozen, and that time has passed',
      { known: [{ ...known, staleAt: now }] },
      later,
    ],
    ['has a check that says until when it is frozen', { known: [{ ...known, staleAt: ago(-1) }] }, nothing],
    [
      'has a check that GitHub lets expire in a day',
      { known: [{ ...known, waitingSince: ago(13 * 24 * hour + 1) }] },
      later,
    ],
    ['was read before this was noted', { known: [{ ...known, readAt: undefined }] }, later],
  ])('%s', (_, more, expected) => {
    expect(plan(more)).toEqual(expected)
  })
})

it('pull requests that were all read at one time are read again one after the other', () => {
  const readAfter = (hours: number) =>
    Array.from({ length: 100 }, (_, index) =>
      plan({ repositoryId: 300_001 + index, known: [{ ...known, readAt: ago(hours * hour) }] }),
    ).filter(({ again: { later: some } }) => some.length > 0).length
  expect(readAfter(1)).toBeLessThan(6)
  expect(Math.abs(readAfter(36) - 50)).toBeLessThan(10)
  expect(readAfter(72)).toBe(100)
})

describe('a pull request that was read', () => {
  const updatedAt = '2026-11-20T10:00:00Z'
  const settled = (seconds: number, unattributed: Unattributed[] = []) =>
    isSettled(
      { ...seen, updatedAt, defaultBranch: 'main' },
      {
        decidedAt: new Date(Date.parse(updatedAt) + seconds * 1_000),
        snapshot: aSnapshot({ unattributed }),
      },
    )

  it.each([
    [61, true],
    [60, false],
    [0, false],
    [-5, false],
  ])('%i seconds after its last change is settled: %s', (seconds, expected) => {
    expect(settled(seconds)).toBe(expected)
  })

  it('while GitHub does not list who pushed it is not settled, and is in spite of an author without an account', () => {
    expect(settled(61, [{ commit: 'aaa', field: 'pusher', name: 'x' }])).toBe(false)
    expect(settled(61, [{ commit: 'aaa', field: 'author', name: 'x' }])).toBe(true)
  })
})

describe('what is due once in a period', () => {
  const period = 55 * minute
  const keys = Array.from({ length: 1_000 }, (_, key) => 300_001 + key)
  const dueAfter = (milliseconds: number) =>
    keys.filter((key) => isDue(ago(milliseconds), now, period, key)).length

  it('is due where it was never done', () => expect(isDue(undefined, now, period, 7)).toBe(true))
  it('is due for every key after a whole period', () => expect(dueAfter(period)).toBe(1_000))
  it('is due for no key at once', () => expect(dueAfter(0)).toBe(0))

  it('is spread evenly, also where everything was done at one time', () => {
    for (let since = 5 * minute; since < period; since += 5 * minute) {
      const expected = (since / period) * 1_000
      expect(Math.abs(dueAfter(since) - expected)).toBeLessThan(40)
    }
  })

  it('is never longer ago than a period and the time between two looks', () => {
    for (const key of keys.slice(0, 50)) {
      let last = now
      for (let at = now.getTime(); at < now.getTime() + 5 * hour; at += 5 * minute) {
        if (isDue(last, new Date(at), period, key)) last = new Date(at)
        expect(at - last.getTime()).toBeLessThan(period + 5 * minute)
      }
    }
  })
})

describe('the policy of a repository, by what it sees', () => {
  const place = (own: string | undefined, shared: string | undefined) =>
    policyPlace({ ...view, policy: { own, shared } })
  it('is named by both of its files as an evaluation names it, so a change of either shows', () => {
    const files = {
      own: { text: 'gates: {}\n', where: '.github/release-gate.yml', blob: 'a' },
      shared: { text: 'gates: {}\n', where: 'acme/.github: .github/release-gate.yml', blob: 'b' },
    }
    const { blob, where } = combinePolicies(files)?.file ?? {}
    expect(place('a', 'b')).toEqual({ blob, where })
    expect(
      new Set(
        [place('a', 'b'), place('a', 'c'), place('d', 'b'), place('a', undefined)].map((one) => one?.blob),
      ).size,
    ).toBe(4)
  })

  it('is that of one file where there is only one, and none without any', () => {
    expect(place('a', undefined)).toEqual({ blob: 'a', where: '.github/release-gate.yml' })
    expect(place(undefined, 'b')).toEqual({ blob: 'b', where: 'acme/.github: .github/release-gate.yml' })
    expect(place(undefined, undefined)).toBeUndefined()
  })
})
