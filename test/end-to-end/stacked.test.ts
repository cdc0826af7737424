import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aRepositoryOf, inWindow, type MergingShop } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Pull requests whose base changes, and nobody tells the bot. */

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const lose = (event: string, action: string) =>
  stage.github.faults.add({ kind: 'lose', event, action, times: 1 })
const wideOpen = 'branches: ["**"]\ngates:\n  approvals: {}\n'

/** A pull request that is based on the branch of another one. */
async function aStack(shop: MergingShop): Promise<{ lower: Change; upper: Change }> {
  const lower = await shop.approvedChange()
  return { lower, upper: await shop.approvedChange({ base: lower.branch }) }
}

async function squashAndDelete(shop: MergingShop, { number: pull_number, branch }: Change): Promise<void> {
  const as = stage.as('eva').rest
  await as.pulls.merge({ ...shop.repository, pull_number, merge_method: 'squash' })
  await as.git.deleteRef({ ...shop.repository, ref: `heads/${branch}` })
  await stage.settled()
}

describe('a pull request that is stacked on one that is squashed and whose branch is deleted', () => {
  test('loses its green without an event of its own: it is another change against the new base', async () => {
    const shop = await aRepositoryOf(stage, wideOpen)
    const { lower, upper } = await aStack(shop)
    expect(await shop.check(upper)).toMatchObject({ conclusion: 'success' })
    lose('pull_request', 'edited')
    await squashAndDelete(shop, lower)
    expect(await shop.check(upper)).toMatchObject({ conclusion: null })
    expect(await shop.merge('eva', upper)).toMatch(/Release gate/)
  })

  test('gets its check as soon as its base is one that the policy covers', async () => {
    const shop = await aRepositoryOf(stage, 'gates:\n  approvals: {}\n')
    const { lower, upper } = await aStack(shop)
    expect(await shop.check(upper)).toBeUndefined()
    lose('pull_request', 'edited')
    await squashAndDelete(shop, lower)
    expect(await shop.check(upper)).toMatchObject({ conclusion: null })
  })

  test('is found at the next merge where the deletion of the branch was not reported either', async () => {
    const shop = await aRepositoryOf(stage, 'gates:\n  approvals: {}\n')
    const { lower, upper } = await aStack(shop)
    const other = await shop.approvedChange()
    expect(await shop.merge('eva', lower)).toBeUndefined()
    const tell = stage.github.faults.add({ kind: 'lose', event: 'push' })
    lose('pull_request', 'edited')
    await stage.as('eva').rest.git.deleteRef({ ...shop.repository, ref: `heads/${lower.branch}` })
    await stage.settled()
    tell()
    expect(await shop.check(upper)).toBeUndefined()
    expect(await shop.merge('eva', other)).toBeUndefined()
    expect(await shop.check(upper)).toMatchObject({ conclusion: 'success' })
  })
})

describe('other pull requests to the same base', () => {
  test('are not read again for a merge that does not concern them', async () => {
    const shop = await aRepositoryOf(stage, wideOpen)
    const [merged, other] = [await shop.approvedChange(), await shop.approvedChange()]
    const before = await shop.check(other)
    const path = new RegExp(`${shop.repository.repo}/pulls/${other.number}`)
    stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
    expect(await shop.merge('eva', merged)).toBeUndefined()
    // Had it been evaluated, its failures would have revoked the green by now.
    for (const seconds of [5, 15]) await stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))
    stage.github.faults.clear()
    expect(await shop.check(other)).toEqual(before)
  })
})
