import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { eventually } from '../support/eventually.ts'
import { about, recordsOf, windowPolicy } from '../support/merging.ts'
import { aStagingWorld, type StagingWorld } from '../support/staging-world.ts'

/** What happens while a pull request is read, judged or written, and what is lost meanwhile: never green. */

const approvals = 'gates:\n  approvals: {}\n'
const minute = 60_000
let world: StagingWorld
let shop: Workshop
let count = 0

beforeAll(async () => {
  world = await aStagingWorld('2026-11-25T18:05:00Z')
})
beforeEach(() => later(3))
afterEach(() => world.stage.github.faults.clear())
afterAll(() => world.close())

const at = (time: string) => world.stage.moveTo(new Date(time))
const later = (minutes: number) =>
  world.stage.moveTo(new Date(world.stage.now().getTime() + minutes * minute))
const slowly = (path: RegExp, latencyMs: number) =>
  world.stage.github.faults.add({ kind: 'latency', latencyMs, path, only: 'app' })
const aChange = () =>
  shop.openPull('ana', {
    branch: `change-${++count}`,
    title: 'A change',
    files: { [`src/change-${count}.ts`]: 'export {}\n' },
  })

async function aGreenOne(): Promise<Change> {
  const change = await aChange()
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

/** What the gate has ever said of a commit. */
async function saidOf({ sha }: { sha: string }): Promise<(string | null)[]> {
  const params = { ...shop.repository, ref: sha, check_name: 'Release gate', filter: 'all' as const }
  const { data } = await world.stage.as('olga').rest.checks.listForRef(params)
  return data.check_runs.map(({ conclusion }) => conclusion)
}

async function order(action: 'freeze' | 'unfreeze'): Promise<void> {
  const { stage } = world
  const text = JSON.stringify({ action, reason: 'Ledger', at: new Date().toISOString() })
  const headers = { authorization: `Bearer ${stage.operatorToken}` }
  const answer = await fetch(`${stage.bot().url}/api/freeze`, { method: 'POST', body: text, headers })
  expect(answer.status).toBe(200)
}

describe('a freeze that is ordered while a pull request is read', () => {
  test('holds it as well', async () => {
    shop = await world.shop(`gates:
  hold: {}
  release_window: {}
  staging_regression: { deployment: none, limits: { per_tool: 2, total: 4 } }
`)
    const change = await aChange()
    await shop.label('eva', change, 'release')
    await shop.label('eva', change, 'hold')
    await later(1)
    const faster = slowly(/\/git\/commits\//, 1_500)
    const params = { ...shop.repository, issue_number: change.number, name: 'hold' }
    await world.stage.as('eva').rest.issues.removeLabel(params)
    await setTimeout(700)
    await order('freeze')
    faster()
    await world.stage.settled()
    await later(10)
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Frozen: Ledger' })
    await order('unfreeze')
    await world.stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
})

describe('a merge that comes between an order to freeze and its check', () => {
  test('is recorded as an exception, also when the freeze has ended by then', async () => {
    await later(1)
    shop = await world.shop(windowPolicy)
    const change = await aGreenOne()
    const path = new RegExp(`${shop.repository.repo}/check-runs`)
    world.stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
    await order('freeze')
    await world.stage.settled()
    await later(1)
    const tell = world.stage.github.faults.add({ kind: 'hold' })
    expect(await shop.merge('eva', change)).toBeUndefined()
    await later(4)
    await order('unfreeze')
    tell()
    world.stage.github.faults.clear()
    await world.stage.settled()
    const records = await recordsOf(world.stage)
    const [frozen] = about(records, shop, 'exception')
    expect(frozen?.body).toMatchObject({
      kind: 'not passed',
      bypassed: ['Release window: Frozen: Ledger', 'The check on GitHub still said "Ready to merge".'],
    })
    const [merged] = about(records, shop, 'merged')
    expect(merged?.body).toMatchObject({
      verdict: { state: 'waiting', title: 'Frozen: Ledger' },
      posted: { conclusion: 'success', title: 'Ready to merge' },
    })
  })
})

describe('the margin before closing', () => {
  test('turns nothing green, also where reading began before it', async () => {
    await at('2026-12-02T18:30:00Z')
    shop = await world.shop(windowPolicy)
    const change = await aChange()
    await shop.review('chloe', change)
    await at('2026-12-02T18:58:55Z')
    const faster = slowly(/\/reviews$/, 1_500)
    const params = { ...shop.repository, pull_number: change.number, event: 'APPROVE' as const }
    await world.stage.as('dev').rest.pulls.createReview(params)
    await setTimeout(700)
    await at('2026-12-02T18:59:50Z')
    faster()
    await world.stage.settled()
    expect(await saidOf(change)).not.toContain('success')
  })
})

describe('a push to a green pull request', () => {
  test.each(['POST', 'PATCH'])(
    'takes the old head back, though a write of the check (%s) is refused',
    async (method) => {
      shop = await world.shop(approvals)
      const change = await aGreenOne()
      const path = /check-runs/
      world.stage.github.faults.add({ kind: 'status', status: 502, method, path, times: 1, only: 'app' })
      const next = await shop.push('ana', change, { 'src/next.ts': 'export {}\n' })
      await later(1)
      expect(await shop.check(change)).toMatchObject({ conclusion: null })
      expect(await shop.check(next)).toMatchObject({ conclusion: null })
    },
  )
})

describe('another pull request with the same head', () => {
  const draftOf = async (change: Change) => {
    const copy = await world.stage.github.workingCopy(shop.name, 'ana')
    await copy.branch('same', `origin/${change.branch}`)
    await copy.push({ ref: 'same' })
    const params = { ...shop.repository, title: 'Again', head: 'same', base: 'main', draft: true }
    const { data } = await world.stage.as('ana').rest.pulls.create(params)
    await world.stage.settled()
    return data.number
  }

  test('that held the check and is closed turns nothing green by what was read long ago', async () => {
    shop = await world.shop(approvals)
    const change = await aGreenOne()
    const pull_number = await draftOf(change)
    expect(await shop.check(change)).toMatchObject({ conclusion: null })
    world.stage.github.faults.add({ kind: 'lose', event: 'pull_request_review', times: 1 })
    await shop.review('dev', change, 'REQUEST_CHANGES')
    await later(20)
    await world.stage.as('ana').rest.pulls.update({ ...shop.repository, pull_number, state: 'closed' })
    await world.stage.settled()
    expect(await shop.check(change)).toMatchObject({
      conclusion: 'failure',
      title: 'Changes requested by dev',
    })
    expect((await saidOf(change)).filter((conclusion) => conclusion === 'success')).toHaveLength(1)
  })

  test('that held the check and is closed lets it turn green again, when it has been read', async () => {
    shop = await world.shop(approvals)
    const change = await aGreenOne()
    const pull_number = await draftOf(change)
    await later(20)
    await world.stage.as('ana').rest.pulls.update({ ...shop.repository, pull_number, state: 'closed' })
    await world.stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('that cannot be evaluated keeps the check from turning green at the opening', async () => {
    await at('2026-12-08T22:00:00Z')
    shop = await world.shop(`branches: [main, lax]\n${windowPolicy}`)
    const copy = await world.stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('lax')
    await copy.push({ ref: 'lax' })
    const change = await aChange()
    await shop.review('chloe', change)
    await shop.review('dev', change)
    const path = new RegExp(`${shop.repository.repo}/pulls/2$`)
    world.stage.github.faults.add({ kind: 'status', status: 502, path, only: 'app' })
    const params = { ...shop.repository, title: 'Again', head: change.branch, base: 'lax' }
    await world.stage.as('ana').rest.pulls.create(params)
    await world.stage.settled()
    await at('2026-12-09T17:55:00Z')
    await at('2026-12-09T18:00:00Z')
    expect(await saidOf(change)).not.toContain('success')
    expect((await shop.check(change))?.title).toBe('Could not be verified: GET pulls/2 answered 502')
    world.stage.github.faults.clear()
    await later(10)
    expect((await shop.check(change))?.title).toBe('Waiting for 2 approvals')
  })
})

describe('labels that no gate looks at', () => {
  test('keep nobody from reading the pull request, however fast they change', async () => {
    shop = await world.shop(approvals)
    const change = await aGreenOne()
    slowly(/\/reviews$/, 300)
    const toggling = new AbortController()
    onTestFinished(() => toggling.abort())
    const labels = (async () => {
      for (let n = 0; !toggling.signal.aborted; n++) {
        const params = { ...shop.repository, issue_number: change.number, labels: [`label-${n}`] }
        await world.stage.as('gus').rest.issues.addLabels(params)
        await setTimeout(250)
      }
    })()
    const params = {
      ...shop.repository,
      pull_number: change.number,
      event: 'REQUEST_CHANGES' as const,
      body: 'No',
    }
    await world.stage.as('dev').rest.pulls.createReview(params)
    await eventually(async () => expect(await shop.check(change)).toMatchObject({ conclusion: 'failure' }))
    toggling.abort()
    await labels
    await world.stage.settled()
  })
})
