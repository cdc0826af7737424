import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Change, deployer, type Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { aStagingWorld, type StagingWorld } from '../support/staging-world.ts'

/** Several deployments to one environment: which of them staging holds, and what replaces it during a run. */

let world: StagingWorld
let shop: Workshop
let change: Change
let other: Change
let count = 0
beforeAll(async () => {
  world = await aStagingWorld()
})
beforeEach(async () => {
  await later(180)
  shop = await world.shop()
  ;[change, other] = [await aChange(), await aChange()]
})
afterEach(() => world.staging.setModes({}))
afterAll(() => world.close())

const later = (seconds: number) => world.stage.moveTo(new Date(world.stage.now().getTime() + seconds * 1_000))
const aChange = () =>
  shop.openPull('ana', {
    branch: `change-${++count}`,
    title: 'A change',
    files: { 'src/rewards.ts': `export const cap = ${count}\n` },
  })
const repos = () => world.stage.as(deployer).rest.repos
const begin = async ({ sha }: Change) => {
  const params = { ref: sha, environment: 'staging', auto_merge: false, required_contexts: [] }
  const { data } = await repos().createDeployment({ ...shop.repository, ...params })
  if (!('id' in data)) throw new Error('no deployment')
  return data.id
}
type State = 'queued' | 'pending' | 'in_progress' | 'success' | 'failure' | 'inactive'
const tell = async (id: number, state: State | 'none', auto_inactive = true) => {
  if (state === 'none') return
  await repos().createDeploymentStatus({ ...shop.repository, deployment_id: id, state, auto_inactive })
}
const told = async (...what: Parameters<typeof tell>) => {
  await tell(...what)
  await world.stage.settled()
}
const titleOf = async (of: Change) => (await shop.check(of))?.title
const runOf = async (of: Change) => (await shop.regression(of))?.title
const isUnderWay = () =>
  eventually(async () => expect(await shop.regression(change)).toMatchObject({ conclusion: null }))
const replaced = 'something was deployed to staging during the run'

describe.each(['newer', 'older'] as const)('a deployment of another head that is %s', (age) => {
  test.each(['none', 'queued', 'pending', 'in_progress'] as const)(
    'and %s keeps the run waiting',
    async (state) => {
      const first = await begin(age === 'newer' ? change : other)
      const second = await begin(age === 'newer' ? other : change)
      const [own, theirs] = age === 'newer' ? [first, second] : [second, first]
      await tell(theirs, state)
      await told(own, 'success')
      expect(await runOf(change)).toBeUndefined()
      await tell(theirs, 'failure')
      await later(61)
      expect(await titleOf(change)).toBe('Ready to merge')
    },
  )
})

describe('during a run', () => {
  beforeEach(() => world.staging.setModes({ slow: 150 }))

  test.each<[string, State[]]>([
    ['without a status', []],
    ['that fails', ['failure']],
  ])('a deployment %s makes it inconclusive, whatever comes of it', async (_, states) => {
    const running = shop.deploy(change)
    await isUnderWay()
    const id = await begin(other)
    for (const state of states) await tell(id, state)
    await running
    expect(await runOf(change)).toContain(replaced)
    world.staging.setModes({})
    await told(id, 'success')
    expect(await titleOf(change)).toBe('Staging regression inconclusive')
    expect(await titleOf(other)).toBe('Ready to merge')
  })

  test('a deployment that was replaced before it is only said to be inactive', async () => {
    const before = await begin(other)
    await told(before, 'success')
    await later(60)
    const own = await begin(change)
    await tell(own, 'success', false)
    await isUnderWay()
    await told(before, 'inactive')
    expect(await titleOf(change)).toBe('Ready to merge')
  })

  test('a run by the button, while another head is being deployed until the last moment of the run', async () => {
    await shop.deploy(change)
    const id = await begin(other)
    const running = shop.runAgain('ben', change)
    await isUnderWay()
    await tell(id, 'failure')
    await running
    expect(await runOf(change)).toContain(replaced)
    expect(await titleOf(change)).toBe('Staging regression inconclusive')
  })
})

describe('where a slow deployment succeeds after one that began later', () => {
  let slow: number
  beforeEach(async () => {
    slow = await begin(other)
    await tell(slow, 'failure')
    const own = await begin(change)
    await told(own, 'success', false)
    expect(await titleOf(change)).toBe('Ready to merge')
    await later(60)
  })

  test('staging holds its head', async () => {
    await told(slow, 'success', false)
    expect(await titleOf(other)).toBe('Ready to merge')
    await shop.runAgain('ben', change)
    expect(await runOf(change)).toContain(`staging holds ${other.sha.slice(0, 7)}, not this head`)
  })

  test('of the same head, the evidence is renewed, once', async () => {
    const first = await begin(other)
    const second = await begin(other)
    await told(second, 'failure')
    await later(60)
    await tell(first, 'failure')
    await told(second, 'success', false)
    const before = await runOf(other)
    expect(before).toContain('passed')
    await later(60)
    world.staging.setModes({ erring: 1 })
    await told(first, 'success', false)
    expect(await titleOf(other)).toBe('Staging regression failed')
    await later(180)
    const { data } = await world.stage.as('olga').rest.checks.listForRef({
      ...{ ...shop.repository, ref: other.sha, check_name: 'Staging regression', filter: 'all' },
    })
    expect(data.check_runs).toHaveLength(2)
  })
})
