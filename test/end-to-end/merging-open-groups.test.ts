import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { eventually } from '../support/eventually.ts'
import {
  allowBypass,
  aRepositoryOf,
  inWindow,
  type QueuedShop,
  queueOn,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const at = (time: string) => stage.moveTo(new Date(time))

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

/** A group that has passed the gate, and waits for another check. */
async function anOpenGroup(shop: QueuedShop, base = 'main'): Promise<{ change: Change; head: string }> {
  const change = await shop.approvedChange({ base })
  await shop.succeed(change.sha)
  await shop.enqueue(change)
  const [head = ''] = await shop.groupHeads()
  expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
  return { change, head }
}

async function order(body: object): Promise<void> {
  const text = JSON.stringify({ at: new Date().toISOString(), ...body })
  const headers = { authorization: `Bearer ${stage.operatorToken}` }
  const answer = await fetch(`${stage.bot().url}/api/freeze`, { method: 'POST', body: text, headers })
  expect(answer.status).toBe(200)
  await stage.settled()
}

/** Whatever the other check says afterwards, nothing is merged. */
async function isFailed(shop: QueuedShop, { change, head }: { change: Change; head: string }, why: string) {
  expect(await shop.check({ sha: head })).toMatchObject({
    conclusion: 'failure',
    title: `#${change.number} does not pass: ${why}`,
  })
  await shop.succeed(head)
  expect(await shop.isMerged(change)).toBe(false)
}

describe('a group that has passed and is still open is failed at once', () => {
  test('when a freeze is ordered', async () => {
    await at('2026-12-02T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const group = await anOpenGroup(shop)
    await order({ action: 'freeze', reason: 'Ledger', repository: shop.name })
    await isFailed(shop, group, 'Frozen: Ledger')
  })

  test('when changes are requested of a pull request in it', async () => {
    await at('2026-12-02T18:10:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const group = await anOpenGroup(shop)
    await shop.review('dev', group.change, 'REQUEST_CHANGES')
    await isFailed(shop, group, 'Changes requested by dev')
  })

  test('when changes are requested of a pull request in it, and that cannot be read', async () => {
    await at('2026-12-02T18:15:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const group = await anOpenGroup(shop)
    const path = new RegExp(`${shop.repository.repo}/pulls/${group.change.number}/reviews`)
    const repair = stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
    await shop.review('dev', group.change, 'REQUEST_CHANGES')
    await at('2026-12-02T18:15:10Z')
    await isFailed(shop, group, 'could not be checked')
    repair()
  })

  test('by the periodic task, when a pull request in it changed a minute ago and nothing evaluates it', async () => {
    await at('2026-12-02T18:16:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const group = await anOpenGroup(shop)
    // Not green in our records, so that no revocation of its own check comes before.
    const database = await openDatabase(stage.database)
    await database.query(
      `UPDATE release_gate.verdicts SET state = 'waiting', heard = nextval('release_gate.generation'),
         changed_at = clock_timestamp() - interval '61 seconds' WHERE head_sha = $1`,
      [group.change.sha],
    )
    await database.close()
    await eventually(async () =>
      expect(await shop.check({ sha: group.head })).not.toMatchObject({ conclusion: 'success' }),
    )
    await isFailed(shop, group, 'could not be checked')
    // Revokes the green check of its head, before which nothing else would turn green.
    await shop.review('dev', group.change, 'REQUEST_CHANGES')
  })

  test('when a new policy on the default branch freezes the branch that it would be merged into', async () => {
    await at('2026-12-02T18:20:00Z')
    const policy = `branches: [release/1]\n${windowPolicy}`
    const shop = await queueOn(stage, { alsoNeeds: 'build', branch: 'release/1', policy })
    await allowBypass(stage, shop)
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.git('branch', 'release/1')
    await copy.push({ ref: 'release/1' })
    const group = await anOpenGroup(shop, 'release/1')
    const freeze = 'freezes: [{ from: "2026-12-02 10:00", to: "2026-12-02 12:00", reason: Stocktaking }]'
    await copy.write({
      '.github/release-gate.yml': policy.replace('release_window: {}', `release_window: { ${freeze} }`),
    })
    await copy.commit('Freeze')
    await copy.push({ ref: 'main' })
    await stage.settled()
    await isFailed(shop, group, 'Opens Wed, Dec 9, 10:00 AM PST')
  })
})

describe('a group that GitHub does not let us fail', () => {
  test('keeps no other check from closing, and is failed as soon as GitHub lets us', async () => {
    await at('2026-12-09T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const { head } = await anOpenGroup(shop)
    const other = await aRepositoryOf(stage)
    const plain = await other.approvedChange()
    expect(await other.check(plain)).toMatchObject({ conclusion: 'success' })
    const path = new RegExp(`${shop.repository.repo}/(commits/${head}/)?check-runs`)
    const mend = stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
    await at('2026-12-09T18:59:00Z')
    expect(await other.check(plain)).toMatchObject({ conclusion: null })
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
    mend()
    await at('2026-12-09T18:59:30Z')
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'failure' })
  })
})

describe('the head of a group that GitHub is done with', () => {
  test('keeps no green check when the group was given up, so that it cannot be offered again', async () => {
    await at('2026-12-16T18:00:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const { change, head } = await anOpenGroup(shop)
    await shop.dequeue(change)
    expect(await shop.groupHeads()).toEqual([])
    expect(await shop.check({ sha: head })).toMatchObject({
      conclusion: null,
      title: 'The merge queue dropped this group',
    })
  })

  test.each(['MERGE', 'SQUASH', 'REBASE'] as const)(
    'keeps it when the group was merged (%s)',
    async (method) => {
      await at('2026-12-16T18:10:00Z')
      const shop = await queueOn(stage, { alsoNeeds: 'build', method })
      const { change, head } = await anOpenGroup(shop)
      await shop.succeed(head)
      expect(await shop.isMerged(change)).toBe(true)
      expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'success' })
    },
  )

  test('is not written to when the group had failed', async () => {
    await at('2026-12-16T18:20:00Z')
    const shop = await queueOn(stage, { alsoNeeds: 'build' })
    const { change, head } = await anOpenGroup(shop)
    await shop.review('dev', change, 'REQUEST_CHANGES')
    expect(await shop.groupHeads()).toEqual([])
    expect(await shop.check({ sha: head })).toMatchObject({ conclusion: 'failure' })
  })
})
