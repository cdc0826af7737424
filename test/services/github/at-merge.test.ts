import { describe, expect, test } from 'vitest'
import type { GitHub } from '../../../src/services/github/client.ts'
import { deploymentsOf } from '../../../src/services/github/deployments.ts'
import { reviewsBy } from '../../../src/services/github/reviews.ts'
import { labelsBefore, labelsOf, readTimeline, unlabelledAs } from '../../../src/services/github/timeline.ts'
import type { LabelOrder } from '../../../src/store/comment-commands.ts'
import { anApproval, ann, aReview, bob, inWindow, minutesLater } from '../../support/snapshot.ts'

/** What GitHub lists after a merge, and how it was at the merge. */

const repository = { owner: 'acme', repo: 'shop' }
/** The time so many seconds after the merge, as GitHub writes it. */
const at = (seconds: number) => minutesLater(seconds / 60, inWindow)
const actor = { id: 5, login: 'eva', type: 'User' }

type Event = [kind: string, seconds: number, more?: object]
async function timelineOf(events: Event[]) {
  const rows = events.map(([event, seconds, more], index) => ({
    id: index + 1,
    event,
    actor,
    created_at: at(seconds),
    ...more,
  }))
  const client = { paginate: async () => rows, rest: { issues: { listEvents: 'events' } } }
  return readTimeline(client as unknown as GitHub, repository, 7, inWindow)
}

describe('labels at a merge', () => {
  const on = (seconds: number, name = 'hold'): Event => ['labeled', seconds, { label: { name } }]
  const off = (seconds: number, name = 'hold'): Event => ['unlabeled', seconds, { label: { name } }]
  test.each<[string, string[], Event[], string[]]>([
    ['one that was on and still is', ['hold'], [on(-9)], ['hold']],
    ['one that was added in the same second', ['hold'], [on(0)], ['hold']],
    ['not one that was added a second later', ['hold'], [on(1)], []],
    ['one that was taken off a second later', [], [on(-9), off(1)], ['hold']],
    ['not one that was taken off in the same second', [], [on(-9), off(0)], []],
    ['not one that was added and taken off later', [], [on(1), off(2)], []],
    ['one that was taken off and added again later', ['hold'], [on(-9), off(1), on(2)], ['hold']],
    ['not one that was off and was added again later', ['hold'], [on(-9), off(-5), on(1)], []],
    ['one that was there before any event', ['hold'], [], ['hold']],
    ['each alone', ['hold', 'urgent'], [on(-9, 'urgent'), on(1)], ['urgent']],
    ['whatever the case of its name', ['Hold'], [on(-9, 'hold'), off(1, 'HOLD'), on(2, 'Hold')], ['Hold']],
  ])('are %s', async (_name, now, events, then) => {
    expect(labelsBefore(now, await timelineOf(events), undefined)).toEqual(then)
  })

  describe('that were deleted from the repository, or renamed, which no event says', () => {
    const read = (...labels: string[]) => ({ takenAt: at(-4.5), labels: labels.map((name) => ({ name })) })
    test.each<[string, string[], Event[], ReturnType<typeof read> | undefined, string[]]>([
      ['are on where they were read before it', [], [on(-9)], read('hold'), ['hold']],
      ['are on where they were read in another case', [], [on(-9)], read('Hold'), ['hold']],
      ['are on where they were added after it was read', [], [on(-2)], read(), ['hold']],
      ['are on where they were added in the second in which it was read', [], [on(-5)], read(), ['hold']],
      ['are on where they were made and added again later', ['hold'], [on(-2), on(2)], read(), ['hold']],
      ['are on beside the new name', ['held'], [on(-2)], read(), ['held', 'hold']],
      ['are not on where it was read without them', [], [on(-9)], read(), []],
      ['are not on where they were taken off', [], [on(-9), off(-2)], read('hold'), []],
      ['are not on where they were added later', [], [on(2)], read(), []],
      ['are not on where it was never read', [], [on(-9)], undefined, []],
    ])('%s', async (_name, now, events, before, then) => {
      expect(labelsBefore(now, await timelineOf(events), before)).toEqual(then)
    })
  })

  test('are known by who put them on before it, not by who did so again later', async () => {
    const other = { actor: { id: 6, login: 'gus', type: 'User' } }
    const again: Event = ['labeled', 2, { label: { name: 'hold' }, ...other }]
    const timeline = await timelineOf([on(-9), off(1), again])
    expect(labelsOf(labelsBefore(['hold'], timeline, undefined), timeline)).toEqual([
      { name: 'hold', by: actor, at: at(-9) },
    ])
  })
})

describe('a label that was added in two spellings', () => {
  const named = (name: string, login: string) => ({ label: { name }, actor: { id: 6, login, type: 'User' } })
  const renamed: Event[] = [
    ['labeled', -9, named('Urgent', 'eva')],
    ['labeled', -3, named('urgent', 'gus')],
  ]

  test('is of whoever added it last', async () => {
    const timeline = await timelineOf(renamed)
    expect(labelsOf(['URGENT'], timeline)).toMatchObject([{ name: 'URGENT', by: { login: 'gus' } }])
  })

  test('is nobody’s after it was removed in either', async () => {
    const timeline = await timelineOf([...renamed, ['unlabeled', -2, named('URGENT', 'dev')]])
    expect(labelsOf(['urgent'], timeline)).toMatchObject([{ by: null }])
    expect(unlabelledAs(timeline, 'Urgent')).toMatchObject({ by: { login: 'dev' }, at: at(-2) })
  })
})

