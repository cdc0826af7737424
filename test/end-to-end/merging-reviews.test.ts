import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  aRepositoryOf,
  letNoticesPass,
  type MergingShop,
  openedIssues,
  recordsOf,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const at = (time: string) => stage.moveTo(new Date(time))
const strict = windowPolicy.replace(
  'release_window: {}',
  'release_window: { urgent: { block_when_overdue: true } }',
)

/** Friday afternoon in Los Angeles. */
const friday = '2026-12-04T23:00:00Z'

let shop: MergingShop
let fix: Change
let issue: number

async function urgent(of: MergingShop): Promise<Change> {
  const change = await of.approvedChange({
    title: 'Stop paying twice',
    body: 'Urgent: diners are paid twice',
  })
  await of.label('eva', change, 'urgent')
  return change
}

const closeIssue = async (of: MergingShop, number: number, state: 'open' | 'closed' = 'closed') => {
  await stage.as('chloe').rest.issues.update({ ...of.repository, issue_number: number, state })
  await stage.settled()
}

beforeAll(async () => {
  stage = await aStage({ at: new Date(friday) })
  cast(stage)
  stage.github.installApp('foodyepay')
  shop = await aRepositoryOf(stage, strict)
  fix = await urgent(shop)
  expect(await shop.merge('ben', fix)).toBeUndefined()
  await letNoticesPass(stage)
})
afterAll(() => stage.close())

describe('an urgent merge', () => {
  test('opens a retrospective review that says what was skipped, who, why, and when it is due', async () => {
    const issues = await openedIssues(stage, shop)
    expect(issues).toHaveLength(1)
    const [opened] = issues
    issue = opened?.number ?? 0
    expect(opened).toMatchObject({
      labels: ['urgent-review'],
      state: 'open',
      title: `Review: #${fix.number} was released as urgent`,
    })
    for (const part of [
      '- Release window: Opens Wed, Dec 9, 10:00 AM PST',
      '- Marked as urgent by `eva`',
      'diners are paid twice',
      'Due Tue, Dec 8, 3:00',
    ])
      expect(opened?.body).toContain(part)
  })

  test('is announced with why it was urgent and by whom, and is not an exception', () => {
    const messages = shop.messages()
    expect(messages).toHaveLength(1)
    expect(messages[0]).toContain('By eva')
    expect(messages[0]).toContain('diners are paid twice')
    expect(messages[0]).not.toContain('bypassed')
  })

  test('does not block the next one before its review is due', async () => {
    await at('2026-12-08T22:00:00Z')
    const next = await urgent(shop)
    expect(await shop.check(next)).toMatchObject({ conclusion: 'success' })
  })

  test('blocks the next one when its review is overdue, until its issue is closed', async () => {
    await at('2026-12-08T23:00:00Z')
    const next = await urgent(shop)
    const blocked = await shop.check(next)
    expect(blocked).toMatchObject({ conclusion: null, title: 'Opens Wed, Dec 9, 10:00 AM PST' })
    expect(blocked?.summary).toContain(`the review of #${fix.number} in #${issue} is overdue`)
    await closeIssue(shop, issue)
    expect(await shop.check(next)).toMatchObject({ conclusion: 'success' })
    await closeIssue(shop, issue, 'open')
    expect(await shop.check(next)).toMatchObject({ conclusion: null })
    await closeIssue(shop, issue)
    expect(await shop.check(next)).toMatchObject({ conclusion: 'success' })
  })

  test('blocks nobody where the policy does not say so', async () => {
    const lax = await aRepositoryOf(stage)
    expect(await lax.merge('ben', await urgent(lax))).toBeUndefined()
    await at('2026-12-11T23:00:00Z')
    expect(await lax.check(await urgent(lax))).toMatchObject({ conclusion: 'success' })
  })

  test('in the open window needs no review: the label lifted nothing', async () => {
    await at('2026-12-16T18:00:00Z')
    const other = await aRepositoryOf(stage)
    expect(await other.merge('ben', await urgent(other))).toBeUndefined()
    expect(await openedIssues(stage, other)).toEqual([])
  })

  test('that deferred the regression needs it, in the open window too, and the next one waits for it', async () => {
    const gates = 'release_window: { urgent: { block_when_overdue: true } }'
    const regression = 'staging_regression: { server: staging, deployment: none, defer_when_urgent: true }'
    const policy = windowPolicy.replace('release_window: {}', `${gates}\n  ${regression}`)
    const deferring = await aRepositoryOf(stage, policy)
    const plain = await deferring.approvedChange()
    expect(await deferring.check(plain)).toMatchObject({ conclusion: expect.not.stringMatching('success') })
    const hotfix = await urgent(deferring)
    expect(await deferring.check(hotfix)).toMatchObject({ conclusion: 'success' })
    expect(await deferring.merge('ben', hotfix)).toBeUndefined()
    const [owed, ...more] = await openedIssues(stage, deferring)
    expect(more).toEqual([])
    expect(owed).toMatchObject({ labels: ['urgent-review'], state: 'open' })
    expect(owed?.body).toContain('- Staging regression: ')
    expect(owed?.body).toContain('Run it with `release-gate regress`')
    expect(owed?.body).not.toContain('- Release window: ')
    await at('2026-12-18T18:01:00Z')
    expect((await deferring.check(await urgent(deferring)))?.summary).toContain(
      `the review of #${hotfix.number} in #${owed?.number} is overdue`,
    )
  })

  test('and the end of its review are in the records', async () => {
    const records = await recordsOf(stage)
    expect(about(records, shop, 'merged')[0]?.body).toMatchObject({
      exception: null,
      urgent: {
        by: 'eva',
        reason: 'diners are paid twice',
        skipped: [expect.stringMatching(/^Release window/)],
      },
    })
    expect(about(records, shop, 'exception')).toEqual([])
    expect(about(records, shop, 'reviewed').map(({ body }) => body)).toMatchObject([
      { issue, ended: true, by: 'chloe' },
      { issue, ended: false },
      { issue, ended: true, by: 'chloe' },
    ])
  })
})
