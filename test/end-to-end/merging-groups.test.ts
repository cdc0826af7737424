import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failOpenGroups } from '../../src/merges/open-groups.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { sent } from '../sandbox/github/house.ts'
import { clientOf } from '../support/desk.ts'
import { inWindow, type MergingShop, queueOn } from '../support/merging.ts'
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

/** The heads of all groups that GitHub asked about, also of those that are gone. */
async function groupsOf(shop: MergingShop): Promise<string[]> {
  const asked = await sent(stage.github, 'merge_group', 'checks_requested')
  return asked
    .filter(({ repository }) => repository.full_name === shop.name)
    .map(({ merge_group: group }) => String(group.head_sha))
}

describe('a merge group', () => {
  test.each(['MERGE', 'SQUASH', 'REBASE'] as const)(
    'passes where every pull request in it passes, and merges (%s)',
    async (method) => {
      await at('2026-12-02T18:00:00Z')
      const shop = await queueOn(stage, { method })
      const change = await shop.approvedChange()
      await shop.enqueue(change)
      expect(await shop.isMerged(change)).toBe(true)
    },
  )

  test('fails where the approval went while the check of the head was still green, and names which and why', async () => {
    await at('2026-12-02T18:10:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const change = await shop.approvedChange()
    await shop.succeed(change.sha)
    stage.github.faults.add({ kind: 'lose', event: 'pull_request_review', times: 1 })
    await shop.review('dev', change, 'REQUEST_CHANGES')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await shop.enqueue(change)
    expect(await shop.isMerged(change)).toBe(false)
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
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const good = await shop.approvedChange()
    const better = await shop.approvedChange()
    for (const change of [good, better]) await shop.succeed(change.sha)
    await shop.enqueue(good)
    await shop.enqueue(better)
    const heads = await shop.groupHeads()
    expect(heads).toHaveLength(2)
    const checks = await Promise.all(heads.map((sha) => shop.check({ sha })))
    expect(checks.map((check) => check?.title).toSorted()).toEqual([
      `Ready to merge: #${good.number}`,
      `Ready to merge: #${good.number} and #${better.number}`,
    ])
  })

  test('that is still open at closing is failed by the gate, and so cannot merge after it', async () => {
    await at('2026-12-09T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const change = await shop.approvedChange()
    await shop.succeed(change.sha)
    await shop.enqueue(change)
    const [head = ''] = await shop.groupHeads()
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
    await at('2026-12-09T18:59:00Z')
    await at('2026-12-09T19:00:00Z')
    expect(await shop.check({ sha: head })).toMatchObject({
      conclusion: 'failure',
      title: expect.stringMatching(new RegExp(`^#${change.number} does not pass: `)),
    })
    await shop.succeed(head)
    expect(await shop.isMerged(change)).toBe(false)
  })

  test("is failed at closing though another App has posted a failed run under the gate's name and id", async () => {
    await at('2026-12-23T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const change = await shop.approvedChange()
    await shop.succeed(change.sha)
    await shop.enqueue(change)
    const [head = ''] = await shop.groupHeads()
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
    await postAs(stage.github.otherApp('forger').install('foodyepay').token, shop, {
      name: 'Release gate',
      head_sha: head,
      external_id: `group ${head} failed`,
      status: 'completed',
      conclusion: 'failure',
    })
    await at('2026-12-23T18:59:00Z')
    await at('2026-12-23T19:00:00Z')
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'failure' })
    await shop.succeed(head)
    expect(await shop.isMerged(change)).toBe(false)
  })

  test('is failed without reading at a closing, unless it is urgent', async () => {
    await at('2026-12-16T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const ordinary = await shop.approvedChange()
    await shop.succeed(ordinary.sha)
    await shop.enqueue(ordinary)
    const hasty = await queueOn(stage, { alsoNeeds: 'build' })
    const urgent = await hasty.approvedChange()
    await hasty.label('eva', urgent, 'urgent')
    await hasty.succeed(urgent.sha)
    await hasty.enqueue(urgent)
    const [late = ''] = await shop.groupHeads()
    const [allowed = ''] = await hasty.groupHeads()
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    const shell = {
      database,
      github: async () => clientOf(stage.github, installationId),
      now: () => new Date('2026-12-16T19:00:00Z'),
      log: { info: () => undefined, warn: () => undefined },
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

async function postAs(token: string, { name }: MergingShop, run: object): Promise<void> {
  const answer = await fetch(`${stage.github.url}/repos/${name}/check-runs`, {
    method: 'POST',
    headers: { authorization: `token ${token}` },
    body: JSON.stringify(run),
  })
  expect(answer.status).toBe(201)
}

function repositoriesOf(...shops: MergingShop[]): Promise<{ repositoryId: number }[]> {
  return Promise.all(
    shops.map(async ({ repository }) => ({
      repositoryId: (await stage.as('eva').rest.repos.get(repository)).data.id,
    })),
  )
}
