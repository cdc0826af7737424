import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Change, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { eventually } from '../support/eventually.ts'
import { aStagingWorld, canaries, quickSuite, type StagingWorld } from '../support/staging-world.ts'

/** The staging regression: what holds by the calendar, who may use which server, and what must never be seen anywhere. */

let world: StagingWorld
let count = 0
const minute = 60_000
const aChange = (shop: Workshop) =>
  shop.openPull('ana', {
    branch: `change-${++count}`,
    title: 'A change',
    files: { 'src/rewards.ts': `export const cap = ${count}\n` },
  })
const runsOf = async (shop: Workshop, { sha }: Change) => {
  const params = { ...shop.repository, ref: sha, check_name: 'Staging regression', filter: 'all' as const }
  return (await world.stage.as('olga').rest.checks.listForRef(params)).data.check_runs
}
const deploymentsOf = async (shop: Workshop, { sha }: Change) =>
  (await world.stage.as('olga').rest.repos.listDeployments({ ...shop.repository, sha })).data
const windowed = (more = '') => `gates:
  release_window: { closing_margin: 0s }
  staging_regression:
    limits: { per_tool: 2, total: 4 }
${more}`

beforeAll(async () => {
  // One of the suites hangs its run, which takes a whole core for as long as the bot is patient.
  world = await aStagingWorld('2026-11-23T18:00:00Z', () => ({ RUN_PATIENCE: '10000' }))
})
beforeEach(() => world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute)))
afterAll(() => world.close())

describe('by the calendar', () => {
  test('an hour before a window opens, what could not be evaluated is tried again, once', async () => {
    const { stage } = world
    const shop = await world.shop(windowed())
    const [change, failing] = [await aChange(shop), await aChange(shop)]
    world.staging.setModes({ erring: 1 })
    await shop.deploy(failing)
    world.staging.setModes({ html: true })
    await shop.deploy(change)
    await stage.moveTo(new Date('2026-11-25T16:59:59Z'))
    expect(await runsOf(shop, change)).toHaveLength(1)
    await stage.moveTo(new Date('2026-11-25T17:00:00Z'))
    expect(await runsOf(shop, change)).toHaveLength(2)
    await stage.moveTo(new Date('2026-11-25T17:30:00Z'))
    await stage.moveTo(new Date('2026-11-25T18:00:00Z'))
    expect(await runsOf(shop, change)).toHaveLength(2)
    expect(await runsOf(shop, failing)).toHaveLength(1)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'failure' })
    world.staging.setModes({})
    await shop.runAgain('ben', change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('a candidate that is no longer on staging is deployed again where the label asks for it', async () => {
    const { stage } = world
    const shop = await world.shop(windowed('    freshness: 1d\n'))
    const [labelled, plain, last] = [await aChange(shop), await aChange(shop), await aChange(shop)]
    await shop.label('eva', labelled, 'release')
    for (const change of [labelled, plain, last]) await shop.deploy(change)
    await stage.moveTo(new Date('2026-12-02T16:59:59Z'))
    expect(await shop.check(labelled)).toMatchObject({ conclusion: null })
    expect(await deploymentsOf(shop, labelled)).toHaveLength(1)
    await stage.moveTo(new Date('2026-12-02T17:00:00Z'))
    await stage.moveTo(new Date('2026-12-02T17:10:00Z'))
    expect(await deploymentsOf(shop, labelled)).toHaveLength(2)
    expect(await deploymentsOf(shop, plain)).toHaveLength(1)
    await shop.deploy(labelled)
    await stage.moveTo(new Date('2026-12-02T18:00:00Z'))
    expect(await shop.check(labelled)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(plain)).toMatchObject({ conclusion: null })
  })

  test('evidence that has become too old takes the green check back', async () => {
    const { stage } = world
    const shop = await world.shop()
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const other = await aChange(shop)
    await shop.deploy(other)
    await stage.moveTo(new Date(stage.now().getTime() + 7 * 24 * 60 * minute))
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'No longer on staging' })
  })
})

