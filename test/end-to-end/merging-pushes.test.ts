import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  type ReadRecord,
  recordsOf,
  requireCheck,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const shops: Record<string, MergingShop> = {}
let records: ReadRecord[]
let early: { issues: unknown[]; messages: string[] }

async function directPush(shop: MergingShop, login = 'olga', branch = 'main'): Promise<string> {
  const copy = await stage.github.workingCopy(shop.name, login)
  await copy.branch(branch, `origin/main`)
  await copy.write({ 'src/hot.ts': `${login}\n` })
  const sha = await copy.commit('Mend it at once')
  await copy.push({ ref: branch })
  await stage.settled()
  return sha
}

/** An App's commit on main, taken away, pushed again by olga, and taken away again: half a minute each. */
async function pushTwice({ name }: MergingShop): Promise<void> {
  const theirs = await stage.github.workingCopy(name, 'release-bot[bot]')
  await theirs.branch('main', 'origin/main')
  await theirs.write({ 'src/hot.ts': 'at once\n' })
  const bad = await theirs.commit('Mend it at once')
  await theirs.push({ ref: 'main' })
  const mine = await stage.github.workingCopy(name, 'olga')
  for (const to of [`${bad}~1`, bad, `${bad}~1`]) {
    await later(0.5)
    await mine.git('reset', '--hard', '--quiet', to)
    await mine.push({ ref: 'main', force: true })
  }
}

/** A branch at the tip of main that classic protection requires our check on, though not of administrators. */
async function protectedShop(shop: MergingShop, branch: string): Promise<MergingShop> {
  const copy = await stage.github.workingCopy(shop.name, 'olga')
  await copy.branch(branch, 'origin/main')
  await copy.push({ ref: branch })
  await stage.as('olga').rest.repos.updateBranchProtection({
    ...shop.repository,
    branch,
    required_status_checks: { strict: false, checks: [{ context: 'Release gate' }], contexts: [] },
    enforce_admins: false,
    required_pull_request_reviews: null,
    restrictions: null,
  })
  return shop
}

/** A push that is still under way would be received later too, and come after the next one. */
async function later(minutes: number): Promise<void> {
  await stage.settled()
  await stage.moveTo(new Date(stage.now().getTime() + minutes * 60_000))
}

beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
  const releaseBot = stage.github.otherApp('release-bot')
  const scene = async (name: string, policy?: string) => {
    const shop = await aRepositoryOf(stage, policy)
    await allowBypass(stage, shop, { appId: releaseBot.id })
    shops[name] = shop
    return shop
  }
  const direct = await scene('direct')
  stage.github.faults.add({ kind: 'double', event: 'push', times: 2 })
  await directPush(direct)
  const allowed = `${windowPolicy}push:\n  allowed: [Olga, "Release-Bot[bot]"]\n`
  await directPush(await scene('allowed', allowed))
  await directPush(await scene('allowed App', allowed), 'release-bot[bot]')
  await directPush(await scene('other App'), 'release-bot[bot]')
  await directPush(await scene('feature'), 'ana', 'feature')
  const releases = `branches: [main, "release/*"]\n${windowPolicy}`
  for (const [name, rule] of [
    ['covered', {}],
    ['other check', { check: 'build' }],
    ['disabled rule', { enforcement: 'disabled' }],
    ['unreadable rule', { check: 'build' }],
  ] as const) {
    const one = await scene(name, releases)
    await requireCheck(stage, one, { include: 'release/*', ...rule })
    await allowBypass(stage, one)
    const path = `/repos/${one.name}/rules/branches/**`
    const body = { message: 'Resource not accessible by integration' }
    if (name === 'unreadable rule') stage.github.faults.add({ kind: 'status', status: 403, path, body })
    await directPush(one, 'olga', 'release/1')
  }
  const everywhere = await scene('every branch', `branches: ["**"]\n${windowPolicy}`)
  await directPush(everywhere, 'ana', 'feature')
  await directPush(everywhere, 'ana', 'ana/try')
  await directPush(await scene('default of every branch', `branches: ["**"]\n${windowPolicy}`))
  await directPush(await protectedShop(await scene('protected', releases), 'release/2'), 'olga', 'release/2')
  const forced = await scene('forced')
  await directPush(forced)
  const copy = await stage.github.workingCopy(forced.name, 'olga')
  await copy.git('reset', '--hard', '--quiet', 'HEAD~1')
  await copy.push({ ref: 'main', force: true })
  for (const [name, method] of [
    ['merge', 'merge'],
    ['squash', 'squash'],
    ['rebase', 'rebase'],
  ] as const) {
    const shop = await scene(name)
    const change = await shop.approvedChange()
    await stage
      .as('eva')
      .rest.pulls.merge({ ...shop.repository, pull_number: change.number, merge_method: method })
  }
  const byPush = await scene('by push')
  const change = await byPush.approvedChange()
  const theirs = await stage.github.workingCopy(byPush.name, 'olga')
  await theirs.branch('main')
  await theirs.merge(`origin/${change.branch}`)
  await theirs.push({ ref: 'main' })
  await stage.settled()
  const two = await scene('two by one push')
  const both = [await two.change(), await two.change()]
  const ours = await stage.github.workingCopy(two.name, 'olga')
  await ours.branch('main')
  for (const { branch } of both) await ours.merge(`origin/${branch}`)
  await ours.push({ ref: 'main' })
  await stage.settled()
  // A second before the two minutes that GitHub may take to link a push with its pull request.
  await later(119 / 60)
  early = { issues: await openedIssues(stage, direct), messages: direct.messages() }
  const again = await scene('again')
  const mine = await stage.github.workingCopy(again.name, 'olga')
  await mine.branch('main', 'origin/main')
  await mine.write({ 'src/hot.ts': 'again\n' })
  const bad = await mine.commit('Mend it at once')
  await mine.push({ ref: 'main' })
  await later(3)
  await mine.git('reset', '--hard', '--quiet', 'HEAD~1')
  await mine.push({ ref: 'main', force: true })
  await later(3)
  await mine.git('reset', '--hard', '--quiet', bad)
  await mine.push({ ref: 'main' })
  await later(3)
  await pushTwice(await scene('again at once'))
  await later(3)
  await later(2)
  // Which of the waiting notices comes first is not said.
  const areTold = () => direct.messages().length > 0 && bypasses(two).length === 2
  for (let tries = 0; tries < 30 && !areTold(); tries++) await letNoticesPass(stage, 6)
  records = await recordsOf(stage)
})
afterAll(() => stage.close())

