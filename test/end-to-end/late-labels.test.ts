import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aRepositoryOf, closed, type MergingShop, windowPolicy } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** GitHub shows a label at once, sends its event, and lists who added it a minute or more later. The window is closed. */

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: closed })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const seconds = (count: number) => stage.moveTo(new Date(stage.now().getTime() + count * 1_000))

async function anUrgent(): Promise<{ shop: MergingShop; change: Change }> {
  const shop = await aRepositoryOf(stage)
  const change = await shop.approvedChange()
  await seconds(60)
  await shop.label('eva', change, 'urgent')
  expect(await isGreen(shop, change)).toBe(true)
  return { shop, change }
}

const isGreen = async (shop: MergingShop, change: Change) =>
  (await shop.check(change))?.conclusion === 'success'

/** The bot is given the events of now until the returned function is called. */
async function listLate({ repository }: MergingShop, { number: issue_number }: Change): Promise<() => void> {
  const { data } = await stage
    .as('olga')
    .rest.issues.listEvents({ ...repository, issue_number, per_page: 100 })
  const path = new RegExp(`/${repository.repo}/issues/${issue_number}/events$`)
  return stage.github.faults.add({ kind: 'status', status: 200, body: data, path, only: 'app' })
}

describe('the label urgent that somebody removed and added again, before GitHub lists either', () => {
  test.each([0, 5, 60, 20 * 60])(
    'does not count by the older event, %i seconds after it: the last one came from someone with the triage role',
    async (after) => {
      const { shop, change } = await anUrgent()
      await seconds(after)
      const list = await listLate(shop, change)
      await shop.unlabel('gus', change, 'urgent')
      expect(await isGreen(shop, change)).toBe(false)
      await shop.label('gus', change, 'urgent')
      expect(await isGreen(shop, change)).toBe(false)
      expect((await shop.check(change))?.summary).toContain('GitHub does not yet list who added it')
      await seconds(150)
      expect(await isGreen(shop, change)).toBe(false)
      list()
      await seconds(150)
      expect(await isGreen(shop, change)).toBe(false)
      expect((await shop.check(change))?.summary).toContain('`gus`, who added it, now has the role `triage`')
    },
  )

  test('does not count where only the removal was told, and the label is on', async () => {
    const { shop, change } = await anUrgent()
    await seconds(5)
    const list = await listLate(shop, change)
    await shop.unlabel('gus', change, 'urgent')
    const remove = stage.github.faults.deliveries.add({ kind: 'lose', event: 'pull_request' })
    await shop.label('gus', change, 'urgent')
    remove()
    await stage
      .as('gus')
      .rest.issues.addLabels({ ...shop.repository, issue_number: change.number, labels: ['x'] })
    await stage.settled()
    expect(await isGreen(shop, change)).toBe(false)
    list()
  })

  test('counts within a minute or two of being listed, where the last one came from someone with write access', async () => {
    const { shop, change } = await anUrgent()
    await seconds(5)
    const list = await listLate(shop, change)
    await shop.unlabel('gus', change, 'urgent')
    await shop.label('eva', change, 'urgent')
    list()
    await seconds(121)
    expect(await isGreen(shop, change)).toBe(true)
  })

  test('counts at once where GitHub lists it at once', async () => {
    const { shop, change } = await anUrgent()
    await seconds(5)
    await shop.unlabel('gus', change, 'urgent')
    await shop.label('eva', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(true)
  })
})

test('a label that is new counts within a minute or two of being listed, and not before', async () => {
  const shop = await aRepositoryOf(stage)
  const change = await shop.approvedChange()
  await seconds(60)
  const list = await listLate(shop, change)
  await shop.label('eva', change, 'urgent')
  expect(await isGreen(shop, change)).toBe(false)
  await seconds(60)
  expect(await isGreen(shop, change)).toBe(false)
  list()
  await seconds(121)
  expect(await isGreen(shop, change)).toBe(true)
})

test('a label that turns a gate off does not count by an older event either', async () => {
  const policy = `${windowPolicy}overrides:\n  - name: docs\n    when: { labels: [docs] }\n    gates: { release_window: off }\n`
  const shop = await aRepositoryOf(stage, policy)
  const change = await shop.approvedChange()
  await seconds(60)
  await shop.label('eva', change, 'docs')
  expect(await isGreen(shop, change)).toBe(true)
  await seconds(5)
  const list = await listLate(shop, change)
  await shop.unlabel('gus', change, 'docs')
  await shop.label('gus', change, 'docs')
  expect(await isGreen(shop, change)).toBe(false)
  list()
  await seconds(150)
  expect(await isGreen(shop, change)).toBe(false)
})
