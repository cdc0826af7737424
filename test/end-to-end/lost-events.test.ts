import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

const policy = 'gates:\n  approvals: { count: 2 }\n'

describe('events that GitHub never sends', () => {
  let stage: Stage
  let shop: Workshop
  let other: Workshop
  let green: Change
  let renamed: Change
  let inherited: Change
  beforeAll(async () => {
    stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await setUpRepositories(stage, { policy })
    other = await setUpRepositories(stage, { repo: 'other', policy })
    // Nothing is required in it, so its owner may push.
    const files = { '.github/release-gate.yml': policy }
    await stage.github.addRepository({ owner: 'foodyepay', name: '.github', files })
    const heir = await setUpRepositories(stage, { repo: 'heir', policy: null })
    green = await approved(shop, 'one')
    renamed = await approved(other, 'two')
    inherited = await approved(heir, 'three')
    const of = (work: Workshop, change: Change) => work.check(change)
    for (const check of [of(shop, green), of(other, renamed), of(heir, inherited)])
      expect(await check).toMatchObject({ conclusion: 'success' })
    await stage.moveTo(new Date('2026-11-24T18:20:00Z'))
    stage.github.faults.add({ kind: 'lose' })
  })
  afterAll(() => stage.close())

  async function approved(work: Workshop, branch: string): Promise<Change> {
    const change = await work.openPull('ana', {
      branch,
      title: branch,
      files: { [`src/${branch}.ts`]: 'x\n' },
    })
    await work.review('chloe', change)
    await work.review('dev', change)
    return change
  }

  test('are made up for by the look at the start: reviews, new pull requests, names and policies', async () => {
    await shop.review('eva', green, 'REQUEST_CHANGES')
    const opened = await shop.openPull('ana', {
      branch: 'four',
      title: 'Four',
      files: { 'src/four.ts': 'x\n' },
    })
    stage.github.renameRepository('foodyepay/other', 'renamed')
    const copy = await stage.github.workingCopy('foodyepay/.github', 'olga')
    await copy.branch('main', 'origin/main')
    await copy.write({ '.github/release-gate.yml': 'gates:\n  approvals: { count: 3 }\n' })
    await copy.commit('Ask for three')
    await copy.push({ ref: 'main' })
    expect(await shop.check(green)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(opened)).toBeUndefined()

    await stage.stop()
    // The look at a start reads what was looked at before it.
    await stage.moveTo(new Date('2026-11-24T18:21:00Z'))
    await stage.startBot()
    await stage.settled()
    expect(await shop.check(green)).toMatchObject({ conclusion: 'failure' })
    // Other checks wait for a quarter of a minute while green ones are revoked.
    await stage.moveTo(new Date('2026-11-24T18:22:00Z'))
    expect(await shop.check(opened)).toMatchObject({ conclusion: null })
    const check = (repo: string, { sha }: Change) => stage.check('olga', { owner: 'foodyepay', repo }, sha)
    expect(await check('renamed', renamed)).toMatchObject({ conclusion: 'success' })
    expect(await check('heir', inherited)).toMatchObject({
      conclusion: null,
      title: expect.stringMatching(/approval/i),
    })
  })
})
