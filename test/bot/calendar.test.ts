import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { carryOutCalendar } from '../../src/bot/calendar.ts'
import { policySchema } from '../../src/decision/policy.ts'
import type { RegressionRequest } from '../../src/decision/regression-request.ts'
import type { Database } from '../../src/store/database.ts'
import { verdictsNaming } from '../../src/store/verdicts.ts'
import { aWorld, clearState, closing, later, opening, type World } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy } from '../support/snapshot.ts'

let database: Database
let world: World
let requested: RegressionRequest[]
beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  await clearState(database)
  world = aWorld(database)
  requested = []
})
afterAll(() => database.close())

/** Its window opens when the default one closes. */
const laterWindow = aPolicy({
  approvals: {},
  staging_regression: {},
  release_window: { windows: [{ opens: 'Wednesday 11:00', closes: 'Wednesday 12:00' }] },
})
const regression = { tree: 'f'.repeat(40), deployments: [], runs: [] }

const carryOut = (enqueueRegression: (request: RegressionRequest) => Promise<void>) => {
  const log = { info: () => undefined, warn: () => undefined }
  const shell = { ...world.shell, log, queue: { ...world.shell.queue, enqueueRegression } }
  return carryOutCalendar(shell, new AbortController().signal, { days: false })
}
const ask = async (request: RegressionRequest) => void requested.push(request)

describe('at closing, when another window opens within the hour', () => {
  beforeEach(async () => {
    world.setTime(later(opening, 60))
    await world.read(1)
    await world.publish(1)
    expect(world.stateOf(1)).toBe('success')
    await world.read(2, { regression }, laterWindow)
    await world.publish(2)
    world.setTime(later(closing, -60))
  })

  test('green checks are revoked and runs for that window are asked for', async () => {
    await carryOut(ask)
    expect(world.stateOf(1)).toBeUndefined()
    expect(requested).toMatchObject([{ pull: { number: 2 }, why: 'window' }])
  })

  test('green checks are revoked though the runs cannot be asked for, which fails the job', async () => {
    await expect(carryOut(() => Promise.reject(new Error('the queue is full')))).rejects.toThrow('is full')
    expect(world.stateOf(1)).toBeUndefined()
  })

  test('runs are asked for though a green check cannot be revoked, which fails the job', async () => {
    world.checks.disturb(() => new Error('GitHub is down'))
    await expect(carryOut(ask)).rejects.toThrow('GitHub is down')
    expect(requested).toHaveLength(1)
  })
})

test('only pull requests whose policy names the gate, also in an override, are loaded for it', async () => {
  world.setTime(later(opening, 60))
  await world.read(1)
  await world.read(2, {}, laterWindow)
  const override = { name: 'Tools', when: { paths: ['src/**'] }, gates: { staging_regression: {} } }
  await world.read(3, {}, policySchema.parse({ gates: { approvals: {} }, overrides: [override] }))
  await world.read(4, { state: 'closed' }, laterWindow)
  const found = await verdictsNaming(database, 'staging_regression')
  expect(found.map(({ pull }) => pull.number)).toEqual([2, 3])
})
