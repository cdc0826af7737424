import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reviewIssueMarker } from '../../src/decision/review-issue.ts'
import { followUp, followUpUnfinished } from '../../src/merges/following-up.ts'
import { recordReviewIssue } from '../../src/merges/reviews.ts'
import type { MergeShell } from '../../src/merges/shell.ts'
import type { Database } from '../../src/store/database.ts'
import { landingOf, type NewLanding, openReviews, saveLanding } from '../../src/store/landings.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk } from '../support/desk.ts'

let desk: Desk
let database: Database
beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
})
afterAll(async () => {
  await desk.close()
  await database.close()
})

/** A repository with exceptions of these keys that were recorded, and what follows each up. */
const recorded = (...keys: string[]) => recordedAs({}, ...keys)

async function recordedAs(what: Partial<NewLanding>, ...keys: string[]) {
  const { owner, repo } = await desk.shop()
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  for (const key of keys) {
    const body = reviewIssueMarker(repositoryId, key)
    const review = { key, title: `Review ${key}`, body, labels: ['release-exception'] }
    await saveLanding(database, {
      ...{
        repository,
        key,
        number: undefined,
        headSha: undefined,
        landedAt: desk.now(),
        recordedAt: desk.now(),
        recordSeq: 1,
      },
      ...{ exception: true, urgent: false, review, dueAt: undefined },
      notice: { kind: 'silent' } as never,
      ...what,
    })
  }
  const notices: object[] = []
  const asked: object[] = []
  const queue = {
    enqueueNotice: async (notice: object) => notices.push(notice),
    enqueueMerging: async (task: object) => asked.push(task),
  }
  const shell = { database, now: desk.now, queue } as unknown as MergeShell
  // Slow answers, so that what runs at the same time asks before any of it has opened an issue.
  const app = desk.app(async (input, options) => {
    const answer = await fetch(input, options)
    if (/\/issues\?/.test(input instanceof Request ? input.url : String(input))) await setTimeout(200)
    return answer
  })
  return {
    ...{ repository, shell, app, notices, asked },
    followUp: (key: string) => followUp(shell, app, repository, key),
    landing: (key: string) => landingOf(database, { repository, key }),
    issues: async () =>
      (await desk.as('olga').rest.issues.listForRepo({ owner, repo, labels: 'release-exception' })).data,
  }
}

test('two jobs for one exception open one issue and announce it once', async () => {
  const { followUp, issues, landing, notices } = await recorded('#1')
  await Promise.all([followUp('#1'), followUp('#1')])
  const opened = await issues()
  expect(opened.map(({ title }) => title)).toEqual(['Review #1'])
  expect((await landing('#1'))?.issue?.number).toBe(opened[0]?.number)
  expect(notices).toHaveLength(1)
})

test('jobs for two exceptions open an issue each', async () => {
  const { followUp, issues } = await recorded('#1', '#2')
  await Promise.all([followUp('#1'), followUp('#2')])
  expect((await issues()).map(({ title }) => title).toSorted()).toEqual(['Review #1', 'Review #2'])
})

test('what was recorded long after its merge is not unfinished within the hour after that', async () => {
  const landedAt = desk.now()
  desk.later(120)
  const { shell, notices, asked } = await recordedAs({ landedAt }, '#1')
  desk.later(59)
  await followUpUnfinished(shell)
  expect({ notices, asked }).toEqual({ notices: [], asked: [] })
  desk.later(1)
  await followUpUnfinished(shell)
  expect(notices).toHaveLength(1)
  expect(asked).toMatchObject([{ task: 'follow up', key: '#1' }])
})

test('the review of an urgent merge was open at a time also where it was closed or opened again since', async () => {
  const merged = { exception: false, urgent: true, number: 1, dueAt: desk.now() }
  const { shell, app, repository, followUp, landing } = await recordedAs(merged, '#1')
  await followUp('#1')
  const number = (await landing('#1'))?.issue?.number ?? 0
  const { owner, repo } = repository
  const set = async (state: 'open' | 'closed') => {
    desk.later(10)
    await desk.as('olga').rest.issues.update({ owner, repo, issue_number: number, state })
  }
  const times = [new Date(desk.now().getTime() - 60_000)]
  const noteTime = () => times.push(new Date(desk.now().getTime() + 60_000))
  noteTime()
  await set('closed')
  await recordReviewIssue(shell, app, repository, number)
  noteTime()
  await set('open')
  noteTime()
  desk.later(10)
  await recordReviewIssue(shell, app, repository, number)
  noteTime()
  await set('closed')
  await recordReviewIssue(shell, app, repository, number)
  noteTime()
  const open = await Promise.all(times.map((at) => openReviews(database, repository, at)))
  expect(open.map((landings) => landings.length)).toEqual([0, 1, 0, 1, 1, 0])
})
