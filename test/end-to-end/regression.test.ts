import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Change, deployer, type Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { aStageOnPglite } from '../support/stage.ts'
import { aStagingWorld, quickSuite, type StagingWorld } from '../support/staging-world.ts'

/** The staging regression, as people meet it on GitHub. */

let world: StagingWorld
let count = 0
const aChange = (
  shop: Workshop,
  files: Record<string, string> = { 'src/rewards.ts': `export const cap = ${++count}\n` },
) => shop.openPull('ana', { branch: `change-${++count}`, title: 'A change', files })
const gateOf = async (shop: Workshop, change: Pick<Change, 'sha'>) => {
  const { conclusion, title, summary } = (await shop.check(change)) ?? {}
  return { conclusion, title, summary }
}
const deploymentsOf = async (shop: Workshop, { sha }: { sha: string }) =>
  (await world.stage.as('olga').rest.repos.listDeployments({ ...shop.repository, sha })).data
const runsOf = async (shop: Workshop, { sha }: { sha: string }) => {
  const params = { ...shop.repository, ref: sha, check_name: 'Staging regression', filter: 'all' as const }
  return (await world.stage.as('olga').rest.checks.listForRef(params)).data.check_runs
}
const exceptionsOf = async (shop: Workshop) =>
  (
    await world.stage.as('olga').rest.issues.listForRepo({ ...shop.repository, labels: 'release-exception' })
  ).data.map(({ body }) => body)
/** Resolves once the check says that the run goes on. */
const progressReport = (shop: Workshop, change: Change) =>
  eventually(async () => expect(await shop.regression(change)).toMatchObject({ conclusion: null }))
const passed = { conclusion: 'success', title: 'Ready to merge' }

beforeAll(async () => {
  world = await aStagingWorld()
})
// GitHub allows so many writes a minute; each test has minutes of its own.
beforeEach(() => world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * 60_000)))
afterEach(() => world.staging.setModes({}))
afterAll(async () => {
  if (process.env.SHOW_LOG) process.stdout.write(world.stage.bot().log())
  await world.close()
})

describe('a deployment of the head to the environment', () => {
  test('is evaluated, the evidence is kept, and the gate passes with a link to the report', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    expect(await gateOf(shop, change)).toMatchObject({ conclusion: null, title: 'Not on staging yet' })
    expect(await shop.regression(change)).toBeUndefined()
    const id = await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report).toMatchObject({
      conclusion: 'success',
      title: '✅ Staging regression passed: all gates passed',
    })
    expect(report?.summary).toContain('check_reward_eligibility')
    expect(report?.summary).toContain(`deployment \`${id} of`)
    const gate = await gateOf(shop, change)
    expect(gate).toMatchObject(passed)
    expect(gate.summary).toContain(`/runs/${report?.id})`)
    expect(await shop.merge('eva', change)).toBeUndefined()
    expect(await exceptionsOf(shop)).toEqual([])
  })

  test('counts for the merge, though staging holds something else by the time of its record', async () => {
    const shop = await world.shop()
    const [change, next] = [await aChange(shop), await aChange(shop)]
    await shop.deploy(change)
    expect(await gateOf(shop, change)).toMatchObject(passed)
    const tell = world.stage.github.faults.add({ kind: 'hold' })
    const { number: pull_number, sha } = change
    await world.stage.as('eva').rest.pulls.merge({ ...shop.repository, pull_number, sha })
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 1_000))
    await shop.deploy(next, { state: 'failure' })
    await shop.deploy(next)
    tell()
    await world.stage.settled()
    expect(await exceptionsOf(shop)).toEqual([])
  })

  test('counts only by the word of a listed deployer', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change, { by: 'ben' })
    expect(await gateOf(shop, change)).toMatchObject({ conclusion: null, title: 'Deployment is not trusted' })
    expect(await runsOf(shop, change)).toEqual([])
  })

  test.each(['failure', 'in_progress'] as const)('that is %s starts no run', async (state) => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change, { state })
    expect((await gateOf(shop, change)).conclusion).toBeNull()
    expect(await runsOf(shop, change)).toEqual([])
  })

  test('to another environment starts no run', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change, { environment: 'production' })
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Not on staging yet' })
    expect(await runsOf(shop, change)).toEqual([])
  })

  test('done again is evaluated again: evidence is of the newest deployment', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change)
    world.staging.setModes({ erring: 1 })
    await shop.deploy(change)
    expect(await runsOf(shop, change)).toHaveLength(2)
    expect(await gateOf(shop, change)).toMatchObject({
      conclusion: 'failure',
      title: 'Staging regression failed',
    })
  })

  test('of a head that another one replaces on staging stays evidence of that head', async () => {
    const shop = await world.shop()
    const [first, second] = [await aChange(shop), await aChange(shop)]
    await shop.deploy(first)
    await shop.deploy(second)
    expect(await gateOf(shop, first)).toMatchObject(passed)
    expect(await gateOf(shop, second)).toMatchObject(passed)
  })
})

