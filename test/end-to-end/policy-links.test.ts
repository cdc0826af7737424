import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { WorkingCopy } from '../../src/sandbox/github/working-copy.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** What stands at the path of the policy and is no file: GitHub shows a link to a file as that file, with the id of the link. */

const path = '.github/release-gate.yml'
const target = '.github/gates.yml'
const policy = 'gates: { approvals: { count: 1 } }\n'

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

type Work = (copy: WorkingCopy) => Promise<unknown>

/** Pushes a branch with a commit of its own, made with git. */
async function pushed(shop: Workshop, login: string, branch: string, work: Work): Promise<void> {
  const copy = await stage.github.workingCopy(shop.name, login)
  await copy.branch(branch, 'origin/main')
  await work(copy)
  await copy.commit('Change it')
  await copy.push({ ref: branch })
  await stage.settled()
}

async function approved(shop: Workshop, branch: string, work: Work): Promise<Change> {
  await pushed(shop, 'ana', branch, work)
  const pull = { ...shop.repository, title: branch, head: branch, base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  const change = { number: data.number, sha: data.head.sha, branch }
  for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, change)
  return change
}

const link =
  (to: string): Work =>
  async (copy) => {
    await copy.remove(path)
    await mkdir(dirname(join(copy.folder, path)), { recursive: true })
    await symlink(to, join(copy.folder, path))
  }
const linkToFile: Work = async (copy) => {
  await link('gates.yml')(copy)
  await copy.write({ [target]: policy })
}

test.each<[string, Work, string]>([
  ['a link to a file', linkToFile, 'this is a symbolic link'],
  ['a link to a folder', link('../src'), 'this is a symbolic link'],
  ['a link to nothing', link('nowhere.yml'), 'this is a symbolic link'],
  ['a link out of the repository', link('../../outside.yml'), 'this is a symbolic link'],
  [
    'a folder',
    async (copy) => {
      await copy.remove(path)
      await copy.write({ [`${path}/gates.yml`]: policy })
    },
    'this is a folder',
  ],
  [
    'a submodule',
    async (copy) => {
      await copy.remove(path)
      await copy.git('update-index', '--add', '--cacheinfo', `160000,${await copy.head()},${path}`)
      await mkdir(join(copy.folder, path), { recursive: true })
      await copy.git('init', '--quiet', path)
      await copy.git('-C', path, 'fetch', '--quiet', copy.folder)
      await copy.git('-C', path, 'reset', '--quiet', '--hard', await copy.head())
    },
    'this is a submodule',
  ],
  [
    'a file of more than 1 MB',
    (copy) => copy.write({ [path]: `${policy}${'#'.repeat(1_100_000)}\n` }),
    'this file is larger than 1 MB',
  ],
])('a pull request that makes the policy %s fails and says so', async (name, work, why) => {
  const shop = await setUpRepositories(stage, { repo: name.replaceAll(/\W+/g, '-'), policy })
  const change = await approved(shop, 'change', work)
  const check = await shop.check(change)
  expect(check).toMatchObject({
    conclusion: 'failure',
    title: 'This change makes the policy invalid: line 1',
  })
  expect(check?.summary).toContain(`${path}:1:1`)
  expect(check?.summary).toContain(why)
  expect(await shop.merge('eva', change)).toMatch(/Release gate/)
})

test('so does one that makes the very same text a link, to a file with another policy', async () => {
  const text = 'gates: {approvals: {}}'
  const files = { [`.github/${text}`]: policy }
  const shop = await setUpRepositories(stage, { repo: 'same-text', policy: text, files })
  const change = await approved(shop, 'change', link(text))
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.summary).toContain('this is a symbolic link')
})

test('a policy that is a link is invalid on the default branch, also for a change of the linked file only; a file in its place fixes it', async () => {
  const shop = await setUpRepositories(stage, { repo: 'linked', policy })
  const other = await approved(shop, 'other', (copy) => copy.write({ 'a.ts': 'a\n' }))
  expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
  await allowBypass(stage, shop)
  await pushed(shop, 'olga', 'main', linkToFile)
  const change = await approved(shop, 'target', (copy) => copy.write({ [target]: 'gates: {}\n' }))
  for (const one of [other, change]) {
    const check = await shop.check(one)
    expect(check).toMatchObject({ conclusion: 'failure', title: `The policy has 1 error: ${path}, line 1` })
    expect(check?.summary).toContain('this is a symbolic link; make it a file with the policy')
  }
  const fix = await approved(shop, 'fix', async (copy) => {
    await copy.remove(path)
    await copy.write({ [path]: policy })
  })
  expect(await shop.check(fix)).toMatchObject({ conclusion: 'success' })
  expect(await shop.merge('eva', fix)).toBeUndefined()
  await shop.review('eva', other)
  expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
})

test("an organization's policy that is a link is invalid in its repositories", async () => {
  const organization = await setUpRepositories(stage, { repo: '.github', policy: 'gates: { hold: {} }\n' })
  const shop = await setUpRepositories(stage, { repo: 'member', policy })
  const other = await approved(shop, 'other', (copy) => copy.write({ 'a.ts': 'a\n' }))
  expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
  await allowBypass(stage, organization)
  await pushed(organization, 'olga', 'main', linkToFile)
  const check = await shop.check(other)
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.summary).toContain('foodyepay/.github')
  expect(check?.summary).toContain('this is a symbolic link')
})
