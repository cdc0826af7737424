import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StagingModes } from '../../src/sandbox/staging/start.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass, letNoticesPass, openedIssues } from '../support/merging.ts'
import { aStagingWorld, quickSuite, type StagingWorld } from '../support/staging-world.ts'

/** The staging regression: what the bot makes of a suite that writes and looks into the ledger, and of what was released before. */

const floors = 'limits: { per_tool: 2, total: 4 }'
const policy = `gates:\n  staging_regression: { ${floors} }\n`
const minute = 60_000
let whole: string
let count = 0

beforeAll(async () => {
  whole = await readFile(new URL('../../examples/mcp-regression.yml', import.meta.url), 'utf8')
})

const aChange = (shop: Workshop, base = 'main') =>
  shop.openPull('ana', {
    branch: `change-${++count}`,
    title: 'A change',
    base,
    files: { [`src/change-${count}.ts`]: 'export {}\n' },
  })
/** With the floors of a test, not those of a release. */
const small = (suite: string) =>
  suite.replace('samples: { per_tool: 20, total: 60 }', 'samples: { per_tool: 2, total: 4 }')

describe('a server that the operator has not marked as safe to write to', () => {
  let world: StagingWorld
  beforeAll(async () => {
    world = await aStagingWorld()
  })
  afterAll(() => world.close())

  test('is never written to, whatever the suite says: the change does not pass, and the ledger stays empty', async () => {
    const shop = await world.shop(policy, small(whole))
    const change = await aChange(shop)
    await shop.deploy(change)
    expect((await shop.check(change))?.conclusion).not.toBe('success')
    expect((await shop.regression(change))?.summary).toContain('not marked as safe to write to')
    expect(await world.staging.database.query('SELECT * FROM reward_ledger')).toMatchObject({ rows: [] })
  })
})

describe('a server that may be written to, with its ledger and what it mirrors', () => {
  const diners = 3
  let world: StagingWorld
  beforeAll(async () => {
    world = await aStagingWorld(undefined, ({ ledger, receiptsUrl }) => ({
      SERVER_STAGING_WRITES: 'yes',
      SERVER_STAGING_LEDGER_KEY: ledger.key,
      SERVER_STAGING_RECEIPTS_URL: receiptsUrl,
      SERVER_STAGING_DECLARED: JSON.stringify({ tables: { diners: { rows: 1_000 * diners } } }),
    }))
  })
  beforeEach(() => world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute)))
  afterEach(() => world.staging.setModes({}))
  afterAll(() => world.close())

  const judged = async (suite: string, modes: StagingModes = {}) => {
    const shop = await world.shop(policy, suite)
    const change = await aChange(shop)
    world.staging.setModes(modes)
    await shop.deploy(change)
    return { check: await shop.check(change), report: await shop.regression(change) }
  }

  test('the right answers, rows and receipts pass', async () => {
    const { check, report } = await judged(small(whole))
    expect(report?.title).toContain('passed')
    expect(check).toMatchObject({ conclusion: 'success' })
  })

  test('a reward that is issued twice is stopped by its rows', async () => {
    const { check, report } = await judged(small(whole), { issuance: 'double' })
    expect(check).toMatchObject({ conclusion: 'failure', title: 'Staging regression failed' })
    expect(report?.summary).toMatch(/ledger.*❌|❌.*ledger|rows/)
  })

  test('data that is not what it claims to mirror fails', async () => {
    const { check, report } = await judged(`${quickSuite}mirror:\n  - { table: diners, rows_within: 10% }\n`)
    expect(check).toMatchObject({ conclusion: 'failure', title: 'Staging regression failed' })
    expect(report?.summary).toMatch(/diners.*declared 3000/)
  })
})

