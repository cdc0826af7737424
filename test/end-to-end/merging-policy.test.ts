import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  inWindow,
  type MergingShop,
  openedIssues,
  type ReadRecord,
  recordsOf,
  requireCheck,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const shops = new Map<string, MergingShop>()
let records: ReadRecord[]

const file = '.github/release-gate.yml'
const lax = `${windowPolicy}push:\n  allowed: [olga]\n`
const releases = `branches: [main, "release/*"]\n${windowPolicy}`

const pass = (minutes: number) => stage.moveTo(new Date(stage.now().getTime() + minutes * 60_000))

async function scene(name: string, policy?: string | null): Promise<MergingShop> {
  const shop = await aRepositoryOf(stage, policy)
  if (policy === releases) await requireCheck(stage, shop, { include: 'release/*' })
  await allowBypass(stage, shop)
  shops.set(name, shop)
  return shop
}

type Edit = { files?: Record<string, string>; remove?: string }

async function copyOf(shop: MergingShop, branch = 'main') {
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.fetch()
  await copy.branch(branch, 'origin/main')
  return copy
}

/** Each edit is a commit of its own, past every check. */
async function push(shop: MergingShop, ...edits: Edit[]): Promise<void> {
  const copy = await copyOf(shop)
  await commit(copy, edits)
  await copy.push({ ref: 'main' })
  await stage.settled()
}

async function commit(copy: Awaited<ReturnType<typeof copyOf>>, edits: Edit[]): Promise<void> {
  for (const { files = {}, remove } of edits) {
    await copy.write(files)
    if (remove) await copy.remove(remove)
    await copy.commit('At once')
  }
}

/** A pull request that the bot never hears of, merged past the check. */
async function mergeUnjudged(
  shop: MergingShop,
  method: 'merge' | 'squash' | 'rebase',
  ...edits: Edit[]
): Promise<void> {
  const copy = await copyOf(shop, 'change')
  await commit(copy, edits)
  await copy.push({ ref: 'change' })
  stage.github.faults.add({ kind: 'lose', event: 'pull_request', times: 1 })
  const { data } = await stage
    .as('olga')
    .rest.pulls.create({ ...shop.repository, title: 'A change', head: 'change', base: 'main' })
  await stage.settled()
  await stage
    .as('olga')
    .rest.pulls.merge({ ...shop.repository, pull_number: data.number, merge_method: method })
  await stage.settled()
}

async function release(shop: MergingShop) {
  const copy = await copyOf(shop)
  await copy.git('branch', 'release/1')
  await copy.push({ ref: 'release/1' })
  await stage.settled()
  return copy
}

async function deleteAndMake(copy: Awaited<ReturnType<typeof copyOf>>, at: string): Promise<void> {
  await copy.fetch()
  await copy.push({ ref: 'release/1', remove: true })
  await copy.git('branch', '-f', 'release/1', at)
  await copy.push({ ref: 'release/1' })
  await stage.settled()
}

const evil = { files: { 'src/evil.ts': 'x\n' } }

async function pushes(): Promise<void> {
  await push(await scene('push that allows itself'), { files: { ...evil.files, [file]: lax } })
  const removed = await scene('push that takes the policy away')
  await push(removed, { ...evil, remove: file })
  const broken = await scene('push that fixes the policy so that it allows itself', 'gates: 1\n')
  await push(broken, { files: { ...evil.files, [file]: lax } })
  await push(await scene('push that brings the first policy', null), { files: { [file]: windowPolicy } })
  const two = await scene('commit that is pushed to an uncovered branch and to main at once')
  const copy = await copyOf(two)
  await commit(copy, [evil])
  await copy.git('branch', 'elsewhere')
  await copy.push({ ref: 'elsewhere' })
  await copy.push({ ref: 'main' })
  await stage.settled()
}

async function merges(): Promise<void> {
  for (const method of ['merge', 'squash', 'rebase'] as const) {
    const shop = await scene(`${method} that takes the policy away`)
    await mergeUnjudged(shop, method, { remove: file }, evil)
  }
  const first = await scene('merge that brings the first policy', null)
  await mergeUnjudged(first, 'merge', { files: { [file]: windowPolicy } })
}

async function remadeBranches(): Promise<void> {
  await release(await scene('new covered branch at the tip of the default branch', releases))
  const remade = await scene('covered branch that was deleted and made again elsewhere', releases)
  const copy = await release(remade)
  const restored = await scene('covered branch that was deleted and restored where it was', releases)
  const same = await release(restored)
  const thrown = await scene(
    'covered branch that was deleted and made again without its last merge',
    releases,
  )
  const older = await release(thrown)
  expect(await remade.merge('eva', await remade.approvedChange())).toBeUndefined()
  expect(await thrown.merge('eva', await thrown.approvedChange({ base: 'release/1' }))).toBeUndefined()
  await pass(3)
  await deleteAndMake(copy, 'origin/main')
  await deleteAndMake(same, 'release/1')
  await deleteAndMake(older, 'origin/main')
}

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
  await pushes()
  await merges()
  await remadeBranches()
  await pass(3)
  await push(shops.get('push that takes the policy away') as MergingShop, { files: { 'src/more.ts': 'y\n' } })
  await pass(3)
  records = await recordsOf(stage)
})
afterAll(() => stage.close())

const exceptionsIn = (name: string) => about(records, shops.get(name) as MergingShop, 'exception')

describe('an exception, by the policy as it stood before, is', () => {
  test.each([
    ['a push that allows itself', { kind: 'pushed', branch: 'main', by: { login: 'olga' } }],
    ['a push that takes the policy away', { kind: 'pushed', branch: 'main' }],
    ['a push that fixes the policy so that it allows itself', { kind: 'pushed' }],
    [
      'a commit that is pushed to an uncovered branch and to main at once',
      { kind: 'pushed', branch: 'main' },
    ],
    ['a merge that takes the policy away', { kind: 'not evaluated', by: { login: 'olga' } }],
    ['a squash that takes the policy away', { kind: 'not evaluated' }],
    ['a rebase that takes the policy away', { kind: 'not evaluated' }],
  ])('%s', async (what, body) => {
    const name = what.replace(/^a /, '')
    expect(exceptionsIn(name).map((record) => record.body)).toMatchObject([body])
    expect(await openedIssues(stage, shops.get(name) as MergingShop)).toMatchObject([
      { labels: ['release-exception'] },
    ])
  })
})

describe('a covered branch that was deleted and made again', () => {
  test('elsewhere brings past the gate what lies between', () => {
    const [exception, ...more] = exceptionsIn('covered branch that was deleted and made again elsewhere')
    expect(more).toEqual([])
    expect(exception?.body).toMatchObject({ branch: 'release/1', forced: false, by: { login: 'olga' } })
    expect(exception?.body.commits).toHaveLength(1)
    expect(exception?.body.before).not.toMatch(/^0+$/)
  })

  test('without what was merged into it has its history rewritten', () => {
    const name = 'covered branch that was deleted and made again without its last merge'
    expect(exceptionsIn(name).map(({ body }) => body)).toMatchObject([
      { branch: 'release/1', forced: true, commits: [] },
    ])
  })
})

describe('no exception is', () => {
  test.each([
    'push that brings the first policy',
    'merge that brings the first policy',
    'new covered branch at the tip of the default branch',
    'covered branch that was deleted and restored where it was',
  ])('a %s', (name) => {
    expect(exceptionsIn(name)).toEqual([])
    expect(about(records, shops.get(name) as MergingShop, 'merged')).toEqual([])
  })
})
