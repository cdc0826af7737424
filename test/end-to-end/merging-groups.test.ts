import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { aRepositoryOf, inWindow, type MergingShop } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const at = (time: string) => stage.moveTo(new Date(time))

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

type QueueWish = {
  strategy?: 'ALLGREEN' | 'HEADGREEN'
  method?: 'MERGE' | 'SQUASH' | 'REBASE'
  alsoNeeds?: string
}

/** A merge queue on the default branch, in which a second check can keep groups open. */
async function aQueuedShop({
  strategy = 'ALLGREEN',
  method = 'MERGE',
  alsoNeeds,
}: QueueWish = {}): Promise<MergingShop> {
  const shop = await aRepositoryOf(stage)
  const ours = { context: 'Release gate', integration_id: stage.github.app.id }
  await stage.as('olga').request('POST /repos/{owner}/{repo}/rulesets', {
    ...shop.repository,
    name: 'queue',
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [ours, ...(alsoNeeds ? [{ context: alsoNeeds }] : [])],
        },
      },
      {
        type: 'merge_queue',
        parameters: {
          check_response_timeout_minutes: 60,
          grouping_strategy: strategy,
          max_entries_to_build: 5,
          max_entries_to_merge: 5,
          merge_method: method,
          min_entries_to_merge: 1,
          min_entries_to_merge_wait_minutes: 0,
        },
      },
    ],
  })
  return shop
}

async function enqueue(shop: MergingShop, { number }: Change): Promise<void> {
  await stage.github.enqueue(`${shop.name}#${number}`, 'eva')
  await stage.settled()
}

async function isMerged(shop: MergingShop, { number }: Change): Promise<boolean> {
  return (await stage.as('eva').rest.pulls.get({ ...shop.repository, pull_number: number })).data.merged
}

async function succeed(shop: MergingShop, sha: string, context: string): Promise<void> {
  await stage.as('olga').rest.repos.createCommitStatus({ ...shop.repository, sha, context, state: 'success' })
  await stage.settled()
}

async function groupHeads(shop: MergingShop): Promise<string[]> {
  const { data } = await stage
    .as('eva')
    .rest.git.listMatchingRefs({ ...shop.repository, ref: 'heads/gh-readonly-queue/main/pr-' })
  return data.map(({ object }) => object.sha)
}

describe('a merge group', () => {
  test.each(['MERGE', 'SQUASH', 'REBASE'] as const)(
    'passes where every pull request in it passes, and merges (%s)',
    async (method) => {
      await at('2026-12-02T18:00:00Z')
      const shop = await aQueuedShop({ method })
      const change = await shop.approvedChange()
      await enqueue(shop, change)
      expect(await isMerged(shop, change)).toBe(true)
    },
  )

  test('fails where the approval went while the check of the head was still green, and names which and why', async () => {
    await at('2026-12-02T18:10:00Z')
    const shop = await aQueuedShop({ alsoNeeds: 'build' })
    const change = await shop.approvedChange()
    await succeed(shop, change.sha, 'build')
    stage.github.faults.add({ kind: 'lose', event: 'pull_request_review', times: 1 })
    await shop.review('dev', change, 'REQUEST_CHANGES')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await enqueue(shop, change)
    expect(await isMerged(shop, change)).toBe(false)
    const heads = stage.github.deliveries
    expect(heads).toBeDefined()
  })

  test('of several holds all of them to the rule, though the payload names none', async () => {
    await at('2026-12-02T18:20:00Z')
    const shop = await aQueuedShop({ alsoNeeds: 'build' })
    const good = await shop.approvedChange()
    const better = await shop.approvedChange()
    for (const change of [good, better]) await succeed(shop, change.sha, 'build')
    await enqueue(shop, good)
    await enqueue(shop, better)
    const heads = await groupHeads(shop)
    expect(heads).toHaveLength(2)
    const checks = await Promise.all(heads.map((sha) => shop.check({ sha })))
    expect(checks.map((check) => check?.title).toSorted()).toEqual([
      `All hold: #${good.number}`,
      `All hold: #${good.number} and #${better.number}`,
    ])
  })

  test('that is still open at closing is failed by the gate, and so cannot merge after it', async () => {
    await at('2026-12-09T18:00:00Z')
    const shop = await aQueuedShop({ alsoNeeds: 'build' })
    const change = await shop.approvedChange()
    await succeed(shop, change.sha, 'build')
    await enqueue(shop, change)
    const [head = ''] = await groupHeads(shop)
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
    await at('2026-12-09T18:59:00Z')
    await at('2026-12-09T19:00:00Z')
    expect(await shop.check({ sha: head })).toMatchObject({
      conclusion: 'failure',
      title: expect.stringMatching(new RegExp(`^#${change.number} does not pass: `)),
    })
    await succeed(shop, head, 'build')
    expect(await isMerged(shop, change)).toBe(false)
  })
})
