import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { sent } from '../sandbox/github/house.ts'
import { type QueuedShop, queueOn } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'
const policy = (first: string, last: string) =>
  `gates:\n${first}  approvals: {}\n\n\n\n\n  incidents: off\n${last}`
const hold = '  hold: {}\n'

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

async function approved(shop: QueuedShop, branch: string, files: Record<string, string>) {
  const change = await shop.openPull('ana', { branch, title: branch, files })
  for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, change)
  await shop.succeed(change.sha)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

test('a merge group with two changes of the policy fails, since they may be invalid together', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  const first = await approved(shop, 'first', { [path]: policy(hold, '') })
  const last = await approved(shop, 'last', { [path]: policy('', hold) })
  await shop.enqueue(first)
  const [one = ''] = await shop.groupHeads()
  expect(await shop.check({ sha: one })).toMatchObject({ conclusion: 'success' })
  await shop.enqueue(last)
  const asked = await sent(stage.github, 'merge_group', 'checks_requested')
  const [both = ''] = asked
    .map(({ merge_group: { head_sha: sha } }) => String(sha))
    .filter((sha) => sha !== one)
  expect(await shop.check({ sha: both })).toMatchObject({
    conclusion: 'failure',
    title: `#${last.number} does not pass: This change is to an older version of the policy`,
  })
  await shop.succeed(one)
  expect(await shop.isMerged(first)).toBe(true)
  expect(await shop.isMerged(last)).toBe(false)
})

test('one with a change of the policy and another change passes', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  for (const files of [{ [path]: policy(hold, '') }, { 'a.ts': 'a\n' }])
    await shop.enqueue(await approved(shop, `with-${Object.keys(files)[0]?.length}`, files))
  const heads = await shop.groupHeads()
  expect(heads).toHaveLength(2)
  for (const sha of heads) expect(await shop.check({ sha })).toMatchObject({ conclusion: 'success' })
})
