import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aRepositoryOf, closed, inWindow, type MergingShop, queueOn } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const minute = 60_000

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: closed })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

/** GitHub's answers to the bot are dated so much later than its clock says, until the function that is given back is called. */
const githubIsAhead = (by: number) =>
  stage.github.faults.add({ kind: 'clock', aheadMs: by, path: /./, only: 'app' })
/** The bot reads a pull request because of an event that decides nothing. */
const read = async (shop: MergingShop, { number }: Change) => {
  const title = `Title at ${++edits}`
  await stage.as('eva').rest.pulls.update({ ...shop.repository, pull_number: number, title })
  await stage.settled()
}
let edits = 0

describe("a bot whose clock is not GitHub's", () => {
  test('turns nothing green at the opening, and says what is wrong', async () => {
    await stage.moveTo(closed)
    const shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange()
    const other = await shop.change()
    await stage.moveTo(new Date(inWindow.getTime() - minute))
    await read(shop, change)
    expect(await shop.check(change)).toMatchObject({ title: expect.stringMatching(/^Opens Wed/) })
    const mend = githubIsAhead(-12 * minute)
    await read(shop, other)
    await stage.moveTo(inWindow)
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: "The bot's clock is wrong",
      summary: expect.stringMatching(/about 12 minutes ahead of GitHub's/),
    })
    mend()
    await read(shop, change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('takes a green check back when it reads it again, also outside of any window', async () => {
    const shop = await aRepositoryOf(stage, 'gates: { approvals: {} }\n')
    const change = await shop.approvedChange()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const mend = githubIsAhead(40_000)
    await read(shop, change)
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      summary: expect.stringMatching(/about a minute behind GitHub's/),
    })
    mend()
    await read(shop, change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('lets no merge group pass, and lets it pass once the clock is right', async () => {
    const shop = await queueOn(stage, { policy: 'gates: { approvals: {} }\n' })
    const change = await shop.approvedChange()
    const mend = githubIsAhead(12 * minute)
    await shop.enqueue(change)
    expect(await shop.isMerged(change)).toBe(false)
    mend()
    await read(shop, change)
    await shop.enqueue(change)
    expect(await shop.isMerged(change)).toBe(true)
  })

  test('by less than what closing has in hand passes what may pass', async () => {
    const shop = await aRepositoryOf(stage, 'gates: { approvals: {} }\n')
    const mend = githubIsAhead(20_000)
    const change = await shop.approvedChange()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    mend()
  })
})
