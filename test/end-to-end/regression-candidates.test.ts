import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { aStagingWorld, type StagingWorld } from '../support/staging-world.ts'

/** Several candidates and one staging environment: each is deployed and judged in its turn. */

const minute = 60_000
let world: StagingWorld
let shop: Workshop
let count = 0

beforeAll(async () => {
  world = await aStagingWorld('2026-11-23T18:00:00Z')
})
beforeEach(async () => {
  await later(3)
  shop = await world.shop('gates:\n  staging_regression:\n    limits: { per_tool: 2, total: 4 }\n')
})
afterAll(() => world.close())

const later = (minutes: number) =>
  world.stage.moveTo(new Date(world.stage.now().getTime() + minutes * minute))

const aChange = () =>
  shop.openPull('ana', {
    branch: `candidate-${++count}`,
    title: 'A candidate',
    files: { [`src/candidate-${count}.ts`]: 'export {}\n' },
  })

async function aCandidate(): Promise<Change> {
  const change = await aChange()
  await shop.label('eva', change, 'release')
  return change
}

const askedFor = async ({ sha }: Change) =>
  (await world.stage.as('olga').rest.repos.listDeployments({ ...shop.repository, sha })).data.length
const isUnderWay = (change: Change) =>
  eventually(async () => expect(await shop.regression(change)).toMatchObject({ conclusion: null }))
async function tipOfMain(): Promise<string> {
  const { data } = await world.stage.as('olga').rest.repos.getCommit({ ...shop.repository, ref: 'main' })
  return data.sha
}
const isGreen = async (change: Change) => (await shop.check(change))?.conclusion === 'success'

describe('of two candidates', () => {
  test('the second is deployed when the first has been evaluated, and both get their evidence', async () => {
    const [first, second] = [await aCandidate(), await aCandidate()]
    expect([await askedFor(first), await askedFor(second)]).toEqual([1, 0])
    expect((await shop.check(second))?.summary).toContain('Only one pull request is deployed at a time')
    await later(2)
    expect(await askedFor(second)).toBe(0)
    await shop.deploy(first)
    expect(await isGreen(first)).toBe(true)
    await later(2)
    expect(await askedFor(second)).toBe(1)
    await shop.deploy(second)
    expect([await isGreen(first), await isGreen(second)]).toEqual([true, true])
  })

  test('the second comes at once where the deployment of the first failed', async () => {
    const [first, second] = [await aCandidate(), await aCandidate()]
    await shop.deploy(first, { state: 'failure' })
    await later(1)
    expect(await askedFor(second)).toBe(1)
  })

  test('a deployment of which nothing comes keeps the second waiting for half an hour, and no longer', async () => {
    const [, second] = [await aCandidate(), await aCandidate()]
    await later(28)
    expect(await askedFor(second)).toBe(0)
    await later(3)
    expect(await askedFor(second)).toBe(1)
  })

  test('the second waits while the first is on staging and its run goes on', async () => {
    const [first, second] = [await aCandidate(), await aChange()]
    world.staging.setModes({ slow: 1_000 })
    const running = shop.deploy(first)
    await isUnderWay(first)
    const params = { ...shop.repository, issue_number: second.number, labels: ['release'] }
    await world.stage.as('eva').rest.issues.addLabels(params)
    await eventually(async () => expect((await shop.check(second))?.title).toBe('Waiting for a deployment'))
    await isUnderWay(first)
    await running
    expect(await askedFor(second)).toBe(0)
    world.staging.setModes({})
    await later(2)
    expect(await askedFor(second)).toBe(1)
  })

  /** Labels the second while the run of the first goes on. */
  const meanwhile = async (first: Change, second: Change, running: Promise<unknown>) => {
    await isUnderWay(first)
    const moving = later(2)
    const params = { ...shop.repository, issue_number: second.number, labels: ['release'] }
    await world.stage.as('eva').rest.issues.addLabels(params)
    await eventually(async () => expect((await shop.check(second))?.title).toBe('Waiting for a deployment'))
    await isUnderWay(first)
    await Promise.all([running, moving])
    expect(await askedFor(second)).toBe(0)
    world.staging.setModes({})
    await later(2)
    expect(await askedFor(second)).toBe(1)
  }

  test('the second waits for a run that goes on half an hour after the deployment began', async () => {
    const [first, second] = [await aCandidate(), await aChange()]
    await later(29)
    world.staging.setModes({ slow: 1_000 })
    await meanwhile(first, second, shop.deploy(first))
    expect(await isGreen(first)).toBe(true)
  })

  test('the second waits for a run by the button', async () => {
    const [first, second] = [await aCandidate(), await aChange()]
    await shop.deploy(first)
    await later(60)
    world.staging.setModes({ slow: 1_000 })
    await meanwhile(first, second, shop.runAgain('ben', first))
    expect(await isGreen(first)).toBe(true)
  })

  test('the second waits for half an hour from the last news of a deployment', async () => {
    const [first, second] = [await aCandidate(), await aCandidate()]
    await later(20)
    await shop.deploy(first, { state: 'in_progress' })
    await later(28)
    expect(await askedFor(second)).toBe(0)
    await later(3)
    expect(await askedFor(second)).toBe(1)
  })

  test('what was deployed for no candidate keeps nobody waiting', async () => {
    await shop.deploy({ sha: await tipOfMain() })
    expect(await askedFor(await aCandidate())).toBe(1)
  })
})

