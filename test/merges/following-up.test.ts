import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reviewIssueMarker } from '../../src/decision/review-issue.ts'
import { followUp } from '../../src/merges/following-up.ts'
import type { MergeShell } from '../../src/merges/shell.ts'
import type { Database } from '../../src/store/database.ts'
import { landingOf, saveLanding } from '../../src/store/landings.ts'
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
async function recorded(...keys: string[]) {
  const { owner, repo } = await desk.shop()
  const { id: repositoryId } = (await desk.as('olga').rest.repos.get({ owner, repo })).data
  const repository = { installationId: desk.installationId, repositoryId, owner, repo }
  for (const key of keys) {
    const body = reviewIssueMarker(repositoryId, key)
    const review = { key, title: `Review ${key}`, body, labels: ['release-exception'] }
    await saveLanding(database, {
      ...{ repository, key, number: undefined, headSha: undefined, landedAt: desk.now(), recordSeq: 1 },
      ...{ exception: true, urgent: false, review, dueAt: undefined },
      notice: { kind: 'silent' } as never,
    })
  }
  const notices: object[] = []
  const queue = { enqueueNotice: async (notice: object) => notices.push(notice) }
  const shell = { database, now: desk.now, queue } as unknown as MergeShell
  // Slow answers, so that what runs at the same time asks before any of it has opened an issue.
  const app = desk.app(async (input, options) => {
    const answer = await fetch(input, options)
    if (/\/issues\?/.test(input instanceof Request ? input.url : String(input))) await setTimeout(200)
    return answer
  })
  return {
    notices,
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
