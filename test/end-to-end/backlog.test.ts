import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { deliver as deliverTo } from '../support/deliver.ts'
import { eventually } from '../support/eventually.ts'
import { aStage } from '../support/stage.ts'

/** However much has come in before it, what may have to lose its green comes first. */

const approvals = 'gates:\n  approvals: {}\n'
let stage: Stage
let installationId: number

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  installationId = stage.github.installApp('foodyepay').installationId
})
afterAll(() => stage.close())

const aChange = (shop: Workshop, name: string) =>
  shop.openPull('ana', { branch: name, title: name, files: { [`src/${name}.ts`]: 'export {}\n' } })

async function aGreenOne(shop: Workshop): Promise<Change> {
  const change = await aChange(shop, 'green')
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

const deliver = (event: string, payload: object) => deliverTo(stage, event, payload)

async function payloadOf(shop: Workshop, more: object): Promise<object> {
  const { data: repository } = await stage.as('olga').rest.repos.get(shop.repository)
  return { installation: { id: installationId }, repository, sender: { id: 1, login: 'x' }, ...more }
}

describe('"changes requested" on a green pull request', () => {
  test('is red while evaluations of other pull requests still wait for slow answers of GitHub', async () => {
    const shop = await setUpRepositories(stage, { repo: 'green', policy: approvals })
    const green = await aGreenOne(shop)
    const busy = await setUpRepositories(stage, { repo: 'busy', policy: approvals })
    const others: Change[] = []
    for (let n = 0; n < 8; n++) others.push(await aChange(busy, `other-${n}`))
    const slow = { kind: 'latency', latencyMs: 3_000, path: /\/busy\/pulls\/\d+$/, only: 'app' } as const
    stage.github.faults.add(slow)
    stage.github.requests.reset()
    for (const { number, sha } of others) {
      const pull_request = { number, head: { sha, ref: 'x' }, merged: false }
      for (const action of ['edited', 'labeled', 'edited'])
        await deliver('pull_request', await payloadOf(busy, { action, pull_request }))
    }
    await stage.as('dev').rest.pulls.createReview({
      ...shop.repository,
      pull_number: green.number,
      event: 'REQUEST_CHANGES',
      body: 'Wait.',
    })
    await eventually(async () => expect(await shop.check(green)).toMatchObject({ conclusion: 'failure' }))
    expect(await stage.bot().idle()).toBe(false)
    stage.github.faults.clear()
    await stage.settled()
    for (const other of others) expect((await busy.check(other))?.conclusion).toBeNull()
  })

  test('runs of other Apps are dropped before they are stored', async () => {
    const shop = await setUpRepositories(stage, { repo: 'noise', policy: approvals })
    const check_run = { name: 'lint', head_sha: 'a'.repeat(40) }
    for (const action of ['created', 'completed'])
      expect(await deliver('check_run', await payloadOf(shop, { action, check_run }))).toContain('Ignored')
    expect(await deliver('check_run', await payloadOf(shop, { action: 'rerequested', check_run }))).toContain(
      'Stored',
    )
  })
})