describe('the baseline of the contract', () => {
  let world: StagingWorld
  beforeAll(async () => {
    world = await aStagingWorld()
  })
  beforeEach(() => world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute)))
  afterEach(() => world.staging.setModes({}))
  afterAll(() => world.close())

  test('is compared by a policy of several suites, too, whose removed cases are listed', async () => {
    const suites = 'suite: [.github/mcp-regression.yml, "tests/*.yml"]'
    const shop = await world.shop(`gates:\n  staging_regression: { ${suites}, ${floors} }\n`)
    const [first = '', rest = ''] = quickSuite.split('  - name: the statistics')
    const change = await shop.openPull('ana', {
      branch: 'several',
      title: 'Move a case',
      files: {
        '.github/mcp-regression.yml': first,
        'tests/more.yml': `version: 1\ncases:\n  - name: all statistics${rest}`,
      },
    })
    await shop.deploy(change)
    const report = await shop.regression(change)
    expect(report).toMatchObject({ conclusion: 'success' })
    expect(report?.summary).toContain('the statistics are numbers')
    expect(report?.summary).toContain("--suite .github/mcp-regression.yml 'tests/*.yml' --server")
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('is made by a merge to the default branch, and by no other', async () => {
    const shop = await world.shop(`branches: [main, release/*]\n${policy}`)
    const copy = await world.stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('release/1', 'origin/main')
    await copy.push({ ref: 'release/1' })
    const side = await aChange(shop, 'release/1')
    await shop.deploy(side)
    expect(await shop.merge('eva', side)).toBeUndefined()
    world.staging.setModes({ contract: 'changed' })
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await shop.regression(change)).toMatchObject({ conclusion: 'success' })
  })

  test('of another release turns a head that was evaluated against an older one, without a new run', async () => {
    const shop = await world.shop()
    const [first, second, third] = [await aChange(shop), await aChange(shop), await aChange(shop)]
    await shop.deploy(first)
    expect(await shop.merge('eva', first)).toBeUndefined()
    await shop.deploy(second)
    expect(await shop.check(second)).toMatchObject({ conclusion: 'success' })
    world.staging.setModes({ contract: 'changed' })
    await shop.deploy(third)
    await allowBypass(world.stage, shop)
    expect(await shop.merge('olga', third)).toBeUndefined()
    expect(await shop.check(second)).toMatchObject({ title: 'Staging regression failed' })
  })

  /** Merges a second change, which breaks the contract, while the job that records the merge is slow. */
  const mergedSlowly = async (suite: string, by: 'eva' | 'olga') => {
    const shop = await world.shop()
    const first = await aChange(shop)
    await shop.deploy(first)
    expect(await shop.merge('eva', first)).toBeUndefined()
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute))
    world.staging.setModes({ contract: 'changed' })
    const second = await shop.openPull('ana', {
      ...{ branch: `change-${++count}`, title: 'Break the contract' },
      files: { '.github/mcp-regression.yml': suite },
    })
    await shop.deploy(second)
    const gate = await shop.check(second)
    if (by === 'olga') await allowBypass(world.stage, shop)
    await world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute))
    const slow = { kind: 'latency', latencyMs: 3_000, path: new RegExp(`${second.sha}/check-runs`) } as const
    world.stage.github.faults.add({ ...slow, method: 'GET', only: 'app', times: 1 })
    expect(await shop.merge(by, second)).toBeUndefined()
    await letNoticesPass(world.stage)
    return { gate, issues: await openedIssues(world.stage, shop) }
  }
  const waivers = ['input-required-property-added', 'output-property-removed']

  test('that a merge makes is not what this merge is evaluated by: with waivers it is no exception', async () => {
    const waived = `contract:\n  waivers:\n${waivers.map((rule) => `    - { rule: ${rule}, tool: issue_reward, reason: moved, expires: 2099-01-01 }\n`).join('')}cases:`
    const { gate, issues } = await mergedSlowly(quickSuite.replace('cases:', waived), 'eva')
    expect(gate).toMatchObject({ conclusion: 'success' })
    expect(issues).toEqual([])
  })

  test('that a merge makes is not what this merge is evaluated by: a broken contract would not have passed', async () => {
    const { gate, issues } = await mergedSlowly(`${quickSuite}# Changed\n`, 'olga')
    expect(gate).toMatchObject({ title: 'Staging regression failed' })
    expect(issues).toMatchObject([{ body: expect.stringContaining('Staging regression failed') }])
    expect(issues[0]?.body).not.toContain('would have passed')
  })
})