describe('a change that breaks the contract', () => {
  test('is stopped by the check, its repair passes, and the last release is what counts', async () => {
    const shop = await world.shop()
    const release = await aChange(shop)
    await shop.deploy(release)
    expect(await shop.merge('eva', release)).toBeUndefined()

    const change = await aChange(shop)
    world.staging.setModes({ contract: 'changed' })
    await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report).toMatchObject({ conclusion: 'failure' })
    expect(report?.title).toContain('breaking changes')
    expect(report?.summary).toContain('issue_reward')
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression failed' })
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)

    const repair = await shop.push('ana', change, { 'src/rewards.ts': 'export const cap = 7\n' })
    expect(await gateOf(shop, repair)).toMatchObject({ title: 'Not on staging yet' })
    world.staging.setModes({})
    await shop.deploy(repair)
    expect(await gateOf(shop, repair)).toMatchObject(passed)
    expect(await shop.merge('eva', repair)).toBeUndefined()
  })

  test('is found from the stored list when another release makes a new baseline, without a new run', async () => {
    const shop = await world.shop()
    const [release, change] = [await aChange(shop), await aChange(shop)]
    await shop.deploy(release)
    world.staging.setModes({ contract: 'changed' })
    await shop.deploy(change)
    expect(await gateOf(shop, change)).toMatchObject(passed)
    expect(await shop.merge('eva', release)).toBeUndefined()
    const gate = await gateOf(shop, change)
    expect(gate).toMatchObject({ conclusion: 'failure', title: 'Staging regression failed' })
    expect(gate.summary).toContain('contract: ')
    expect(await runsOf(shop, change)).toHaveLength(1)
  })
})

