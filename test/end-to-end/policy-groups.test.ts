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

test.each([
  ['also opened first', 'opened'],
  ['opened last', 'enqueued'],
])(
  'of two changes to the policy in a merge group, the one that was enqueued last fails it: the first was %s',
  async (_, order) => {
    const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
    const pulls = [
      await approved(shop, 'first', { [path]: policy(hold, '') }),
      await approved(shop, 'last', { [path]: policy('', hold) }),
    ]
    const [first, last] = order === 'opened' ? pulls : pulls.toReversed()
    if (!first || !last) throw new Error('There are two.')
    await shop.enqueue(first)
    const [one = ''] = await shop.groupHeads()
    expect(await shop.check({ sha: one })).toMatchObject({ conclusion: 'success' })
    await shop.enqueue(last)
    const asked = await sent(stage.github, 'merge_group', 'checks_requested')
    const [both = ''] = asked
      .filter(({ repository: { full_name: name } }) => name === shop.name)
      .map(({ merge_group: { head_sha: sha } }) => String(sha))
      .filter((sha) => sha !== one)
    const check = await shop.check({ sha: both })
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: `#${last.number} does not pass: Another change to the policy came first`,
    })
    expect(check?.summary).toContain(`#${first.number}: ✅ passed`)
    await shop.succeed(one)
    expect(await shop.isMerged(first)).toBe(true)
    expect(await shop.isMerged(last)).toBe(false)
  },
)

test('one with a change of the policy and another change passes', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  for (const files of [{ [path]: policy(hold, '') }, { 'a.ts': 'a\n' }])
    await shop.enqueue(await approved(shop, `with-${Object.keys(files)[0]?.length}`, files))
  const heads = await shop.groupHeads()
  expect(heads).toHaveLength(2)
  for (const sha of heads) expect(await shop.check({ sha })).toMatchObject({ conclusion: 'success' })
})
