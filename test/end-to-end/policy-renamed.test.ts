import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Where one side gives the policy its name, git applies what the other side changes under the old name to the policy. */

const path = '.github/release-gate.yml'
const old = '.github/release-gate.yaml'
const policy = (count: number) =>
  `# The policy of this repository\n# See the handbook\ngates:\n  approvals:\n    count: ${count}\n`

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())
/** The checks that can be written in a minute are limited. */
beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

const push = async (shop: Workshop, branch: string, rename: boolean, files: Record<string, string>) => {
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch(branch, `origin/${branch}`)
  if (rename) await copy.git('mv', old, path)
  await copy.write(files)
  await copy.commit('Change it')
  await copy.push({ ref: branch })
  await stage.settled()
}

const approve = async (shop: Workshop, change: Change) => {
  for (const reviewer of ['chloe', 'dev', 'eva']) await shop.review(reviewer, change)
}

test('a pull request that changes the file which became the policy since fails until its branch is updated: its merge changes the policy', async () => {
  const shop = await setUpRepositories(stage, { repo: 'later', policy: null, files: { [old]: policy(2) } })
  await allowBypass(stage, shop)
  const files = { [old]: policy(1) }
  const change = await shop.openPull('ana', { branch: 'work', title: 'Work', files })
  const other = await shop.openPull('ana', { branch: 'other', title: 'Other', files: { 'a.ts': 'a\n' } })
  await push(shop, 'main', true, {})
  for (const one of [change, other]) await approve(shop, one)
  expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
  expect(await shop.check(change)).toMatchObject({
    conclusion: 'failure',
    title: 'Update the branch: the policy after a merge is not known',
  })
})

test('so does one that makes a file the policy which changed on the default branch since; one that nobody changed is the policy as it is', async () => {
  await setUpRepositories(stage, { repo: '.github', policy: 'gates: { approvals: {} }\n' })
  const shop = await setUpRepositories(stage, { repo: 'first', policy: null, files: { [old]: policy(2) } })
  await allowBypass(stage, shop)
  await stage.github.push(shop.name, 'ana', { branch: 'work', from: 'main', files: {}, message: 'Begin' })
  await push(shop, 'work', true, {})
  const pull = { ...shop.repository, title: 'Work', head: 'work', base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  const change = { number: data.number, sha: data.head.sha, branch: 'work' }
  await push(shop, 'main', false, { 'a.ts': 'a\n' })
  await approve(shop, change)
  const before = await shop.check(change)
  expect(before).toMatchObject({ conclusion: 'success' })
  expect(before?.summary).toContain('### Effect of this policy')

  await push(shop, 'main', false, { [old]: policy(1) })
  await shop.review('eva', change)
  expect(await shop.check(change)).toMatchObject({
    conclusion: 'failure',
    title: 'Update the branch: the policy after a merge is not known',
  })
  const at = { ...shop.repository, pull_number: change.number }
  await stage.as('ana').rest.pulls.updateBranch(at)
  await stage.settled()
  const now = { ...change, sha: (await stage.as('ana').rest.pulls.get(at)).data.head.sha }
  await approve(shop, now)
  const check = await shop.check(now)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).toContain('### Effect of this policy')
})
