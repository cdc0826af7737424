import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  inWindow,
  type MergingShop,
  type ReadRecord,
  recordsOf,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let records: ReadRecord[]
const shops = new Map<string, MergingShop>()

type Update = { state?: 'open' | 'closed'; base?: string }
type Scene = { shop: MergingShop; change: Change; update: (to: Update) => Promise<unknown> }

/** A pull request that had passed, in a repository with an uncovered branch `side`. */
async function scene(name: string): Promise<Scene> {
  const shop = await aRepositoryOf(stage)
  await allowBypass(stage, shop)
  shops.set(name, shop)
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch('side')
  await copy.push({ ref: 'side' })
  const change = await shop.approvedChange()
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  const update = async (to: Update) => {
    await stage.as('olga').rest.pulls.update({ ...shop.repository, pull_number: change.number, ...to })
  }
  return { shop, change, update }
}

/** Events of what happens last are lost but for the merge: so fast is it that nobody has judged the pull request again. */
async function atOnce({ shop, change, update }: Scene, last: Update): Promise<void> {
  await stage.settled()
  stage.github.faults.add({ kind: 'lose', event: 'pull_request', times: 1 })
  await update(last)
  expect(await shop.merge('olga', change)).toBeUndefined()
}

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')

  const closed = await scene('closed')
  await closed.update({ state: 'closed' })
  await stage.settled()
  await closed.shop.review('dev', closed.change, 'REQUEST_CHANGES')
  await atOnce(closed, { state: 'open' })

  const away = await scene('away')
  await away.update({ base: 'side' })
  await atOnce(away, { base: 'main' })

  const again = await scene('evaluated again')
  await again.update({ state: 'closed' })
  await stage.settled()
  await again.update({ state: 'open' })
  await stage.settled()
  expect(await again.shop.merge('eva', again.change)).toBeUndefined()

  const elsewhere = await scene('elsewhere')
  await elsewhere.update({ base: 'side' })
  await stage.settled()
  expect(await elsewhere.shop.merge('ana', elsewhere.change)).toBeUndefined()

  const covered = await scene('covered by then')
  await covered.update({ base: 'side' })
  await stage.settled()
  const copy = await stage.github.workingCopy(covered.shop.name, 'olga')
  await copy.branch('main', 'origin/main')
  await copy.write({ '.github/release-gate.yml': `branches: [main, side]\n${windowPolicy}` })
  await copy.commit('Cover side')
  stage.github.faults.add({ kind: 'hold' })
  await copy.push({ ref: 'main' })
  expect(await covered.shop.merge('ana', covered.change)).toBeUndefined()
  await stage.moveTo(new Date(stage.now().getTime() + 5_000))
  stage.github.faults.clear()
  await stage.settled()
  records = await recordsOf(stage)
})
afterAll(() => stage.close())

const of = (name: string, kind: string) =>
  about(records, shops.get(name) as MergingShop, kind).map(({ body }) => body)

describe('a passed verdict ends when its pull request', () => {
  test.each([
    [
      'is closed: merged at once after it was opened again is an exception',
      'closed',
      ['The release gate had not checked it since it was reopened.', 'Approvals: Changes requested by dev'],
    ],
    [
      'is offered to a branch that is not covered: merged at once after it came back is one',
      'away',
      [
        'The release gate had not checked it for the branch that it was merged into.',
        'Based on the facts at the time of the merge, this pull request would have passed.',
      ],
    ],
  ])('%s', (_name, name, bypassed) => {
    expect(of(name, 'exception')).toMatchObject([{ kind: 'not evaluated', bypassed, by: { login: 'olga' } }])
  })
})

describe('a branch that the policy covers since a pull request into it was evaluated', () => {
  test('has the merge recorded, as an exception by the policy that covers it', () => {
    expect(of('covered by then', 'merged')).toMatchObject([
      { base: { ref: 'side' }, atMerge: { policy: { branches: ['main', 'side'] } } },
    ])
    expect(of('covered by then', 'exception')).toMatchObject([{ kind: 'not evaluated', number: 1 }])
  })
})

describe('no exception is', () => {
  test('a merge of one that was closed, opened again and evaluated again', () => {
    expect(of('evaluated again', 'merged')).toMatchObject([{ exception: null }])
    expect(of('evaluated again', 'exception')).toEqual([])
  })

  test('a merge into a branch that is not covered, of one that was evaluated for another', () => {
    expect(of('elsewhere', 'merged')).toEqual([])
    expect(of('elsewhere', 'exception')).toEqual([])
  })
})