const shop = (name: string) => shops[name] as MergingShop
const exceptionsIn = (name: string) => about(records, shop(name), 'exception')
const bypasses = (one: MergingShop) => one.messages().filter((text) => text.includes('bypassed by a merge'))

describe('a push to a covered branch that belongs to no pull request', () => {
  test('is waited with for two minutes, since the link may lag', () => {
    expect(early).toEqual({ issues: [], messages: [] })
  })

  test('is recorded once as an exception, with who pushed what', () => {
    expect(exceptionsIn('direct')).toHaveLength(1)
    expect(exceptionsIn('direct')[0]?.body).toMatchObject({
      kind: 'pushed',
      branch: 'main',
      by: { login: 'olga' },
      forced: false,
      commits: [expect.stringMatching(/^[0-9a-f]{40}$/)],
      bypassed: ['1 commit belongs to no pull request.'],
    })
  })

  test('opens one issue for its review, and is announced with it', async () => {
    const issues = await openedIssues(stage, shop('direct'))
    expect(issues).toHaveLength(1)
    expect(issues[0]).toMatchObject({ labels: ['release-exception'], state: 'open' })
    expect(issues[0]?.body).toContain('`olga` pushed')
    expect(shop('direct').messages()).toEqual([expect.stringContaining('Release gate bypassed by a push')])
    expect(shop('direct').messages()[0]).toContain(`Review in #${issues[0]?.number}`)
  })

  test('is one by an App that push.allowed does not list, and names it', () => {
    expect(exceptionsIn('other App').map(({ body }) => body)).toMatchObject([
      { by: { login: 'release-bot[bot]' }, bypassed: ['1 commit belongs to no pull request.'] },
    ])
  })

  test('is one each time: pushed, removed by force, and pushed again', async () => {
    expect(exceptionsIn('again').map(({ body }) => body.forced)).toEqual([false, true, false])
    expect(await openedIssues(stage, shop('again'))).toHaveLength(3)
  })

  test('is one each time, in the name of who made it, also within two minutes', async () => {
    const made = exceptionsIn('again at once').map(({ body }) => [
      body.forced,
      (body.by as { login: string }).login,
    ])
    expect(made.toSorted()).toEqual([
      [false, 'olga'],
      [false, 'release-bot[bot]'],
      [true, 'olga'],
      [true, 'olga'],
    ])
    expect(await openedIssues(stage, shop('again at once'))).toHaveLength(4)
  })

  test.each([
    ['where a ruleset requires the check, also on a new branch', 'covered', 'release/1'],
    ['where the protection of the branch requires the check', 'protected', 'release/2'],
    ['where GitHub does not tell whether the check is required', 'unreadable rule', 'release/1'],
    ['on the default branch, where the policy covers every branch', 'default of every branch', 'main'],
  ])('is one %s', (_where, name, branch) => {
    expect(exceptionsIn(name)).toMatchObject([{ body: { kind: 'pushed', branch } }])
  })

  test('is announced for each of two pull requests that one push merges', () => {
    const announced = about(records, shop('two by one push'), 'announced')
    const merged = about(records, shop('two by one push'), 'merged')
    expect(merged.map(({ body }) => [body.number, body.exception]).toSorted()).toEqual([
      [1, expect.objectContaining({ kind: 'not passed' })],
      [2, expect.objectContaining({ kind: 'not passed' })],
    ])
    expect(bypasses(shop('two by one push'))).toHaveLength(2)
    const seqs = announced.map(({ body }) => (body.change as { seq: number }).seq)
    expect(seqs).toEqual(expect.arrayContaining(merged.map(({ seq }) => seq)))
  })

  test('a rewritten history is one, even where nothing new came', () => {
    const bodies = exceptionsIn('forced').map(({ body }) => body)
    expect(bodies).toContainEqual(
      expect.objectContaining({
        forced: true,
        commits: [],
        bypassed: ['The history of main was rewritten by a force push.'],
      }),
    )
  })
})

describe('no exception is', () => {
  test.each([
    ['a push by an account that push.allowed lists, whatever the case', 'allowed'],
    ['a push by an App that push.allowed lists', 'allowed App'],
    ['a push to a branch that the policy does not cover', 'feature'],
    ['a push to a feature branch, where the policy covers every branch', 'every branch'],
    ['a push to a covered branch that requires another check only', 'other check'],
    ['a push to a covered branch whose ruleset is disabled', 'disabled rule'],
    ['a merge commit', 'merge'],
    ['a squash', 'squash'],
    ['a rebase', 'rebase'],
    ['a push that merges an approved pull request', 'by push'],
  ])('%s', async (_name, key) => {
    expect(exceptionsIn(key)).toEqual([])
    expect(await openedIssues(stage, shop(key))).toEqual([])
  })

  test('and the merges among them have their change records', () => {
    for (const key of ['merge', 'squash', 'rebase', 'by push']) {
      expect(about(records, shop(key), 'merged')).toHaveLength(1)
    }
  })
})