describe('a label that the App put on for a person', () => {
  const bot = { id: 9, login: 'release-gate[bot]', type: 'Bot' as const }
  const ordered: Event = ['labeled', -9, { label: { name: 'Urgent' }, actor: bot }]
  const eva = { id: 5, login: 'eva', type: 'User' as const }
  const order = { event: 1, by: eva, at: at(-20), comment: 7, reason: 'it is down' }
  const theirs = { name: 'urgent', by: eva, at: at(-20), order: { comment: 7, reason: 'it is down' } }
  const again = (by: object): Event[] => [
    ['unlabeled', -5, { label: { name: 'Urgent' } }],
    ['labeled', -3, { label: { name: 'Urgent' }, actor: by }],
  ]
  test.each<[string, Event[], object[], object]>([
    ['is theirs by its event, as of their comment', [ordered], [order], theirs],
    ['is the App’s without an order', [ordered], [], { name: 'urgent', by: bot, at: at(-9) }],
    [
      'is the App’s by an order of another event',
      [ordered],
      [{ ...order, event: 3 }],
      { name: 'urgent', by: bot, at: at(-9) },
    ],
    [
      'is a bot’s that put it on again',
      [ordered, ...again(bot)],
      [order],
      { name: 'urgent', by: bot, at: at(-3) },
    ],
    [
      'is a person’s who put it on again',
      [ordered, ...again(actor)],
      [{ ...order, event: 3 }],
      { name: 'urgent', by: actor, at: at(-3) },
    ],
  ])('%s', async (_name, events, orders, label) => {
    const read = { orders: orders as LabelOrder[] }
    expect(labelsOf(['urgent'], await timelineOf(events), read)).toEqual([label])
  })
})

describe('reviews at a merge', () => {
  const approval = anApproval(ann, { submittedAt: at(-60) })
  const dismissed = { ...approval, state: 'DISMISSED' as const }
  const dismissal = (seconds: number, state = 'approved'): Event => [
    'review_dismissed',
    seconds,
    { dismissed_review: { state, review_id: approval.id } },
  ]
  test.each<[string, Event[], string]>([
    ['dismissed before it stays dismissed', [dismissal(-1)], 'DISMISSED'],
    ['dismissed in the same second stays dismissed', [dismissal(0)], 'DISMISSED'],
    ['dismissed a second later counted', [dismissal(1)], 'APPROVED'],
    [
      'a request for changes and dismissed later blocked',
      [dismissal(1, 'changes_requested')],
      'CHANGES_REQUESTED',
    ],
    ['dismissed without an event stays dismissed', [], 'DISMISSED'],
  ])('one that was %s', async (_name, events, state) => {
    const reviews = reviewsBy([dismissed], inWindow, await timelineOf(events))
    expect(reviews.map((review) => review.state)).toEqual([state])
  })

  test('are those that had been submitted, in the same second too', async () => {
    const times = [at(-1), at(0), at(1), null]
    const listed = times.map((submittedAt) => aReview(bob, { submittedAt }))
    const reviews = reviewsBy(listed, inWindow, await timelineOf([]))
    expect(reviews.map(({ submittedAt }) => submittedAt)).toEqual([at(-1), at(0), null])
  })
})

test('the base is taken to have been changed at a merge only where it was changed before it', async () => {
  const changed = (seconds: number): Event => ['base_ref_changed', seconds]
  expect(await timelineOf([changed(1)])).toMatchObject({ baseChanges: 0 })
  expect(await timelineOf([changed(-1), changed(1)])).toMatchObject({ baseChanges: 1, baseChangedAt: at(-1) })
})

describe('deployments at a merge', () => {
  const status = (state: string, seconds: number) => ({
    state,
    created_at: at(seconds),
    creator: { login: 'deployer' },
  })
  const read = async (statuses: object[], created = -60) => {
    const repos = {
      listDeployments: async () => ({ data: [{ id: 12, sha: 'a', created_at: at(created) }] }),
      listDeploymentStatuses: async () => ({ data: statuses }),
    }
    const client = { rest: { repos } } as unknown as GitHub
    return deploymentsOf(client, repository, 'staging', 'a', new Date(inWindow))
  }

  test('have the newest status of then, not the one that another deployment gave them later', async () => {
    const statuses = [status('inactive', 1), status('success', -5), status('in_progress', -9)]
    expect(await read(statuses)).toMatchObject([{ state: 'success', succeededBy: 'deployer' }])
  })

  test('had not succeeded where that came later', async () => {
    expect(await read([status('success', 1), status('in_progress', -9)])).toMatchObject([
      { state: 'in_progress', succeededBy: null },
    ])
  })

  test('are not there where they were made later', async () => {
    expect(await read([], 1)).toEqual([])
  })
})