describe('what could not be evaluated', () => {
  test('blocks, is never called a regression, and is run again by the button', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    world.staging.setModes({ html: true })
    await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report).toMatchObject({ conclusion: 'failure' })
    expect(report?.title).toMatch(/Staging regression inconclusive/)
    const gate = await gateOf(shop, change)
    expect(gate).toMatchObject({ conclusion: 'failure', title: 'Staging regression inconclusive' })
    expect(gate.summary).toContain('click "Run again"')
    expect(gate.summary).not.toMatch(/regression failed/i)
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)

    world.staging.setModes({})
    await shop.runAgain('gus', change)
    expect(await runsOf(shop, change)).toHaveLength(1)
    await shop.runAgain('ben', change)
    expect(await runsOf(shop, change)).toHaveLength(2)
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('GitHub\'s own "Re-run" of the check runs it again too', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    world.staging.setModes({ html: true })
    await shop.deploy(change)
    world.staging.setModes({})
    const [run] = await runsOf(shop, change)
    await world.stage.as('ben').rest.checks.rerequestRun({ ...shop.repository, check_run_id: run?.id ?? 0 })
    await world.stage.settled()
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('the button on a head that is not on staging anymore', async () => {
    const shop = await world.shop()
    const [first, second] = [await aChange(shop), await aChange(shop)]
    world.staging.setModes({ html: true })
    await shop.deploy(first)
    world.staging.setModes({})
    await shop.deploy(second)
    await shop.runAgain('ben', first)
    const report = await shop.regression(first)
    expect(report?.title).toContain(`staging holds ${second.sha.slice(0, 7)}, not this head`)
    expect(await gateOf(shop, first)).toMatchObject({ conclusion: 'failure' })
  })

  test.each([
    ['a server that the operator does not know', 'server: canary', 'not configured a server named canary'],
    [
      'a deployment that the server itself does not confirm',
      'identity: server',
      'the server reports version',
    ],
  ])('%s', async (_, setting, says) => {
    const shop = await world.shop(`gates:\n  staging_regression:\n    ${setting}\n`)
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression inconclusive' })
    expect((await shop.regression(change))?.summary).toContain(says)
  })

  test('a server that reports the head as its version passes where the policy asks the server', async () => {
    const shop = await world.shop(
      'gates:\n  staging_regression:\n    identity: server\n    limits: { per_tool: 2, total: 4 }\n',
    )
    const change = await aChange(shop)
    world.staging.deploy(change.sha)
    await shop.deploy(change)
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('something is deployed during the run', async () => {
    const shop = await world.shop()
    const [change, other] = [await aChange(shop), await aChange(shop)]
    world.staging.setModes({ slow: 150 })
    const first = shop.deploy(change)
    await progressReport(shop, change)
    await Promise.all([first, shop.deploy(other, { by: deployer })])
    expect((await shop.regression(change))?.title).toContain(
      'something was deployed to staging during the run',
    )
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression inconclusive' })
    expect(await gateOf(shop, other)).toMatchObject(passed)
  })
})

describe('while another head is being deployed', () => {
  let shop: Workshop
  let change: Change
  /** Of another head, begun after the deployment of the change. */
  let newer: number
  const repos = () => world.stage.as(deployer).rest.repos
  const begin = async (sha: string) => {
    const params = { ref: sha, environment: 'staging', auto_merge: false, required_contexts: [] }
    const { data } = await repos().createDeployment({ ...shop.repository, ...params })
    if (!('id' in data)) throw new Error('no deployment')
    return data.id
  }
  const tell = (id: number, state: 'in_progress' | 'success' | 'failure') =>
    repos().createDeploymentStatus({ ...shop.repository, deployment_id: id, state })
  beforeEach(async () => {
    shop = await world.shop()
    change = await aChange(shop)
    const other = await aChange(shop)
    const own = await begin(change.sha)
    newer = await begin(other.sha)
    await tell(newer, 'in_progress')
    await tell(own, 'success')
    await world.stage.settled()
  })

  test('no run begins, and it comes when that deployment has failed', async () => {
    expect(await runsOf(shop, change)).toEqual([])
    await tell(newer, 'failure')
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 61_000))
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('one that hangs is taken to have died after an hour', async () => {
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 59 * 60_000))
    expect(await runsOf(shop, change)).toEqual([])
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * 60_000))
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('one that begins during the run makes it inconclusive', async () => {
    await tell(newer, 'failure')
    world.staging.setModes({ slow: 150 })
    const later = world.stage.moveTo(new Date(world.stage.now().getTime() + 61_000))
    await progressReport(shop, change)
    await tell(await begin(change.sha), 'in_progress')
    await later
    expect((await shop.regression(change))?.title).toContain(
      'something was deployed to staging during the run',
    )
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression inconclusive' })
  })
})

