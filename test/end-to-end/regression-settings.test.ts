import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { allowBypass } from '../support/merging.ts'
import { aStagingWorld, type StagingWorld } from '../support/staging-world.ts'

/** Evidence of a run, under other settings than those that it was evaluated by. */

let world: StagingWorld
let count = 0
const later = (ms: number) => world.stage.moveTo(new Date(world.stage.now().getTime() + ms))
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
const policy = (settings: string) => `gates:\n  staging_regression: { ${settings} }\n`
const few = 'limits: { per_tool: 2, total: 4 }'
const setPolicy = async (shop: Workshop, text: string) => {
  await allowBypass(world.stage, shop)
  await world.stage.github.push(shop.name, 'olga', {
    branch: 'main',
    files: { '.github/release-gate.yml': text },
    message: 'Change the policy',
  })
  await world.stage.settled()
}
const green = { conclusion: 'success' }

beforeAll(async () => {
  world = await aStagingWorld('2026-11-23T18:00:00Z')
})
beforeEach(() => later(3 * 60_000))
afterAll(() => world.close())

describe('a run that was evaluated by a policy', () => {
  test('is evaluated again, and not run again, by limits that it meets or breaks', async () => {
    const shop = await world.shop(policy(few))
    const change = await aChange(shop)
    await shop.deploy(change)
    expect(await shop.check(change)).toMatchObject(green)
    await setPolicy(shop, policy('limits: { per_tool: 2, total: 4, errors: 0% }'))
    expect(await shop.check(change)).toMatchObject(green)
    await setPolicy(shop, policy('limits: { per_tool: 2, total: 4, p95: 0.001ms }'))
    expect(await shop.check(change)).toMatchObject({ title: 'Staging regression failed' })
    await setPolicy(shop, policy(`${few}, coverage: required`))
    const uncovered = await shop.check(change)
    expect(uncovered).toMatchObject({ title: 'Staging regression failed' })
    expect(uncovered?.summary).toContain('no case for')
    await setPolicy(shop, policy('limits: { per_tool: 1, total: 2 }'))
    expect(await shop.check(change)).toMatchObject(green)
    expect(await runsOf(shop, change)).toHaveLength(1)
  })

  test('is run again by limits that need more calls', async () => {
    const shop = await world.shop(policy(few))
    const change = await aChange(shop)
    await shop.deploy(change)
    await setPolicy(shop, policy('limits: { per_tool: 12, total: 24 }'))
    expect(await runsOf(shop, change)).toHaveLength(2)
    expect(await shop.check(change)).toMatchObject(green)
  })

  test('does not pass by the limits of another base branch', async () => {
    const shop = await world.shop(`branches: [main, canary]
gates:
  staging_regression: { limits: { per_tool: 2, total: 4, p95: 0.001ms } }
overrides:
  - name: canary
    when: { branches: [canary] }
    gates:
      staging_regression: { limits: { per_tool: 2, total: 4, p95: 9s } }
`)
    await world.stage.github.push(shop.name, 'eva', {
      branch: 'canary',
      from: 'main',
      files: { 'canary.md': 'x\n' },
      message: 'Canary',
    })
    const lax = await shop.openPull('ana', {
      branch: `change-${++count}`,
      title: 'To canary',
      base: 'canary',
      files: { 'src/rewards.ts': `export const cap = ${count}\n` },
    })
    await shop.deploy(lax)
    const first = await shop.check(lax)
    expect(first?.summary).toContain('`canary` applies')
    expect(first).toMatchObject(green)
    await world.stage.as('ana').rest.pulls.create({
      ...shop.repository,
      title: 'To main',
      head: lax.branch,
      base: 'main',
    })
    await world.stage.settled()
    const check = await shop.check(lax)
    expect(check?.conclusion).not.toBe('success')
    expect(check?.summary).toContain('p95 above')
  })
})
