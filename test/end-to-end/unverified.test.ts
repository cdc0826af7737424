import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** A check that was green, and whose facts cannot be read any more. */

const policy = 'gates:\n  approvals: { teams: [engineering] }\n'
let stage: Stage

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  stage.github.addTeam('foodyepay', 'engineering', { members: ['chloe', 'dev'] })
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const later = (seconds: number) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))

async function aGreenOne(shop: Workshop): Promise<Change> {
  const change = await shop.openPull('ana', {
    branch: 'change',
    title: 'A change',
    files: { 'src/a.ts': 'export {}\n' },
  })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

/** Every kind of read that an evaluation does, by its address. */
const reads: [string, RegExp | ((shop: string) => RegExp)][] = [
  ['the pull request', (shop) => new RegExp(`/${shop}/pulls/\\d+$`)],
  ['its reviews', (shop) => new RegExp(`/${shop}/pulls/\\d+/reviews$`)],
  ['its events', (shop) => new RegExp(`/${shop}/issues/\\d+/events$`)],
  ['its commits', (shop) => new RegExp(`/${shop}/(pulls/\\d+/commits|compare/)`)],
  ['who pushed', (shop) => new RegExp(`/${shop}/activity$`)],
  ['the roles', (shop) => new RegExp(`/${shop}/collaborators/`)],
  ['the policy', (shop) => new RegExp(`/${shop}/contents/`)],
]

describe('"changes requested", while one read fails for good', () => {
  const table = reads.flatMap(([what, path]) =>
    [404, 500].map((status) => ({ what, status, path: path as (shop: string) => RegExp })),
  )
  const shops: { shop: Workshop; change: Change }[] = []
  let titles: Map<string, { conclusion: string | null; title: string } | undefined>

  beforeAll(async () => {
    for (const { path, status } of table) {
      const repo = `unread-${shops.length}`
      const shop = await setUpRepositories(stage, { repo, policy })
      const change = await aGreenOne(shop)
      stage.github.faults.add({ kind: 'status', status: status as 404, path: path(repo), only: 'app' })
      shops.push({ shop, change })
    }
    // One who has not reviewed: the standing approvals alone would keep it green.
    for (const { shop, change } of shops) {
      const params = { ...shop.repository, pull_number: change.number, event: 'REQUEST_CHANGES' as const }
      await stage.as('eva').rest.pulls.createReview({ ...params, body: 'Wait.' })
    }
    await stage.settled()
    await later(10)
    titles = new Map()
    for (const { shop, change } of shops) titles.set(shop.name, await shop.check(change))
  })

  test.each(table.map((row, n) => ({ ...row, n })))(
    '$what answered $status: the check is not green',
    ({ n }) => {
      const { shop } = shops[n] ?? expect.fail()
      expect(titles.get(shop.name)?.conclusion).not.toBe('success')
    },
  )

  test.each(table.map((row, n) => ({ ...row, n })).filter(({ status }) => status === 500))(
    '$what answered 500: the check says so',
    ({ n }) => {
      const { shop } = shops[n] ?? expect.fail()
      const { title, conclusion } = titles.get(shop.name) ?? expect.fail()
      expect({ title, conclusion }).toEqual({
        conclusion: 'failure',
        title: expect.stringMatching(/^Could not be verified: GET [a-z]\S+ answered 500$/),
      })
    },
  )

  test('each is recorded with what could not be read, and is evaluated as usual when it can be', async () => {
    const { shop, change } = shops.at(-1) ?? expect.fail()
    const records = await recordsOf(stage)
    const own = records.filter(
      ({ kind, body }) => kind === 'unverified' && JSON.stringify(body).includes(`"${shop.repository.repo}"`),
    )
    expect(own[0]?.body).toMatchObject({ head: change.sha, status: 500 })
    stage.github.faults.clear()
    await later(400)
    expect(await shop.check(change)).toMatchObject({
      title: 'Changes requested by eva',
      conclusion: 'failure',
    })
  })
})

test('"changes requested", while GraphQL answers 500: the check is not green, and says so', async () => {
  stage.github.faults.clear()
  const shop = await setUpRepositories(stage, { repo: 'no-graphql', policy })
  const change = await aGreenOne(shop)
  stage.github.faults.add({ kind: 'status', status: 500, path: /\/graphql$/, only: 'app' })
  await shop.review('eva', change, 'REQUEST_CHANGES')
  await later(10)
  expect(await shop.check(change)).toMatchObject({
    conclusion: 'failure',
    title: 'Could not be verified: POST /graphql answered 500',
  })
  stage.github.faults.clear()
  await later(400)
  expect(await shop.check(change)).toMatchObject({ title: 'Changes requested by eva' })
})