describe('a suite that hangs its run', () => {
  const path = `$[?search('${'a'.repeat(60)}', '^(a|a)*b$')]`
  const hanging = quickSuite.replace('{ $.eligible: true }', () => `{ "${path}": { absent: true } }`)

  test('keeps no green check past the window, and is inconclusive', async () => {
    const { stage } = world
    const [shop, other] = [await world.shop(windowed()), await world.shop(windowed(), hanging)]
    const [change, evil] = [await aChange(shop), await aChange(other)]
    await stage.moveTo(new Date('2026-12-16T18:05:00Z'))
    await shop.deploy(change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const deployed = other.deploy(evil)
    await eventually(async () => expect((await other.regression(evil))?.title).toBe('Connecting to staging'))
    const closed = stage.moveTo(new Date('2026-12-16T19:00:00Z'))
    await eventually(async () => expect((await shop.check(change))?.conclusion).not.toBe('success'))
    expect(await other.regression(evil)).toMatchObject({ status: 'in_progress' })
    await Promise.all([deployed, closed])
    expect((await other.regression(evil))?.summary).toContain('takes longer than 10 s to evaluate')
    expect((await other.check(evil))?.conclusion).not.toBe('success')
  })
})

describe('a server', () => {
  test('that does not list the repository is refused to it', async () => {
    const { stage } = world
    stage.github.addOrganization('other', { owners: ['olga'] })
    stage.github.installApp('other')
    const shop = await setUpRepositories(stage, {
      owner: 'other',
      repo: 'tool',
      policy: 'gates:\n  staging_regression: {}\n',
      files: { '.github/mcp-regression.yml': quickSuite },
    })
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Staging regression inconclusive',
    })
    expect((await shop.regression(change))?.summary).toContain(
      'does not allow other/tool to use the server staging',
    )
  })
})

describe('texts that no database stores', () => {
  test('in a suite are a problem like any other', async () => {
    const shop = await world.shop(undefined, `${quickSuite}"a\\0": 1\n`)
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await shop.regression(change)).toMatchObject({ conclusion: 'failure' })
    expect(await shop.check(change)).toMatchObject({ title: 'Staging regression failed' })
  })

  test('of a server do not keep it from being evaluated', async () => {
    const shop = await world.shop()
    const change = await aChange(shop)
    world.staging.deploy('1.0\0')
    await shop.deploy(change)
    world.staging.deploy('1.0')
    expect(await shop.regression(change)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
})

describe('a run that dies each time', () => {
  test('is given up: staging could not be evaluated, and the button is there', async () => {
    const { stage } = world
    const shop = await world.shop()
    const change = await aChange(shop)
    stage.github.faults.add({
      kind: 'status',
      status: 500,
      method: 'GET',
      path: `/repos/${shop.name}/contents/.github%2Fmcp-regression.yml`,
    })
    await shop.deploy(change)
    for (let tries = 0; tries < 14; tries++) await stage.moveTo(new Date(stage.now().getTime() + 6 * minute))
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Staging regression inconclusive',
    })
    expect((await shop.regression(change))?.title).toContain('the run failed on every attempt')
    stage.github.faults.clear()
    await shop.runAgain('ben', change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
})

describe('a secret', () => {
  test('of the operator or of an answer is in no check, evidence, record or log', async () => {
    const { stage, staging } = world
    const shop = await world.shop(
      undefined,
      quickSuite.replace('{ $.eligible: true }', '{ $.eligible: false }'),
    )
    staging.setModes({ leaking: true })
    const change = await aChange(shop)
    await shop.deploy(change)
    const [run] = await runsOf(shop, change)
    expect(run).toMatchObject({ conclusion: 'failure' })
    const shown = JSON.stringify([run, await shop.check(change)])
    const log = stage.bot().log()
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    const rows = []
    for (const table of ['evidence', 'audit_records', 'regression_checks', 'verdicts', 'baselines'])
      rows.push(await database.query(`SELECT * FROM release_gate.${table}`))
    rows.push(await database.query('SELECT data, output FROM release_gate_jobs.job'))
    await database.close()
    const sinks = { shown, kept: JSON.stringify(rows), log }
    expect(sinks.kept).toContain('an eligible diner can be rewarded')
    expect(log).toContain('A head was tested on staging')
    for (const text of Object.values(sinks)) {
      for (const canary of [...Object.values(canaries), `sb_secret_${'sandbox0'.repeat(4)}`])
        expect(text).not.toContain(canary)
    }
  })
})
