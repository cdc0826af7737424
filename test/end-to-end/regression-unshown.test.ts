import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
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
