import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  inWindow,
  type MergingShop,
  openedIssues,
  type ReadRecord,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** The organization's policy changes between a push or a merge and the moment at which the bot reads it. */

let stage: Stage
const shops = new Map<string, MergingShop>()
let records: ReadRecord[]

const file = '.github/release-gate.yml'
const strict = 'gates: { approvals: { count: 2 } }\n'
const report = `enforce: false\n${strict}`
const allowing = `push: { allowed: [olga] }\n${strict}`

const pass = (seconds: number) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))

async function scene(name: string, policy: string | null = 'gates: {}\n'): Promise<MergingShop> {
  const shop = await aRepositoryOf(stage, policy)
  await allowBypass(stage, shop)
  await stage.settled()
  shops.set(name, shop)
  return shop
}

async function pushTo(repository: string, files: Record<string, string>, removed?: string): Promise<void> {
  const copy = await stage.github.workingCopy(repository, 'olga')
  await copy.branch('main', 'origin/main')
  await copy.write(files)
  if (removed) await copy.remove(removed)
  await copy.commit('At once')
  await copy.push({ ref: 'main' })
}

const pushPast = ({ name }: MergingShop) => pushTo(name, { 'src/past.ts': 'x\n' })
/** `null` removes the file. */
const organization = (policy: string | null) =>
  policy === null
    ? pushTo('foodyepay/.github', {}, file)
    : pushTo('foodyepay/.github', { [file]: `${policy}# ${stage.now().toISOString()}\n` })

async function setOrganization(policy: string): Promise<void> {
  await organization(policy)
  await stage.settled()
  await pass(60)
}

/** A direct push, and another policy of the organization seconds later. */
async function push(
  name: string,
  after: string | null,
  { seconds = 60, own }: { seconds?: number; own?: null } = {},
) {
  await pushPast(await scene(name, own))
  await pass(seconds)
  await organization(after)
  await stage.settled()
  await pass(180)
}

/** A merge, and another policy of the organization seconds later, while a backlog keeps the bot from knowing of either. */
async function merge(name: string, open: (shop: MergingShop) => Promise<Change>, after: string, seconds = 2) {
  const shop = await scene(name)
  const { number: pull_number, sha } = await open(shop)
  await stage.settled()
  await pass(2)
  stage.github.faults.add({ kind: 'hold' })
  await stage.as('olga').rest.pulls.merge({ ...shop.repository, pull_number, sha })
  await pass(seconds)
  await organization(after)
  stage.github.faults.clear()
  await stage.settled()
  await pass(60)
}

async function beforeThereIsOne(): Promise<void> {
  await pushPast(await scene('push before there is an organization policy', strict))
  await pass(60)
  const files = { [file]: report }
  await stage.github.addRepository({ owner: 'foodyepay', name: '.github', private: true, files })
  await stage.settled()
  await pass(180)
}

async function withoutTheRepository(): Promise<void> {
  await setOrganization(strict)
  await pushPast(await scene('push before .github is deleted', null))
  await pass(60)
  stage.github.deleteRepository('foodyepay/.github')
  await stage.settled()
  await pass(180)
}

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
  await beforeThereIsOne()
  for (const [name, after] of [
    ['push before it is allowed', allowing],
    ['push before the enforcement ends', report],
  ] as const) {
    await setOrganization(strict)
    await push(name, after)
  }
  await setOrganization(strict)
  await push('push before the policy is removed', null, { own: null })
  await setOrganization(strict)
  await push('push in the second in which it is allowed', allowing, { seconds: 0 })
  await setOrganization(allowing)
  await push('push before it is forbidden', strict)
  await setOrganization(strict)
  await merge('merge before the enforcement ends', (shop) => shop.change(), report)
  await setOrganization(strict)
  await merge('merge in the second in which the enforcement ends', (shop) => shop.change(), report, 0)
  await setOrganization(strict)
  const more = strict.replace('2', '3')
  await merge('merge before more approvals are required', (shop) => shop.approvedChange(), more)
  await withoutTheRepository()
  records = await recordsOf(stage)
}, 240_000)
afterAll(() => stage.close())

const exceptionsIn = (name: string) => about(records, shops.get(name) as MergingShop, 'exception')

describe("an exception, by the organization's policy as it stood before, is", () => {
  test.each([
    ['push before there is an organization policy', 'pushed'],
    ['push before it is allowed', 'pushed'],
    ['push before the enforcement ends', 'pushed'],
    ['push before the policy is removed', 'pushed'],
    ['push in the second in which it is allowed', 'pushed'],
    ['push before .github is deleted', 'pushed'],
    ['merge before the enforcement ends', 'not passed'],
    ['merge in the second in which the enforcement ends', 'not passed'],
  ])('a %s', async (name, kind) => {
    expect(exceptionsIn(name).map(({ body }) => body)).toMatchObject([{ kind }])
    expect(await openedIssues(stage, shops.get(name) as MergingShop)).toHaveLength(1)
  })
})

describe('no exception is', () => {
  test.each(['push before it is forbidden', 'merge before more approvals are required'])('a %s', (name) => {
    expect(exceptionsIn(name)).toEqual([])
  })

  test('and the merge among them is recorded with the policy of then', () => {
    const shop = shops.get('merge before more approvals are required') as MergingShop
    expect(about(records, shop, 'merged').map(({ body }) => body)).toMatchObject([
      { atMerge: { state: 'passed', policy: { gates: { approvals: { count: 2 } } } } },
    ])
  })
})