describe('two pull requests on one head', () => {
  test('that are labeled together ask for one deployment', async () => {
    const { stage } = world
    shop = await world.shop(
      'branches: [main, lax]\ngates:\n  staging_regression: { limits: { per_tool: 2, total: 4 } }\n',
    )
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('lax')
    await copy.push({ ref: 'lax' })
    const change = await aChange()
    const params = { ...shop.repository, title: 'Again', head: change.branch, base: 'lax' }
    const { data } = await stage.as('ana').rest.pulls.create(params)
    await stage.settled()
    stage.github.faults.add({ kind: 'latency', latencyMs: 300, path: /\/deployments$/, only: 'app' })
    const label = (issue_number: number) =>
      stage.as('eva').rest.issues.addLabels({ ...shop.repository, issue_number, labels: ['release'] })
    await Promise.all([change.number, data.number].map(label))
    await stage.settled()
    stage.github.faults.clear()
    expect(await askedFor(change)).toBe(1)
  })
})

describe('an hour before a window', () => {
  test('candidates whose evidence is too old are deployed again, in turn', async () => {
    shop = await world.shop(`gates:
  release_window: { closing_margin: 0s }
  staging_regression: { freshness: 1d, limits: { per_tool: 2, total: 4 } }
`)
    const both = [await aCandidate(), await aCandidate()]
    for (const each of both) {
      await later(2)
      await shop.deploy(each)
    }
    await shop.deploy({ sha: await tipOfMain() })
    await world.stage.moveTo(new Date('2026-11-25T17:00:00Z'))
    await later(1)
    const again = async () => (await Promise.all(both.map(askedFor))).map((count) => count - 1)
    expect((await again()).sort()).toEqual([0, 1])
    const [first, second] = (await again())[0] === 1 ? both : both.toReversed()
    await shop.deploy(first as Change)
    for (const minutes of [2, 1]) await later(minutes)
    expect(await again()).toEqual([1, 1])
    await shop.deploy(second as Change)
    await world.stage.moveTo(new Date('2026-11-25T18:00:00Z'))
    expect(await Promise.all(both.map(isGreen))).toEqual([true, true])
  })

  test('evidence that would become too old within the hour is renewed', async () => {
    shop = await world.shop(`gates:
  release_window: { closing_margin: 0s }
  staging_regression: { freshness: 1d, limits: { per_tool: 2, total: 4 } }
`)
    const change = await aChange()
    await world.stage.moveTo(new Date('2026-12-01T17:50:00Z'))
    await shop.deploy(change)
    await world.stage.moveTo(new Date('2026-12-02T17:00:00Z'))
    await later(1)
    await world.stage.moveTo(new Date('2026-12-02T18:00:00Z'))
    expect(await isGreen(change)).toBe(true)
  })

  test('a head from a fork is neither deployed nor tested automatically', async () => {
    shop = await world.shop(`gates:
  release_window: { closing_margin: 0s }
  staging_regression: { limits: { per_tool: 2, total: 4 } }
`)
    const { stage } = world
    stage.github.addUser('zoe')
    const fork = await stage.github.fork(shop.name, 'zoe')
    const copy = await stage.github.workingCopy(fork.fullName, 'zoe')
    await copy.branch('theirs', 'origin/main')
    await copy.write({ 'src/theirs.ts': 'export {}\n' })
    const sha = await copy.commit('Theirs')
    await copy.push({ ref: 'theirs' })
    const { data } = await stage
      .as('zoe')
      .rest.pulls.create({ ...shop.repository, title: 'Theirs', head: 'zoe:theirs', base: 'main' })
    const change = { number: data.number, sha, branch: 'theirs' }
    await shop.label('eva', change, 'release')
    await stage.moveTo(new Date('2026-12-09T17:00:00Z'))
    await later(2)
    expect(await askedFor(change)).toBe(0)
    expect(await shop.regression(change)).toMatchObject({ conclusion: 'action_required' })
  })
})
