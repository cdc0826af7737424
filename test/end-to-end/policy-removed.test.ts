import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Exchange, inspectors } from '../../src/sandbox/github/inspection.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'
const policy = 'gates: { approvals: { count: 1 } }\n'

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

/** Opens an approved pull request without the policy file, and with others. */
async function removing(shop: Workshop, branch: string, files: Record<string, string> = {}, base = 'main') {
  const copy = await stage.github.workingCopy(shop.name, 'ana')
  await copy.branch(branch, `origin/${base}`)
  await copy.remove(path)
  await copy.write(files)
  await copy.commit('Remove it')
  await copy.push({ ref: branch })
  const pull = { ...shop.repository, title: branch, head: branch, base }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  const change = { number: data.number, sha: data.head.sha, branch }
  await shop.review('chloe', change)
  return change
}

test.each([
  ['removes', {}],
  ['renames', { '.github/release-gate.yaml': policy }],
  ['changes the case of', { '.github/Release-Gate.yml': policy }],
])('a pull request that %s the only policy says that nothing is checked without it', async (name, files) => {
  const shop = await setUpRepositories(stage, { repo: `only-${name}`, policy })
  const check = await shop.check(await removing(shop, 'gone', files))
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).toContain(
    '### Effect of this policy\nThis pull request removes or renames the policy',
  )
  expect(check?.summary).toContain('release-gate checks no pull request of this repository')
})

test('one into another branch says nothing, since only the default branch counts', async () => {
  const shop = await setUpRepositories(stage, { repo: 'elsewhere', policy: `branches: ["*"]\n${policy}` })
  const begin = { branch: 'develop', from: 'main', files: { 'd.ts': '1\n' }, message: 'Begin' }
  await stage.github.push(shop.name, 'ana', begin)
  const check = await shop.check(await removing(shop, 'gone', {}, 'develop'))
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).not.toContain('Effect of this policy')
})

test('a branch from before the policy removes nothing, and where it began is read once', async () => {
  const shop = await setUpRepositories(stage, { repo: 'later', policy: null })
  const change = await shop.openPull('ana', { branch: 'old', title: 'Old', files: { 'a.ts': 'a\n' } })
  const main = { ...shop.repository, ref: 'heads/main' }
  const began = (await stage.as('ana').rest.git.getRef(main)).data.object.sha
  const files = { [path]: policy }
  await allowBypass(stage, shop)
  const readAt: (string | null)[] = []
  const inspector = {
    exchange: ({ actor, path: asks, query }: Exchange) =>
      void (actor === 'installation' && asks.includes('/contents/') && readAt.push(query.get('ref'))),
    webhook: () => undefined,
  }
  inspectors.add(inspector)
  await stage.github.push(shop.name, 'olga', { branch: 'main', files, message: 'Begin' })
  await stage.settled()
  await shop.review('chloe', change)
  await shop.review('dev', change)
  inspectors.delete(inspector)
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).not.toContain('Effect of this policy')
  expect(readAt.filter((ref) => ref === change.sha).length).toBeGreaterThan(1)
  expect(readAt.filter((ref) => ref === began)).toHaveLength(1)
})

test("beside the organization's policy, what that does alone is compared; in `.github` it is the organization's", async () => {
  const shop = await setUpRepositories(stage, { repo: 'both', policy })
  const organization = await setUpRepositories(stage, {
    repo: '.github',
    policy: 'gates: { approvals: { count: 2 } }\n',
  })
  const other = await shop.openPull('ana', { branch: 'other', title: 'Other', files: { 'b.ts': 'b\n' } })
  await shop.review('chloe', other)
  const own = await shop.check(await removing(shop, 'gone'))
  expect(own).toMatchObject({ conclusion: 'success' })
  expect(own?.summary).toContain("removes or renames the repository's own policy file")
  expect(own?.summary).toContain(`would be blocked: #${other.number} (Approvals)`)

  const change = await removing(organization, 'gone')
  expect((await organization.check(change))?.summary).toContain(
    "removes or renames the organization's policy file",
  )
})

test("one that leaves an organization's policy that nobody can pass fails", async () => {
  const shop = await setUpRepositories(stage, { repo: 'rests', policy })
  const change = await removing(shop, 'gone')
  const locks = { [path]: 'locked: [push]\npush: { allowed: [bot] }\ngates: {}\n' }
  const organization = { owner: 'foodyepay', repo: '.github' }
  const name = 'foodyepay/.github'
  await allowBypass(stage, { ...shop, repository: organization, name })
  await stage.github.push(name, 'olga', { branch: 'main', files: locks, message: 'Lock' })
  await stage.settled()
  await shop.review('dev', change)
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'failure' })
  expect(check?.summary).toContain("without this file, only the organization's policy applies: ")
})
