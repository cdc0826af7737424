import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  inWindow,
  letNoticesPass,
  type MergingShop,
  openedIssues,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** What went past the gate just before the App lost its access is recorded and announced all the same. */

let stage: Stage
let installationId: number
beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  installationId = stage.github.installApp('foodyepay').installationId
})
afterEach(() => stage.github.faults.clear())
afterAll(() => stage.close())

const later = (minutes: number) => stage.moveTo(new Date(stage.now().getTime() + minutes * 60_000))
const exceptionsOf = async (shop: MergingShop) => about(await recordsOf(stage), shop, 'exception')

async function aShop(): Promise<MergingShop> {
  const shop = await aRepositoryOf(stage)
  await allowBypass(stage, shop)
  return shop
}

async function pushDirectly(shop: MergingShop): Promise<void> {
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch('main', 'origin/main')
  await copy.write({ 'src/hot.ts': 'hot\n' })
  await copy.commit('Fix it at once')
  await copy.push({ ref: 'main' })
  await stage.settled()
}

async function mergePastTheGate(shop: MergingShop): Promise<void> {
  const change = await shop.change()
  await stage.as('olga').rest.pulls.merge({ ...shop.repository, pull_number: change.number })
  await stage.settled()
  await letNoticesPass(stage, 6)
}

async function restart(): Promise<void> {
  await stage.bot().end('SIGTERM')
  await stage.startBot()
  await stage.settled()
}

test('a direct push, where the App is suspended before it is looked at and has its access again a day later', async () => {
  const [shop, quiet] = [await aShop(), await aShop()]
  await pushDirectly(shop)
  stage.github.suspendApp(installationId)
  await stage.settled()
  await later(3)
  expect(await exceptionsOf(shop)).toEqual([])
  await later(24 * 60)
  stage.github.suspendApp(installationId, false)
  await stage.settled()
  await later(61)
  await letNoticesPass(stage)
  expect(await exceptionsOf(shop)).toMatchObject([{ body: { kind: 'pushed', branch: 'main' } }])
  expect(await openedIssues(stage, shop)).toHaveLength(1)
  expect(shop.messages()).toHaveLength(1)
  await later(61)
  expect(await exceptionsOf(shop)).toHaveLength(1)
  expect(await exceptionsOf(quiet)).toEqual([])
})

test.each([
  ['archived', 403, { message: 'Repository was archived so is read-only.' }],
  ['without issues', 410, { message: 'Issues has been disabled in this repository.' }],
] as const)(
  'a bypass in a repository that is %s by then is announced, and gets its issue later',
  async (_, status, body) => {
    const shop = await aShop()
    const refused = { kind: 'status', status, path: `/repos/${shop.name}/issues`, only: 'app', body } as const
    const lift = stage.github.faults.add(refused)
    await mergePastTheGate(shop)
    expect(await exceptionsOf(shop)).toHaveLength(1)
    expect(shop.messages()).toHaveLength(1)
    expect(await openedIssues(stage, shop)).toEqual([])
    lift()
    await later(62)
    await restart()
    expect(await openedIssues(stage, shop)).toHaveLength(1)
    await letNoticesPass(stage)
    expect(shop.messages()).toHaveLength(1)
  },
)

test('a bypass whose job lost its access before people were notified is announced within the next hour', async () => {
  const shop = await aShop()
  const path = `/repos/${shop.name}/issues`
  stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
  await mergePastTheGate(shop)
  expect(shop.messages()).toEqual([])
  stage.github.suspendApp(installationId)
  await later(62)
  await restart()
  await letNoticesPass(stage, 6)
  expect(shop.messages()).toHaveLength(1)
  stage.github.suspendApp(installationId, false)
  await stage.settled()
})
