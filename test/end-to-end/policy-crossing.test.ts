import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Exchange, inspectors } from '../../src/sandbox/github/inspection.ts'
import type { WorkingCopy } from '../../src/sandbox/github/working-copy.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** A branch and the default branch that were merged into each other: git then knows several commits at which they parted. */

const path = '.github/release-gate.yml'
const counting = (count: number) => `gates: { approvals: { count: ${count} } }\n`

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

type Crossing = {
  repo: string
  /** The policy at first, and as the default branch changes it. */
  policies: [string | null, string]
  /** What the branch does after the default branch was merged into it. */
  last: (copy: WorkingCopy) => Promise<void>
  /** Whether the branch's first commit has the later date: GitHub compares with the newest of several merge bases. */
  newest?: 'work' | 'policy'
}

/**
 * The default branch gets another policy, and a branch another `work.ts`. Each is then merged into the other, and the branch makes its last
 * commit, from which a pull request is opened.
 */
async function crossing({ repo, policies: [first, second], last, newest = 'work' }: Crossing) {
  const shop = await setUpRepositories(stage, { repo, policy: first, files: { 'work.ts': '0\n' } })
  await allowBypass(stage, shop)
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch('work', 'origin/main')
  await copy.write({ 'work.ts': '1\n' })
  const work = await copy.commit('Work', {
    date: stage.now().getTime() + (newest === 'work' ? 1 : -1) * 3_600_000,
  })
  await copy.branch('main')
  await copy.write({ [path]: second })
  const change = await copy.commit('Change the policy')
  await copy.merge(work)
  await copy.push({ ref: 'main' })
  await copy.branch('work')
  await copy.merge(change)
  await last(copy)
  await copy.commit('Last')
  await copy.push({ ref: 'work' })
  await stage.settled()
  return { shop, copy, ...(await opened(shop)) }
}

async function opened(shop: Workshop) {
  const pull = { ...shop.repository, title: 'Work', head: 'work', base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  await stage.settled()
  const change = { number: data.number, sha: data.head.sha, branch: 'work' }
  const files = await stage.as('ana').rest.pulls.listFiles({ ...shop.repository, pull_number: data.number })
  return { change, files: files.data.map(({ filename }) => filename) }
}

const approve = async (shop: Workshop, change: { number: number; sha: string; branch: string }) => {
  for (const reviewer of ['chloe', 'dev', 'eva']) await shop.review(reviewer, change)
}

async function updated(shop: Workshop, change: { number: number; branch: string }) {
  const at = { ...shop.repository, pull_number: change.number }
  await stage.as('ana').rest.pulls.updateBranch(at)
  await stage.settled()
  const { data } = await stage.as('ana').rest.pulls.get(at)
  return { ...change, sha: data.head.sha }
}

const title = 'Update the branch: the policy after a merge is not known'

test('a pull request whose merge brings back an older policy that its diff does not show fails until its branch is updated', async () => {
  const { shop, change, files } = await crossing({
    repo: 'older',
    policies: [counting(1), counting(2)],
    last: (copy) => copy.write({ [path]: counting(1), 'last.ts': '1\n' }),
  })
  expect(files).toEqual(['last.ts'])
  await approve(shop, change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'failure', title })
  expect(await shop.merge('eva', change)).toMatch(/Release gate/)

  const now = await updated(shop, change)
  await approve(shop, now)
  const check = await shop.check(now)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).toContain('### Effect of this policy')
})

test.each([
  ['which an older branch did not have', null],
  ['which had other settings', counting(1)],
])('so does one whose merge removes the policy, %s', async (name, first) => {
  const { shop, change, files } = await crossing({
    repo: `removed-${name.length}`,
    policies: [first, counting(2)],
    newest: first === null ? 'work' : 'policy',
    last: async (copy) => {
      await copy.remove(path)
      await copy.write({ 'last.ts': '1\n' })
    },
  })
  expect(files.includes(path)).toBe(first !== null)
  await approve(shop, change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'failure', title })
})

test('one that seems to change only an invalid policy, and whose merge brings back an older file, does not count as its fix', async () => {
  const { shop, change, files } = await crossing({
    repo: 'fix',
    policies: [counting(1), 'gates: { aprovals: {} }\n'],
    newest: 'policy',
    last: (copy) => copy.write({ [path]: counting(1), 'work.ts': '0\n' }),
  })
  expect(files).toEqual([path])
  await approve(shop, change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'failure' })

  const now = await updated(shop, change)
  await approve(shop, now)
  const check = await shop.check(now)
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.summary).not.toContain('this pull request fixes it')
})

test('one whose branch has the policy of the default branch passes, though both were merged into each other', async () => {
  const { shop, change, files } = await crossing({
    repo: 'same',
    policies: [counting(1), counting(2)],
    last: (copy) => copy.write({ 'last.ts': '1\n' }),
  })
  expect(files).toContain('last.ts')
  await approve(shop, change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
})

test('one whose branch was updated twice passes under a newer policy, at one request for all updates', async () => {
  const shop = await setUpRepositories(stage, { repo: 'updates', policy: counting(1) })
  await allowBypass(stage, shop)
  const change = await shop.openPull('ana', { branch: 'work', title: 'Work', files: { 'a.ts': 'a\n' } })
  const pushed = async (files: Record<string, string>) => {
    await stage.github.push(shop.name, 'olga', { branch: 'main', files, message: 'Change' })
    await stage.settled()
  }
  await pushed({ 'b.ts': 'b\n' })
  await updated(shop, change)
  await pushed({ 'c.ts': 'c\n' })
  const now = await updated(shop, change)
  const compared: string[] = []
  const inspector = {
    exchange: ({ actor, path: asks }: Exchange) =>
      void (actor === 'installation' && asks.includes('/compare/') && compared.push(asks)),
    webhook: () => undefined,
  }
  inspectors.add(inspector)
  await pushed({ [path]: counting(2) })
  await approve(shop, now)
  inspectors.delete(inspector)
  const check = await shop.check(now)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).not.toContain('Effect of this policy')
  // With the tip of main, and with the merge base.
  expect(compared.filter((asks) => !asks.endsWith(`...${now.sha}`))).toEqual([])
  expect(new Set(compared).size).toBe(2)
})

test('one that changes the policy fails while GitHub cannot compare it with the default branch', async () => {
  const shop = await setUpRepositories(stage, { repo: 'incomparable', policy: counting(1) })
  const restore = stage.github.faults.add({
    kind: 'status',
    status: 422,
    path: /\/incomparable\/compare\//,
    only: 'app',
  })
  const files = { [path]: counting(2) }
  const change = await shop.openPull('ana', { branch: 'work', title: 'Work', files })
  await approve(shop, change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'failure', title })
  restore()
})