describe('the suite', () => {
  test('is read from the head; without one the change fails', async () => {
    const shop = await world.shop(undefined, null)
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression failed' })
    expect((await shop.regression(change))?.summary).toContain('the head has no suite at')
  })

  test('with a mistake fails with its line', async () => {
    const shop = await world.shop()
    const change = await aChange(shop, { '.github/mcp-regression.yml': `${quickSuite}server: x\n` })
    await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report?.title).toMatch(/mcp-regression\.yml:11/)
    expect(report).toMatchObject({ conclusion: 'failure' })
  })

  test('of the head cannot loosen the limits of the policy, and cases that it removes are listed', async () => {
    const shop = await world.shop()
    const [, second = ''] = quickSuite.split(/(?= {2}- name: the statistics)/)
    const loose = quickSuite.replace(second, '').replace('cases:', 'gates: { errors: { rate: 90% } }\ncases:')
    const change = await aChange(shop, { '.github/mcp-regression.yml': loose })
    world.staging.setModes({ erring: 0.2 })
    await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report).toMatchObject({ conclusion: 'failure' })
    expect(report?.summary).toContain('the statistics are numbers')
    expect(report?.summary).toContain('looser errors.rate than the policy')
  })
})

describe('the label release', () => {
  test('added by a person with write asks once for a deployment of the head, as it is', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.label('eva', change, 'release')
    const [asked, ...more] = await deploymentsOf(shop, change)
    expect(asked).toMatchObject({
      sha: change.sha,
      environment: 'staging',
      creator: { login: 'release-gate[bot]' },
    })
    expect(more).toEqual([])
    expect(await gateOf(shop, change)).toMatchObject({ conclusion: null, title: 'Waiting for a deployment' })
    await shop.review('chloe', change, 'COMMENT')
    expect(await deploymentsOf(shop, change)).toHaveLength(1)
    await shop.deploy(change)
    expect(await deploymentsOf(shop, change)).toHaveLength(1)
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })

  test('asks for the head itself, also where the base has moved on: the base is not merged in', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    const other = await aChange(shop)
    await shop.deploy(other)
    expect(await shop.merge('eva', other)).toBeUndefined()
    await shop.label('eva', change, 'release')
    expect(await deploymentsOf(shop, change)).toMatchObject([{ sha: change.sha }])
  })

  test('added by someone who can only triage counts for nothing', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.label('gus', change, 'release')
    expect(await deploymentsOf(shop, change)).toEqual([])
    expect((await gateOf(shop, change)).summary).toContain('`gus`, who added it, has no write access')
  })

  test('after a deployment that failed: asked again when it is added again, and not before', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.label('eva', change, 'release')
    await shop.deploy(change, { state: 'failure' })
    expect(await deploymentsOf(shop, change)).toHaveLength(1)
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Deployment failed' })
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 60_000))
    await shop.unlabel('eva', change, 'release')
    await shop.label('eva', change, 'release')
    expect(await deploymentsOf(shop, change)).toHaveLength(2)
  })
})

describe('a head from a fork', () => {
  test('is never deployed by us nor tested automatically: a person with write asks by the button', async () => {
    const { stage } = world
    const shop = await world.shop(
      'gates:\n  staging_regression:\n    deployment: none\n    limits: { per_tool: 2, total: 4 }\n',
    )
    stage.github.addUser('zoe')
    const fork = await stage.github.fork(shop.name, 'zoe')
    const copy = await stage.github.workingCopy(fork.fullName, 'zoe')
    await copy.branch('gift')
    await copy.write({ 'src/gift.ts': 'export const gift = 1\n' })
    const sha = await copy.commit('A gift')
    await copy.push({ ref: 'gift' })
    const { data } = await stage
      .as('zoe')
      .rest.pulls.create({ ...shop.repository, title: 'A gift', head: 'zoe:gift', base: 'main' })
    await stage.settled()
    const change = { number: data.number, sha, branch: 'gift' }
    await shop.label('eva', change, 'release')
    await shop.deploy(change)
    expect((await deploymentsOf(shop, change)).map(({ creator }) => creator?.login)).toEqual([deployer])
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression not requested' })
    expect(await shop.regression(change)).toMatchObject({ conclusion: 'action_required' })

    await shop.runAgain('zoe', change)
    expect(await runsOf(shop, change)).toHaveLength(1)
    await shop.runAgain('ben', change)
    expect(await gateOf(shop, change)).toMatchObject(passed)
  })
})

