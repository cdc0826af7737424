import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'
import { aRepositoryOf, closed, inWindow, type MergingShop, openedIssues } from '../support/merging.ts'

let stage: Stage

beforeAll(async () => {
  stage = await aStage({ at: closed })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

describe('a merge by the rule', () => {
  let shop: MergingShop
  beforeAll(async () => {
    shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange({ title: 'Cap rewards', body: 'Risk: low\nRollback: revert' })
    await stage.moveTo(inWindow)
    expect(await shop.merge('eva', change)).toBeUndefined()
  })

  test('is announced with title, author, approvers and the window, and is no exception', async () => {
    const [message, ...others] = shop.messages()
    expect(others).toEqual([])
    const text = JSON.stringify(message)
    expect(text).toContain('Cap rewards')
    for (const name of ['ana', 'chloe', 'dev', 'eva', 'Open until Wed 25 Nov 2026, 11:00 PST'])
      expect(text).toContain(name)
    expect(text).not.toContain('past the gate')
  })

  test('opens no issue', async () => {
    expect(await openedIssues(stage, shop)).toEqual([])
  })
})
