import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aStage } from '../support/stage.ts'

/** One commit on several branches, of which the policy covers some: the default branch always. */

let stage: Stage
let installationId: number
let count = 0

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-25T18:05:00Z') })
  cast(stage)
  stage.github.addUser('zed')
  installationId = stage.github.installApp('foodyepay').installationId
})
afterAll(() => stage.close())

async function aShopWith(branch: string, policy: string): Promise<Workshop> {
  const shop = await setUpRepositories(stage, { repo: `heads-${++count}`, policy })
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch(branch)
  await copy.push({ ref: branch })
  return shop
}

async function aGreenOne(shop: Workshop, base = 'main'): Promise<Change> {
  const files = { 'src/a.ts': 'export {}\n' }
  const change = await shop.openPull('ana', { branch: 'change', title: 'A change', base, files })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

describe('a pull request with the same head to a branch that the policy leaves out', () => {
  test.each(['zed', 'ben'])('by %s keeps nobody waiting', async (login) => {
    const shop = await aShopWith('docs', 'gates:\n  approvals: {}\n')
    const change = await aGreenOne(shop)
    if (login === 'zed') await stage.github.fork(shop.name, 'zed')
    const head = login === 'zed' ? `zed:${change.branch}` : change.branch
    await stage.as(login).rest.pulls.create({ ...shop.repository, title: 'Again', head, base: 'docs' })
    await stage.settled()
    await shop.label('eva', change, 'hold')
    await shop.unlabel('eva', change, 'hold')
    await shop.review('chloe', change, 'COMMENT')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('by a stranger, once or again and again, has the green one evaluated, which stays green', async () => {
    const shop = await aShopWith('docs', 'gates:\n  approvals: {}\n')
    const change = await aGreenOne(shop)
    await stage.github.fork(shop.name, 'zed')
    const params = { ...shop.repository, title: 'Again', head: `zed:${change.branch}`, base: 'docs' }
    const { data } = await stage.as('zed').rest.pulls.create(params)
    await stage.settled()
    for (const title of ['Once more', 'And again']) {
      await stage.as('zed').rest.pulls.update({ ...shop.repository, pull_number: data.number, title })
      await stage.settled()
    }
    const changed = await letAMinutePass(shop.repository.repo)
    expect(changed).toEqual([])
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
})

/** Makes every change of a repository a minute older, for the database's own clock. Tells which of its pull requests had one. */
async function letAMinutePass(repo: string): Promise<number[]> {
  const database = await openDatabase(stage.database)
  const rows = await database.query<{ number: number }>(
    `UPDATE release_gate.verdicts SET changed_at = changed_at - interval '1 minute'
     WHERE repo = $1 AND changed_at IS NOT NULL RETURNING number`,
    [repo],
  )
  await database.close()
  await stage.moveTo(new Date(stage.now().getTime() + 60_000))
  return rows.map(({ number }) => number)
}

describe('the tip of main that goes to two release branches', () => {
  test('is green only when both pull requests are approved, though GitHub ties neither to the commit', async () => {
    const shop = await aShopWith('release/1', 'branches: [main, "release/*"]\ngates:\n  approvals: {}\n')
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('release/2')
    await copy.push({ ref: 'release/2' })
    expect(await shop.merge('eva', await aGreenOne(shop))).toBeUndefined()
    const [first, second] = [await offer(shop, 'main', 'release/1'), await offer(shop, 'main', 'release/2')]
    const tied = await stage
      .as('ana')
      .rest.repos.listPullRequestsAssociatedWithCommit({ ...shop.repository, commit_sha: first.sha })
    expect(tied.data.filter(({ state }) => state === 'open')).toEqual([])
    await shop.review('chloe', first)
    await shop.review('dev', first)
    expect((await shop.check(first))?.conclusion).not.toBe('success')
    await shop.review('chloe', second)
    await shop.review('dev', second)
    expect(await shop.check(first)).toMatchObject({ conclusion: 'success' })
  })
})

/** A pull request of a branch that is there already. */
async function offer(shop: Workshop, branch: string, base: string): Promise<Change> {
  const { data } = await stage
    .as('ben')
    .rest.pulls.create({ ...shop.repository, title: `${branch} to ${base}`, head: branch, base })
  await stage.settled()
  return { number: data.number, branch, sha: data.head.sha }
}

describe('a head that was merged to another branch than the default one', () => {
  const night = '2026-11-26T09:00:00Z'
  let shop: Workshop
  let change: Change
  beforeAll(async () => {
    shop = await aShopWith(
      'release/1',
      'branches: [release/1]\ngates:\n  approvals: {}\n  release_window: {}\n',
    )
    change = await aGreenOne(shop, 'release/1')
    expect(await shop.merge('eva', change)).toBeUndefined()
    await stage.moveTo(new Date(night))
  })

  test('is revoked at closing: the default branch is always covered', async () => {
    expect(await shop.check(change)).toMatchObject({ conclusion: null })
  })

  test('lets nothing through to the default branch, though the writes of the hour are used up', async () => {
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    await database.query(
      'INSERT INTO release_gate.writes (installation_id, at) SELECT $1, $2::timestamptz FROM generate_series(1, 490)',
      [installationId, new Date('2026-11-26T08:50:00Z')],
    )
    await database.close()
    await stage.startBot()
    const params = { ...shop.repository, title: 'To main', head: change.branch, base: 'main' }
    const { data } = await stage.as('ana').rest.pulls.create(params)
    await stage.settled()
    for (const minute of [5, 20, 40]) await stage.moveTo(new Date(Date.parse(night) + minute * 60_000))
    expect(await shop.merge('ana', { ...change, number: data.number })).toMatch(/Release gate/)
  })
})

describe('a head that was squashed', () => {
  test('is not green anymore: the branch does not hold it, and could take it once more', async () => {
    await stage.moveTo(new Date('2026-12-02T18:05:00Z'))
    const shop = await setUpRepositories(stage, { repo: `heads-${++count}` })
    const merge = async (merge_method: 'merge' | 'squash', branch: string) => {
      const files = { [`src/${branch}.ts`]: 'export {}\n' }
      const change = await shop.openPull('ana', { branch, title: branch, files })
      await shop.review('chloe', change)
      await shop.review('dev', change)
      const params = { ...shop.repository, pull_number: change.number, merge_method }
      await stage.as('eva').rest.pulls.merge(params)
      await stage.settled()
      return shop.check(change)
    }
    expect(await merge('merge', 'whole')).toMatchObject({ conclusion: 'success' })
    expect(await merge('squash', 'squashed')).toMatchObject({ conclusion: null })
  })
})
