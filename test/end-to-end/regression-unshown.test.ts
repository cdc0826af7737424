import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { aStagingWorld, type StagingWorld } from '../support/staging-world.ts'

/** A failed run takes the green from every head that it tested, also where its result cannot be shown. */

const minute = 60_000
let world: StagingWorld
let shop: Workshop
beforeAll(async () => {
  world = await aStagingWorld('2026-11-23T18:00:00Z')
})
beforeEach(async () => {
  await world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * minute))
  shop = await world.shop()
})
afterEach(() => {
  world.stage.github.faults.clear()
  world.staging.setModes({})
})
afterAll(() => world.close())

const aChange = (branch: string, content: string) =>
  shop.openPull('ana', { branch, title: branch, files: { 'src/a.ts': content } })
const runsOf = async ({ sha }: Change) => {
  const params = { ...shop.repository, ref: sha, check_name: 'Staging regression', filter: 'all' as const }
  return (await world.stage.as('olga').rest.checks.listForRef(params)).data.check_runs
}
const conclusionOf = async (change: Change) => (await shop.check(change))?.conclusion

test('a failed re-run whose result GitHub does not take', async () => {
  const change = await aChange('change', 'export {}\n')
  await shop.deploy(change)
  expect(await conclusionOf(change)).toBe('success')
  world.staging.setModes({ erring: 1 })
  const path = `/repos/${shop.name}/check-runs/*`
  world.stage.github.faults.add({ kind: 'status', status: 502, method: 'PATCH', path })
  await shop.runAgain('ben', change)
  expect((await shop.regression(change))?.conclusion).toBeNull()
  expect(await conclusionOf(change)).toBe('failure')
})

test('a failed re-run on another head with the same content, and none with other content', async () => {
  const change = await aChange('change', 'export {}\n')
  await shop.deploy(change)
  const twin = await aChange('twin', 'export {}\n')
  const other = await aChange('other', 'export const other = 1\n')
  await shop.deploy(other)
  await shop.deploy(change)
  for (const green of [change, twin, other]) expect(await conclusionOf(green)).toBe('success')
  expect(twin.sha).not.toBe(change.sha)
  world.staging.setModes({ erring: 1 })
  await shop.runAgain('ben', change)
  expect(await conclusionOf(change)).toBe('failure')
  expect(await conclusionOf(twin)).toBe('failure')
  expect(await conclusionOf(other)).toBe('success')
})

describe('a result that GitHub does not take on any attempt', () => {
  const later = async (minutes: number, times = 1) => {
    for (let count = 0; count < times; count++)
      await world.stage.moveTo(new Date(world.stage.now().getTime() + minutes * minute))
  }
  const path = () => `/repos/${shop.name}/check-runs/*`
  const isGivenUp = () => later(6, 14)

  test.each<[string, number, string, RegExp]>([
    ['passed', 0, 'Ready to merge', /passed: all gates passed/],
    ['failed', 1, 'Staging regression failed', /failed: /],
  ])('of a run that %s is kept, and shown when GitHub takes it', async (_, erring, title, shown) => {
    const change = await aChange('change', 'export {}\n')
    world.staging.setModes({ slow: 150, erring })
    const running = shop.deploy(change)
    await eventually(async () => expect(await shop.regression(change)).toMatchObject({ conclusion: null }))
    const [run] = await runsOf(change)
    const unshown = `${path().slice(0, -1)}${run?.id}`
    world.stage.github.faults.add({ kind: 'status', status: 500, method: 'PATCH', path: unshown })
    await running
    world.staging.setModes({})
    await isGivenUp()
    expect((await shop.check(change))?.title).toBe(title)
    expect((await shop.check(change))?.summary).not.toContain('the run failed on every attempt')
    expect((await shop.regression(change))?.conclusion).toBeNull()
    world.stage.github.faults.clear()
    await later(61)
    expect((await shop.regression(change))?.title).toMatch(shown)
    expect((await shop.check(change))?.title).toBe(title)
    expect(await runsOf(change)).toHaveLength(1)
  })

  test('of a run whose check is gone is kept too', async () => {
    const change = await aChange('change', 'export {}\n')
    world.staging.setModes({ slow: 150 })
    const running = shop.deploy(change)
    await eventually(async () => expect(await shop.regression(change)).toMatchObject({ conclusion: null }))
    const [run] = await runsOf(change)
    const { faults } = world.stage.github
    faults.add({ kind: 'status', status: 404, method: 'PATCH', path: `${path().slice(0, -1)}${run?.id}` })
    faults.add({ kind: 'status', status: 500, method: 'POST', path: `/repos/${shop.name}/check-runs` })
    await running
    await isGivenUp()
    faults.clear()
    await later(61)
    expect((await shop.regression(change))?.title).toMatch(/passed: all gates passed/)
    expect(await conclusionOf(change)).toBe('success')
  })

  test('of a head that could not be tested is shown when GitHub takes it', async () => {
    shop = await world.shop(undefined, null)
    const change = await aChange('change', 'export {}\n')
    const post = { method: 'POST', path: `/repos/${shop.name}/check-runs` } as const
    world.stage.github.faults.add({ kind: 'status', status: 500, ...post })
    await shop.deploy(change)
    expect(await shop.regression(change)).toBeUndefined()
    world.stage.github.faults.clear()
    await later(2)
    expect((await shop.regression(change))?.summary).toContain('the head has no suite at')
  })
})
