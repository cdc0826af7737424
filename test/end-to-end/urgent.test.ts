import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { statusOf } from '../../src/server/status-report.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aRepositoryOf, type MergingShop, windowPolicy } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Urgent changes, as people meet them on GitHub. */

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-12-03T18:00:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const isGreen = async (shop: MergingShop, change: Change) =>
  (await shop.check(change))?.conclusion === 'success'
const withUrgent = (settings: string) =>
  windowPolicy.replace('release_window: {}', `release_window: { urgent: { ${settings} } }`)

describe('the label urgent', () => {
  test('is void when it is removed, and counts again when it is added again', async () => {
    const shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange()
    await shop.label('eva', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(true)
    await shop.unlabel('gus', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(false)
    await shop.label('eva', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(true)
  })

  test('added again by someone with the triage role no longer counts, though it did before', async () => {
    const shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange()
    await shop.label('eva', change, 'urgent')
    await shop.unlabel('eva', change, 'urgent')
    await shop.label('gus', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(false)
    expect((await shop.check(change))?.summary).toContain(
      '`gus`, who added it, now has the role `triage`; write access is needed',
    )
  })

  test('counts only by members of the teams of labelled_by', async () => {
    const shop = await aRepositoryOf(stage, withUrgent('labelled_by: [on-call]'))
    const change = await shop.approvedChange()
    await shop.label('eva', change, 'urgent')
    expect((await shop.check(change))?.summary).toContain('is not a member of `on-call`')
    expect(await isGreen(shop, change)).toBe(false)
  })

  test('is void after the base was changed, there and back too', async () => {
    const shop = await aRepositoryOf(stage, `branches: [main, side]\n${windowPolicy}`)
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('side')
    await copy.push({ ref: 'side' })
    const change = await shop.approvedChange()
    await shop.label('eva', change, 'urgent')
    expect(await isGreen(shop, change)).toBe(true)
    for (const base of ['side', 'main']) {
      await stage.moveTo(new Date(stage.now().getTime() + 2_000))
      await stage.as('ana').rest.pulls.update({ ...shop.repository, pull_number: change.number, base })
      await stage.settled()
      expect(await isGreen(shop, change)).toBe(false)
    }
    expect((await shop.check(change))?.summary).toContain('the base branch was changed since')
  })
})

describe('the review of an urgent merge', () => {
  test('is shown to the release captain when it is overdue, and no sooner', async () => {
    const shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange()
    await shop.label('eva', change, 'urgent')
    expect(await shop.merge('eva', change)).toBeUndefined()
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    const overdueAt = async (time: string) => {
      const { repositories } = await statusOf({ database, now: () => new Date(time) })
      return repositories.find(({ repository }) => repository === shop.name)?.overdue
    }
    expect(await overdueAt('2026-12-07T17:59:00Z')).toEqual([])
    expect(await overdueAt('2026-12-07T18:01:00Z')).toMatchObject([
      { pull: change.number, issue: expect.any(Number) },
    ])
    await database.close()
  })
})