describe('without deployments', () => {
  test('the label asks for a run, tied to the head at the time of the run', async () => {
    const shop = await world.shop(
      'gates:\n  staging_regression:\n    deployment: none\n    limits: { per_tool: 2, total: 4 }\n',
    )
    const change = await aChange(shop)
    expect(await gateOf(shop, change)).toMatchObject({ title: 'Staging regression not run yet' })
    await shop.label('eva', change, 'release')
    const gate = await gateOf(shop, change)
    expect(gate).toMatchObject(passed)
    expect(gate.summary).toContain('so the run counts for the head that was current when it ran')
    expect((await shop.regression(change))?.summary).toContain('tied to the head at the time of the run')
    expect(await deploymentsOf(shop, change)).toEqual([])
  })
})

describe('evidence', () => {
  test('for another head is not evidence, unless it has the identical git tree', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change)
    const copy = await world.stage.github.workingCopy(shop.name, 'ana')
    await copy.branch(change.branch, `origin/${change.branch}`)
    const sha = await copy.commit('The same files', { amend: true })
    await copy.push({ ref: change.branch, force: true })
    await world.stage.settled()
    expect(sha).not.toBe(change.sha)
    const gate = await gateOf(shop, { sha })
    expect(gate).toMatchObject(passed)
    expect(gate.summary).toContain('which has identical files')
    expect(await runsOf(shop, { sha })).toEqual([])
    const other = await shop.push('ana', change, { 'src/rewards.ts': 'export const cap = 0\n' })
    expect(await gateOf(shop, other)).toMatchObject({ title: 'Not on staging yet' })
  })

  test('is not asked for in a repository whose policy names only other gates', async () => {
    const shop = await world.shop('gates:\n  approvals: {}\n')
    const change = await aChange(shop)
    await shop.label('eva', change, 'release')
    await shop.deploy(change)
    expect((await gateOf(shop, change)).summary).not.toContain('Staging')
    expect(await runsOf(shop, change)).toEqual([])
    expect((await deploymentsOf(shop, change)).map(({ creator }) => creator?.login)).toEqual([deployer])
  })
})

describe('a run', () => {
  test('is canceled when the head has moved, and is not evidence', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    world.staging.setModes({ slow: 1_000 })
    const deploying = shop.deploy(change)
    await progressReport(shop, change)
    const [moved] = await Promise.all([
      shop.push('ana', change, { 'src/rewards.ts': 'export const cap = 99\n' }),
      deploying,
    ])
    expect(await shop.regression(change)).toMatchObject({
      conclusion: 'cancelled',
      title: 'Canceled: the head has moved',
    })
    expect(await gateOf(shop, moved)).toMatchObject({ title: 'Not on staging yet' })
  })
})

describe('a run on a data folder', () => {
  beforeAll(async () => {
    await world.close()
    world = await aStagingWorld(undefined, undefined, (options) =>
      aStageOnPglite({ ...options, killable: true }),
    )
  })

  test('that a crash cut off is done again after the restart', async () => {
    const { stage } = world
    const shop = await world.shop()
    const change = await aChange(shop)
    world.staging.setModes({ slow: 300 })
    const deploying = shop.deploy(change).catch(() => undefined)
    await progressReport(shop, change)
    await stage.kill()
    await deploying
    world.staging.setModes({})
    await stage.startBot()
    await stage.settled()
    expect(await gateOf(shop, change)).toMatchObject(passed)
    expect(await runsOf(shop, change)).toHaveLength(1)
  })
})
