import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { healthFact, healthFactAt } from '../../src/gate/health-fact.ts'
import { saveAlertIncident, takeAlert } from '../../src/store/alerts.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident } from '../../src/store/incidents.ts'
import { claimReading, saveMonitor, statesBefore } from '../../src/store/monitors.ts'
import { decided, event, facts, settings } from '../decision/incidents/building.ts'
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

describe('a monitor that was read while the clock was ahead', () => {
  test('is read again as soon as it was set back, and then like any other', async () => {
    await claimReading(database, 1, at(90))
    const claims = []
    for (const minute of [0, 0.5, 1]) claims.push(await claimReading(database, 1, at(minute)))
    expect(claims).toEqual([true, false, true])
  })

  test('is not read again for a process whose clock is half a minute behind', async () => {
    await claimReading(database, 1, at(0.5))
    expect(await claimReading(database, 1, at(0))).toBe(false)
  })

  test('has its pull requests read again, since its state was not known', async () => {
    await saveMonitor(database, 1, 'OK', at(90))
    expect(await saveMonitor(database, 1, 'OK', at(0))).toBe(true)
    expect(await saveMonitor(database, 1, 'OK', at(1))).toBe(false)
  })
})

describe('the incidents of a monitor at a merge', () => {
  const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
  const iso = (minute: number) => at(minute).toISOString()
  const keep = async (more: Parameters<typeof facts>[0]) => {
    const about = { number: 7, openedAt: iso(2), takenAt: iso(60), startedAt: iso(0), ...more }
    const stored = { repository, number: 7, governedBy: repository, settings, digest: '' }
    await saveIncident(database, { ...stored, facts: facts(about), incident: decided(about) })
  }
  const namedAt = async (minute: number) => {
    const { health } = await healthFactAt(database, { installationId: 1 }, policy, at(minute))
    return health?.monitors.flatMap(({ incidents }) => incidents.map(([name]) => name))
  }
  const closed = {
    state: 'closed' as const,
    events: [event('closed', 'eva', iso(10), { reason: 'completed' })],
  }

  beforeAll(async () => {
    const alert = {
      source: 'datadog' as const,
      id: '1/tool:rewards',
      title: 'Errors',
      severity: 'P0',
      component: null,
      at: iso(0),
      url: null,
      by: null,
    }
    await database.transaction((tx) => takeAlert(tx, 'first', { repository, alert }))
    await saveAlertIncident(database, repository, alert, 0, 7)
  })

  test('are those that were open then, also where they are resolved now', async () => {
    await keep(closed)
    await readEach([0], 'Alert')
    expect(await namedAt(5)).toEqual(['acme/incidents#7'])
    const { health } = await healthFact(database, { installationId: 1 }, policy)
    expect(health?.monitors.map(({ incidents }) => incidents)).toEqual([[]])
  })

  test.each([
    ['had not been opened', 1],
    ['had been resolved', 11],
  ])('lack one that %s then', async (_, minute) => {
    await keep(closed)
    expect(await namedAt(minute)).toEqual([])
  })

  test('lack one that was resolved then and is open again', async () => {
    await keep({ events: [...closed.events, event('reopened', 'eva', iso(20))] })
    expect([await namedAt(15), await namedAt(25)]).toEqual([[], ['acme/incidents#7']])
  })
})

test('the baseline of a release is unknown where nobody had read the monitor shortly before', async () => {
  await readEach([0], 'OK')
  await readEach([30], 'OK')
  expect(await statesBefore(database, [1], at(1))).toEqual({ 1: 'OK' })
  expect(await statesBefore(database, [1], at(20))).toEqual({ 1: 'Unknown' })
  expect(await statesBefore(database, [1], at(40))).toEqual({})
})
