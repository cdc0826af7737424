import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { sent } from '../sandbox/github/house.ts'
import { allowBypass, type QueuedShop, queueOn } from '../support/merging.ts'
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
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

async function approved(shop: QueuedShop, branch: string, files: Record<string, string>) {
  const change = await shop.openPull('ana', { branch, title: branch, files })
  for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, change)
  await shop.succeed(change.sha)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

/** The heads of all groups that GitHub asked about, also of those that are gone, in the order of asking. */
async function groupsOf(shop: QueuedShop): Promise<string[]> {
  const asked = await sent(stage.github, 'merge_group', 'checks_requested')
  return asked
    .filter(({ repository: { full_name: name } }) => name === shop.name)
    .map(({ merge_group: { head_sha: sha } }) => String(sha))
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
    const both = (await groupsOf(shop)).find((sha) => sha !== one) ?? ''
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

test.each([
  ['before both', ['other', 'first', 'last']],
  ['between them', ['first', 'other', 'last']],
  ['after both', ['first', 'last', 'other']],
  ['before both, which were opened the other way round', ['other', 'last', 'first']],
  ['between them, which were opened the other way round', ['last', 'other', 'first']],
  ['after both, which were opened the other way round', ['last', 'first', 'other']],
])(
  'of two changes to the policy in a group with another change %s, the one that was enqueued last is not merged',
  async (_, order) => {
    const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
    const changes = {
      first: await approved(shop, 'first', { [path]: policy(hold, '') }),
      last: await approved(shop, 'last', { [path]: policy('', hold) }),
      other: await approved(shop, 'other', { 'a.ts': 'a\n' }),
    }
    const queued = order.map((name) => changes[name as keyof typeof changes])
    for (const change of queued) await shop.enqueue(change)
    for (const sha of await groupsOf(shop)) await shop.succeed(sha)
    for (const sha of await shop.groupHeads()) await shop.succeed(sha)
    const [refused] = order.filter((name) => name !== 'other').slice(1)
    for (const [name, change] of Object.entries(changes))
      expect([name, await shop.isMerged(change)]).toEqual([name, name !== refused])
  },
)

test('one in which a branch that was made from a change of the policy takes it back fails, though the branch alone changes nothing', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  const change = await approved(shop, 'change', { [path]: policy(hold, '') })
  const files = { [path]: policy('', ''), 'a.ts': 'a\n' }
  await stage.github.push(shop.name, 'ana', { branch: 'back', from: 'change', files, message: 'Back' })
  const pull = { ...shop.repository, title: 'Back', head: 'back', base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  const back = { number: data.number, sha: data.head.sha, branch: 'back' }
  for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, back)
  await shop.succeed(back.sha)
  const alone = await shop.check(back)
  expect(alone).toMatchObject({ conclusion: 'success' })
  expect(alone?.summary).not.toContain('Effect of this policy')

  await shop.enqueue(change)
  await shop.enqueue(back)
  const [one = '', both = ''] = await groupsOf(shop)
  expect(await shop.check({ sha: one })).toMatchObject({ conclusion: 'success' })
  expect(await shop.check({ sha: both })).toMatchObject({
    conclusion: 'failure',
    title: `#${back.number} does not pass: Another change to the policy came first`,
  })
  await shop.succeed(one)
  expect(await shop.isMerged(change)).toBe(true)
  expect(await shop.isMerged(back)).toBe(false)
})

test('one with the removal of the policy and another change passes', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  const copy = await stage.github.workingCopy(shop.name, 'ana')
  await copy.branch('remove', 'origin/main')
  await copy.remove(path)
  await copy.commit('Remove it')
  await copy.push({ ref: 'remove' })
  const pull = { ...shop.repository, title: 'Remove it', head: 'remove', base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  const removal = { number: data.number, sha: data.head.sha, branch: 'remove' }
  for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, removal)
  await shop.succeed(removal.sha)
  await shop.enqueue(removal)
  await shop.enqueue(await approved(shop, 'other', { 'a.ts': 'a\n' }))
  const heads = await shop.groupHeads()
  expect(heads).toHaveLength(2)
  for (const sha of heads) expect(await shop.check({ sha })).toMatchObject({ conclusion: 'success' })
})

test('a fix of an invalid policy passes in a group; one with another pull request behind it fails until the fix is merged', async () => {
  const shop = await queueOn(stage, { alsoNeeds: 'build', policy: policy('', '') })
  const other = await approved(shop, 'other', { 'a.ts': 'a\n' })
  await allowBypass(stage, shop)
  const files = { [path]: policy('  aprovals: {}\n', '') }
  // The other one stays green, and so GitHub takes it into the queue.
  const restore = stage.github.faults.add({ kind: 'lose', event: 'push' })
  await stage.github.push(shop.name, 'olga', { branch: 'main', files, message: 'Break it' })
  await stage.settled()
  restore()
  const fix = await approved(shop, 'fix', { [path]: policy(hold, '') })
  await shop.enqueue(fix)
  await shop.enqueue(other)
  const [one = '', both = ''] = await groupsOf(shop)
  expect(await shop.check({ sha: one })).toMatchObject({ conclusion: 'success' })
  const check = await shop.check({ sha: both })
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.title).toContain(`#${other.number} does not pass`)
  await shop.succeed(one)
  expect(await shop.isMerged(fix)).toBe(true)
  expect(await shop.isMerged(other)).toBe(false)

  // A group made in the same second would be the same commit, with its failed check.
  await stage.moveTo(new Date(stage.now().getTime() + 60_000))
  await shop.review('eva', other)
  expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
  await shop.enqueue(other)
  await shop.succeed((await shop.groupHeads())[0] ?? '')
  expect(await shop.isMerged(other)).toBe(true)
})
