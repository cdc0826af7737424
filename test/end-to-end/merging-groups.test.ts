import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failOpenGroups } from '../../src/merging/groups.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/services/database.ts'
import { personClient } from '../../src/services/github/app-client.ts'
import { sent } from '../sandbox/github/house.ts'
import { aRepositoryOf, inWindow, type MergingShop } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let installationId: number
const at = (time: string) => stage.moveTo(new Date(time))

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  installationId = stage.github.installApp('foodyepay').installationId
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

/** The heads of all groups that GitHub asked about, also of those that are gone. */
async function groupsOf(shop: MergingShop): Promise<string[]> {
  const asked = await sent(stage.github, 'merge_group', 'checks_requested')
  return asked
    .filter(({ repository }) => repository.full_name === shop.name)
    .map(({ merge_group: group }) => String(group.head_sha))
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
    const [group] = await groupsOf(shop)
    const check = await shop.check({ sha: group ?? '' })
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: `#${change.number} does not pass: Changes requested by dev`,
    })
    expect(check?.summary).toContain('Approvals: Changes requested by dev')
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

  test('is failed without reading at a closing, unless it is urgent', async () => {
    await at('2026-12-16T18:00:00Z')
    const shop = await aQueuedShop({ alsoNeeds: 'build' })
    const ordinary = await shop.approvedChange()
    await succeed(shop, ordinary.sha, 'build')
    await enqueue(shop, ordinary)
    const hasty = await aQueuedShop({ alsoNeeds: 'build' })
    const urgent = await hasty.approvedChange()
    await hasty.label('eva', urgent, 'urgent')
    await succeed(hasty, urgent.sha, 'build')
    await enqueue(hasty, urgent)
    const [late = ''] = await groupHeads(shop)
    const [allowed = ''] = await groupHeads(hasty)
    await stage.bot().end('SIGTERM')
    const database = await openDatabase({ dataDir: stage.dataDir })
    const token = stage.github.installationToken(installationId)
    const shell = {
      database,
      github: async () => personClient(stage.github.url, token),
      now: () => new Date('2026-12-16T19:00:00Z'),
    }
    stage.github.requests.reset()
    const failed = []
    for (const { repositoryId } of await repositoriesOf(shop, hasty)) {
      failed.push(await failOpenGroups(shell, { installationId, repositoryId }))
    }
    await database.close()
    expect(failed).toEqual([1, 0])
    expect(stage.github.requests.counts.writes).toBe(1)
    await stage.startBot()
    expect(await shop.check({ sha: late })).toMatchObject({ conclusion: 'failure' })
    expect(await hasty.check({ sha: allowed })).toMatchObject({ conclusion: 'success' })
  })
})

function repositoriesOf(...shops: MergingShop[]): Promise<{ repositoryId: number }[]> {
  return Promise.all(
    shops.map(async ({ repository }) => ({
      repositoryId: (await stage.as('eva').rest.repos.get(repository)).data.id,
    })),
  )
}
