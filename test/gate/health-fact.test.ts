import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { healthFactAt } from '../../src/gate/health-fact.ts'
import type { Database } from '../../src/store/database.ts'
import { saveMonitor, statesBefore } from '../../src/store/monitors.ts'
import { later } from '../support/closing.ts'
import { aDatabase } from '../support/databases.ts'
import { aPolicy, aSnapshot } from '../support/snapshot.ts'

/** How production was at a merge that is read later. */

const noon = new Date('2026-11-25T18:00:00Z')
const policy = aPolicy({ production_health: { monitors: [{ id: 1, name: 'Errors' }] } })
const at = (minutes: number) => later(noon, 60 * minutes)
let database: Database

beforeAll(async () => {
  database = await aDatabase()
})
beforeEach(async () => {
  for (const table of ['monitors', 'monitor_states'])
    await database.query(`DELETE FROM release_gate.${table}`)
})
afterAll(() => database.close())

/** What the gate says of a merge at a time. */
async function stateAt(time: Date): Promise<string> {
  const fact = await healthFactAt(database, { installationId: 1 }, policy, time)
  return decide(aSnapshot({ ...fact, takenAt: time.toISOString() }), policy).state
}

async function readEach(minutes: number[], state: string): Promise<void> {
  for (const minute of minutes) await saveMonitor(database, 1, state, at(minute))
}

describe('a merge is decided by what was known of a monitor then', () => {
  test.each([
    ['before it was ever read', -1, 'waiting'],
    ['when it was first read', 0, 'passed'],
    ['between two readings', 1.5, 'passed'],
    ['until the last reading is two minutes old', 4, 'passed'],
    ['once nobody had read it for two minutes', 4.1, 'waiting'],
    ['just before it was read again', 59.9, 'waiting'],
    ['when it was read again', 60, 'passed'],
    ['long after the last reading', 90, 'waiting'],
  ])('%s', async (_, minute, state) => {
    await readEach([0, 1, 2], 'OK')
    await readEach([60, 61], 'OK')
    expect(await stateAt(at(minute))).toBe(state)
  })

  test('an alert fails it, from the reading that saw it until the one that saw its end', async () => {
    await readEach([0, 1], 'OK')
    await readEach([2, 3], 'Alert')
    await readEach([4], 'OK')
    expect(await Promise.all([1.9, 2, 3.9, 4].map((minute) => stateAt(at(minute))))).toEqual([
      'passed',
      'failed',
      'failed',
      'passed',
    ])
  })
})

test('the baseline of a release is unknown where nobody had read the monitor shortly before', async () => {
  await readEach([0], 'OK')
  await readEach([30], 'OK')
  expect(await statesBefore(database, [1], at(1))).toEqual({ 1: 'OK' })
  expect(await statesBefore(database, [1], at(20))).toEqual({ 1: 'Unknown' })
  expect(await statesBefore(database, [1], at(40))).toEqual({})
})
