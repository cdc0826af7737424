import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Exchange, inspectors } from '../../src/sandbox/github/inspection.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'

describe('a pull request that changes the policy', () => {
  let stage: Stage
  let first: Workshop
  beforeAll(async () => {
    stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
    cast(stage)
    stage.github.installApp('foodyepay')
    first = await setUpRepositories(stage, { policy: 'gates: { approvals: {} }\n' })
  })
  afterAll(() => stage.close())
  /** The checks that can be written in a minute are limited. */
  beforeEach(() => stage.moveTo(new Date(stage.now().getTime() + 120_000)))

  const approved = async (branch: string, files: Record<string, string>, shop = first) => {
    const change = await shop.openPull('ana', { branch, title: branch, files })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    return change
  }

  test('to an invalid one fails with an annotation at line and column, and no other fails by it', async () => {
    const other = await approved('other', { 'src/a.ts': 'a\n' })
    const broken = await approved('broken', { [path]: 'gates:\n  aprovals: {}\n' })
    const check = await first.check(broken)
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: 'This change makes the policy invalid: line 2',
    })
    expect(check?.summary).toContain('.github/release-gate.yml:2:3')
    expect(await first.merge('eva', broken)).toMatch(/Release gate/)
    expect(await first.check(other)).toMatchObject({ conclusion: 'success' })
  })

  test('to another valid one does not fail by it, and says what it would do to the others, without reading them', async () => {
    const other = await approved('ready', { 'src/ready.ts': 'a\n' })
    const unreadable = new RegExp(`/pulls/${other.number}(/|$)`)
    const restore = stage.github.faults.add({ kind: 'status', status: 500, path: unreadable, only: 'app' })
    const change = await approved('count', { [path]: 'gates: { approvals: { count: 3 } }\n' })
    const check = await first.check(change)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).toContain('### Effect of this policy')
    expect(check?.summary).toMatch(new RegExp(`would be blocked: .*#${other.number} \\(Approvals\\)`))
    restore()
    expect((await first.check(other))?.summary).not.toContain('Effect of this policy')
  })

  test('is read once for a head: what is known of it, with the policy on the default branch, tells what changed', async () => {
    const shop = await setUpRepositories(stage, { repo: 'once', policy: 'gates: { approvals: {} }\n' })
    const other = await shop.openPull('ana', { branch: 'plain', title: 'plain', files: { 'a.ts': 'a\n' } })
    const change = await approved('twice', { [path]: 'gates: { approvals: { count: 3 } }\n' }, shop)
    const asked: string[] = []
    const inspector = {
      exchange: ({ actor, path: asks, query }: Exchange) => {
        if (actor === 'installation' && asks.includes('/contents/')) asked.push(query.get('ref') ?? 'default')
      },
      webhook: () => undefined,
    }
    inspectors.add(inspector)
    await shop.review('chloe', other)
    await shop.review('dev', other)
    expect(asked).toContain('default')
    expect(asked).not.toContain(other.sha)
    expect(await shop.check(other)).toMatchObject({ conclusion: 'success' })
    await shop.review('eva', change)
    inspectors.delete(inspector)
    expect((await shop.check(change))?.summary).toContain('### Effect of this policy')
    const pushed = await shop.push('ana', other, { [path]: 'gates: { aprovals: {} }\n' })
    expect((await shop.check(pushed))?.title).toContain('makes the policy invalid')
  })

  test('from an invalid one to a valid one does not wait for the window', async () => {
    const window = 'gates: { approvals: {}, release_window: {} }\n'
    const valid = await setUpRepositories(stage, { repo: 'valid', policy: window })
    const waits = await approved('waits', { 'src/b.ts': 'b\n' }, valid)
    expect(await valid.check(waits)).toMatchObject({
      conclusion: null,
      title: expect.stringMatching(/^Opens/),
    })

    const invalid = await setUpRepositories(stage, { repo: 'invalid', policy: 'gates: { aprovals: {} }\n' })
    const repair = await approved('repair', { [path]: window }, invalid)
    expect(await invalid.check(repair)).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
    const more = await approved('more', { [path]: window, 'src/c.ts': 'c\n' }, invalid)
    expect(await invalid.check(more)).toMatchObject({ conclusion: 'failure' })
  })

  test('is looked for where the policy is invalid, without reading the tip of the default branch once more for the others', async () => {
    const shop = await setUpRepositories(stage, { repo: 'tips', policy: 'gates: { aprovals: {} }\n' })
    const other = await shop.openPull('ana', { branch: 'other', title: 'Other', files: { 'a.ts': 'a\n' } })
    const asked: string[] = []
    const inspector = {
      exchange: ({ actor, path: asks }: Exchange) => void (actor === 'installation' && asked.push(asks)),
      webhook: () => undefined,
    }
    inspectors.add(inspector)
    await shop.review('chloe', other)
    inspectors.delete(inspector)
    const count = (part: string) => asked.filter((asks) => asks.includes(part)).length
    expect(count(`/pulls/${other.number}/files`)).toBeGreaterThan(0)
    expect(count('/git/ref/')).toBe(count(`/pulls/${other.number}/files`))
  })

  test.each([
    ['no gate is left', 'gates:\n  approvals: off\n', ':2:3', 'no gate is named'],
    ['a gate lacks another', 'gates:\n  approvals:\n  runbooks:\n', ':3:12', 'needs `staging_regression`'],
    ['incidents are kept nowhere', 'gates:\n  incidents:\n', ':2:3', 'where incidents are kept'],
  ])('to one that nobody can pass fails, where %s', async (_, policy, place, why) => {
    const change = await approved(`impossible-${policy.length}`, { [path]: policy })
    const check = await first.check(change)
    expect(check).toMatchObject({ conclusion: 'failure' })
    expect(check?.summary).toContain(`${path}${place}`)
    expect(check?.summary).toContain(why)
  })

  test('to one that nobody can pass but that only reports does not fail', async () => {
    const reports = await approved('reports', { [path]: 'enforce: false\ngates: {}\n' })
    expect(await first.check(reports)).toMatchObject({ conclusion: 'success' })
  })

  test.each([
    ['names no gate', 'gates: {}\n'],
    [
      'has a gate that lacks another, and a window',
      'gates: { approvals: {}, runbooks: {}, release_window: {} }\n',
    ],
    [
      'has an override that leaves none on',
      'gates: { approvals: {} }\noverrides: [{ name: o, when: { branches: [main] }, gates: { approvals: off } }]\n',
    ],
  ])('from one that %s is approved as ever, and is then merged without a bypass', async (name, policy) => {
    const stuck = await setUpRepositories(stage, { repo: name.replaceAll(/\W+/g, '-'), policy })
    const fix = { [path]: 'gates: { approvals: {} }\n' }
    const more = await approved('more', { ...fix, 'src/more.ts': 'm\n' }, stuck)
    expect(await stuck.check(more)).toMatchObject({ conclusion: 'failure' })
    const worse = await approved('worse', { [path]: 'gates: { hold: {}, runbooks: {} }\n' }, stuck)
    expect(await stuck.check(worse)).toMatchObject({ conclusion: 'failure' })

    const repair = await stuck.openPull('ana', { branch: 'repair', title: 'Repair', files: fix })
    expect(await stuck.check(repair)).not.toMatchObject({ conclusion: 'success' })
    await stuck.review('chloe', repair)
    await stuck.review('dev', repair)
    const check = await stuck.check(repair)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).toContain('No pull request can pass under the policy on the default branch')
    expect(await stuck.merge('eva', repair)).toBeUndefined()
  })

  /** They sort before the policy, and GitHub lists 3,000 files of a pull request. */
  const crowd = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`.a/${index}`, '']))

  test('among more files than GitHub lists is seen all the same', async () => {
    const broken = await approved('hidden', { ...crowd, [path]: 'gates: { aprovals: {} }\n' })
    expect(await first.check(broken)).toMatchObject({ conclusion: 'failure' })
    const valid = await first.push('ana', broken, { [path]: 'gates: { approvals: { count: 3 } }\n' })
    expect((await first.check(valid))?.summary).toContain('### Effect of this policy')
  })

  test('is none that only an old branch does not have yet, among as many files', async () => {
    const shop = await setUpRepositories(stage, { repo: 'moved', policy: 'gates: { approvals: {} }\n' })
    const change = await approved('behind', crowd, shop)
    await allowBypass(stage, shop)
    const files = { [path]: 'gates: { approvals: { count: 1 } }\n' }
    await stage.github.push(shop.name, 'olga', { branch: 'main', files, message: 'Change' })
    await stage.settled()
    const check = await shop.check(change)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).not.toContain('Effect of this policy')
  })

  test('is none where only the default branch changed it, which is found out without a comparison of its own', async () => {
    const shop = await setUpRepositories(stage, { repo: 'cheap', policy: 'gates: { approvals: {} }\n' })
    const change = await shop.openPull('ana', { branch: 'old', title: 'Old', files: { 'a.ts': 'a\n' } })
    await allowBypass(stage, shop)
    const files = { [path]: 'gates: { approvals: { count: 1 } }\n' }
    const compared: string[] = []
    const inspector = {
      exchange: ({ actor, path: asks, query }: Exchange) =>
        void (actor === 'installation' && asks.includes('/compare/') && compared.push(`${asks}?${query}`)),
      webhook: () => undefined,
    }
    inspectors.add(inspector)
    await stage.github.push(shop.name, 'olga', { branch: 'main', files, message: 'Change' })
    await stage.settled()
    await shop.review('chloe', change)
    inspectors.delete(inspector)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(compared.filter((one) => one.includes(`...${change.sha}`))).not.toEqual([])
    expect(new Set(compared).size).toBe(1)
  })

  test('on another branch than the default one changes nothing: only the default branch counts', async () => {
    const policy = 'branches: ["*"]\ngates: { approvals: {} }\n'
    const shop = await setUpRepositories(stage, { repo: 'backport', policy })
    const begin = { branch: 'develop', from: 'main', files: { 'd.ts': '1\n' }, message: 'Begin' }
    await stage.github.push(shop.name, 'ana', begin)
    const open = async (name: string, text: string) => {
      const files = { [path]: text }
      const change = await shop.openPull('ana', { branch: name, base: 'develop', title: name, files })
      for (const reviewer of ['chloe', 'dev']) await shop.review(reviewer, change)
      return shop.check(change)
    }
    for (const check of [
      await open('other', policy.replace('{}', '{ count: 1 }')),
      await open('invalid', 'gates: { aprovals: {} }\n'),
    ]) {
      expect(check).toMatchObject({ conclusion: 'success' })
      expect(check?.summary).not.toContain('Effect of this policy')
    }
  })

  test('that asks for facts that were never read does not claim an effect', async () => {
    await setUpRepositories(stage, { repo: 'incidents', policy: null })
    const change = await approved('incidents', {
      [path]: 'gates: { approvals: {}, incidents: {} }\nincidents: { repository: foodyepay/incidents }\n',
    })
    const check = await first.check(change)
    expect(check?.summary).toMatch(/Unknown for \d+: the changed policy needs facts/)
    expect(check?.summary).not.toContain('would be blocked')
  })

  test('that was changed on the default branch since fails until the branch is updated: both together may be invalid', async () => {
    const policy = (first: string, last: string) =>
      `gates:\n${first}  approvals: {}\n\n\n\n\n  incidents: off\n${last}`
    const hold = '  hold: {}\n'
    const shop = await setUpRepositories(stage, { repo: 'twice-changed', policy: policy('', '') })
    const change = await approved('first', { [path]: policy(hold, '') }, shop)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await allowBypass(stage, shop)
    const other = { branch: 'main', files: { [path]: policy('', hold) }, message: 'Change' }
    await stage.github.push(shop.name, 'olga', other)
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Another change to the policy came first',
    })
    const at = { ...shop.repository, pull_number: change.number }
    await stage.as('ana').rest.pulls.updateBranch(at)
    await stage.settled()
    const { data } = await stage.as('ana').rest.pulls.get(at)
    const check = await shop.check({ sha: data.head.sha })
    expect(check?.title).toContain('makes the policy invalid')
    expect(check?.summary).toContain(`${path}:`)
  })

  test.each([
    ['that is invalid', '  aprovals: {}\n'],
    ['that nobody can pass', '  runbooks: {}\n'],
  ])(
    'from before a mistake does not fix a policy %s, until it has the mistake and removes it',
    async (name, mistake) => {
      const policy = (count: number, more = '') =>
        `gates:\n  approvals: { count: ${count} }\n\n\n\n\n  release_window: {}\n${more}`
      const repo = `older-${name.replaceAll(/\W+/g, '-')}`
      const shop = await setUpRepositories(stage, { repo, policy: policy(1) })
      const older = await approved('older', { [path]: policy(2) }, shop)
      await allowBypass(stage, shop)
      const broken = { branch: 'main', files: { [path]: policy(1, mistake) }, message: 'Mistake' }
      await stage.github.push(shop.name, 'olga', broken)
      await stage.settled()
      await shop.review('eva', older)
      const check = await shop.check(older)
      expect(check).toMatchObject({ conclusion: 'failure' })
      expect(check?.summary).not.toContain('this pull request fixes it')
      expect(check?.summary).toContain('update the branch')

      const { data } = await stage.as('ana').rest.pulls.updateBranch({
        ...shop.repository,
        pull_number: older.number,
      })
      expect(data).toBeDefined()
      await stage.settled()
      const repair = await shop.push('ana', older, { [path]: policy(2) })
      await shop.review('chloe', repair)
      await shop.review('dev', repair)
      expect(await shop.check(repair)).toMatchObject({ conclusion: 'success' })
    },
  )

  test.each([
    ['that nobody can pass', 'branches: ["release/*"]\ngates: {}\n'],
    ['that is invalid now', 'branches: ["release/*"]\ngates: { aprovals: {} }\n'],
  ])('on a branch other than the default one does not fix one %s', async (name, policy) => {
    const repo = name.replaceAll(/\W+/g, '-')
    const valid = 'branches: ["release/*"]\ngates: { approvals: {}, release_window: {} }\n'
    const shop = await setUpRepositories(stage, { repo, policy: valid })
    await stage.github.push(shop.name, 'ana', {
      branch: 'release/1',
      from: 'main',
      files: { 'r.ts': '1\n' },
      message: 'Begin',
    })
    await approved('before', { 'src/b.ts': 'b\n' }, shop)
    await allowBypass(stage, shop)
    await stage.github.push(shop.name, 'olga', {
      branch: 'main',
      files: { [path]: policy },
      message: 'Change',
    })
    await stage.settled()
    const change = await shop.openPull('ana', {
      branch: 'elsewhere',
      base: 'release/1',
      title: 'Elsewhere',
      files: { [path]: valid.replace('window: {}', 'window: {}, hold: {}') },
    })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    expect((await shop.check(change))?.conclusion).not.toBe('success')
  })
})
