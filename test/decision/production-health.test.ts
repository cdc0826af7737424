import { describe, expect, test } from 'vitest'
import { productionHealth } from '../../src/decision/gates/production-health.ts'
import { healthSettings } from '../../src/decision/health-settings.ts'
import { watchVerdict } from '../../src/decision/incidents/watch.ts'
import type { HealthFact, Snapshot } from '../../src/decision/snapshot.ts'
import { aSnapshot } from '../support/snapshot.ts'

const takenAt = '2026-10-21T18:00:00Z'
const settings = productionHealth.settings.parse({
  monitors: [
    { id: 1, name: 'Error rate' },
    { id: 2, name: 'Latency' },
  ],
})
const monitor = (id: number, state: string, more: Partial<HealthFact['monitors'][number]> = {}) => ({
  id,
  state,
  readAt: '2026-10-21T17:59:30Z',
  incidents: [],
  ...more,
})
const finding = (monitors: HealthFact['monitors'] | undefined, more: Partial<Snapshot> = {}) => {
  const snapshot = aSnapshot({ takenAt, ...(monitors ? { health: { monitors } } : {}), ...(more as object) })
  return productionHealth.evaluate(snapshot, settings, {})
}

describe('the gate production_health', () => {
  test('passes while every monitor is OK', () => {
    expect(finding([monitor(1, 'OK'), monitor(2, 'OK')])).toMatchObject({ state: 'passed' })
  })

  test('passes where the clock of whoever read it is a little ahead', () => {
    expect(finding([monitor(1, 'OK'), monitor(2, 'OK', { readAt: '2026-10-21T18:00:05Z' })])).toMatchObject({
      state: 'passed',
    })
  })

  test('fails while one alerts, whatever the others say', () => {
    expect(finding([monitor(1, 'OK'), monitor(2, 'Alert')])).toMatchObject({
      state: 'failed',
      title: 'Production alert: Latency',
    })
    expect(finding([monitor(1, 'No Data'), monitor(2, 'Alert')]).state).toBe('failed')
  })

  test.each(['No Data', 'Muted', 'Ignored', 'Skipped', 'Unknown', 'Warn', 'Unreachable', 'ok', ''])(
    'waits while one is %j, and says so',
    (state) => {
      expect(finding([monitor(1, 'OK'), monitor(2, state)])).toMatchObject({
        state: 'waiting',
        title: 'Waiting for the monitor Latency',
      })
    },
  )

  test.each([
    ['was not read yet', [monitor(1, 'OK'), monitor(2, 'OK', { readAt: null })]],
    ['was read too long ago', [monitor(1, 'OK'), monitor(2, 'OK', { readAt: '2026-10-21T17:57:59Z' })]],
    [
      'was read later than it is now',
      [monitor(1, 'OK'), monitor(2, 'OK', { readAt: '2026-10-21T18:02:01Z' })],
    ],
    ['is not known', [monitor(1, 'OK')]],
    ['is one of which all is unknown', undefined],
  ])('waits while one %s', (_, monitors) => {
    expect(finding(monitors).state).toBe('waiting')
  })

  const unset = 'Unreachable: DATADOG_API_KEY and DATADOG_APP_KEY are not set'

  test('asks the operator where the keys are not set, since that does not end on its own', () => {
    const waits = finding([monitor(1, unset), monitor(2, 'OK')])
    expect(waits).toMatchObject({
      state: 'waiting',
      reason: `These monitors must be OK first: \`Error rate\` is \`${unset}\`.`,
      who: 'The operator of release-gate: set DATADOG_API_KEY and DATADOG_APP_KEY',
    })
    expect(waits).not.toHaveProperty('automatic', true)
  })

  test.each([
    ['without data', 'No Data', '2026-10-21T17:59:30Z'],
    ['that cannot be reached', 'Unreachable', '2026-10-21T17:59:30Z'],
    ['that was read too long ago, when the keys were not set', unset, '2026-10-21T17:57:00Z'],
  ])('waits automatically for a monitor %s', (_, state, readAt) => {
    expect(finding([monitor(1, state, { readAt }), monitor(2, 'OK')])).toMatchObject({
      state: 'waiting',
      who: 'Whoever owns the monitor in Datadog',
      automatic: true,
    })
  })

  test('fails where no monitor is named', () => {
    const none = productionHealth.settings.parse({})
    expect(productionHealth.evaluate(aSnapshot({ takenAt }), none, {}).state).toBe('failed')
  })

  const name = 'acme/incidents#7'
  const alerting = monitor(2, 'Alert', { incidents: [[name, 'FOODYE-MCP-412']] })
  const ann = { id: 77, login: 'ann', type: 'User' as const }
  const urgent = (body: string) => ({
    body,
    labels: [{ name: 'urgent', by: ann, at: '2026-10-21T17:50:00Z' }],
    access: { 77: { role: 'write', write: true } },
    head: { pushedAt: '2026-10-21T17:00:00Z' } as Snapshot['head'],
  })

  test('yields to the urgent change that names the incident which the alert opened', () => {
    expect(finding([monitor(1, 'OK'), alerting], urgent('Urgent: FOODYE-MCP-412'))).toMatchObject({
      state: 'passed',
      title: 'Urgent fix for an alert',
    })
  })

  test.each([
    ['it names another one', [monitor(1, 'OK'), alerting], urgent('Urgent: FOODYE-MCP-413')],
    ['it is not urgent', [monitor(1, 'OK'), alerting], { body: name }],
    ['another monitor alerts too', [monitor(1, 'Alert'), alerting], urgent(name)],
    ['another monitor says nothing', [monitor(1, 'No Data'), alerting], urgent(name)],
    ['the alert opened no incident', [monitor(1, 'OK'), monitor(2, 'Alert')], urgent(name)],
  ])('does not yield where %s', (_, monitors, more) => {
    expect(finding(monitors, more).state).not.toBe('passed')
  })
})

describe('the watch after a release', () => {
  const monitors = [
    { id: 1, name: 'Error rate' },
    { id: 2, name: 'Latency' },
  ]
  const ok = { 1: 'OK', 2: 'OK' }
  const look = (states: Record<string, string>, requests: number | null = 100) => ({
    at: takenAt,
    states,
    requests,
  })
  const verdict = (baseline: Record<string, string>, looks: ReturnType<typeof look>[], minimum?: number) =>
    watchVerdict(baseline, looks, monitors, minimum).verdict

  test.each([
    ['every monitor is OK at every check', ok, [look(ok), look(ok)], 20, 'passed'],
    ['one alerts at one check', ok, [look(ok), look({ 1: 'Alert', 2: 'OK' }), look(ok)], 20, 'failed'],
    ['one was alerting before', { 1: 'Alert', 2: 'OK' }, [look({ 1: 'Alert', 2: 'OK' })], 20, 'inconclusive'],
    [
      'one was alerting before, and another one alerts now',
      { 1: 'Alert', 2: 'OK' },
      [look({ 1: 'Alert', 2: 'Alert' })],
      20,
      'failed',
    ],
    ['one has no data', ok, [look(ok), look({ 1: 'No Data', 2: 'OK' })], 20, 'inconclusive'],
    ['one cannot be read', ok, [look({ 1: 'Unreachable', 2: 'OK' })], 20, 'inconclusive'],
    ['one is missing', ok, [look({ 1: 'OK' })], 20, 'inconclusive'],
    ['one was not known before, and is OK', { 1: 'OK' }, [look(ok)], 20, 'passed'],
    [
      'one was not known before, and alerts',
      { 1: 'OK' },
      [look({ 1: 'OK', 2: 'Alert' })],
      20,
      'inconclusive',
    ],
    ['one was alerting before, and recovers', { 1: 'Alert', 2: 'OK' }, [look(ok)], 20, 'passed'],
    ['there is too little traffic', ok, [look(ok), look(ok, 19)], 20, 'inconclusive'],
    ['the traffic cannot be read', ok, [look(ok, null)], 20, 'inconclusive'],
    ['the policy asks for no traffic', ok, [look(ok, null)], undefined, 'passed'],
  ])('where %s', (_, baseline, looks, minimum, expected) => {
    expect(verdict(baseline, looks, minimum)).toBe(expected)
  })
})

describe('the settings of a watch', () => {
  const read = (watch: object) => healthSettings.safeParse({ watch })

  test('of an earlier version, which named `checks` differently, are read', () => {
    expect(read({ looks: 5 }).data?.watch).toEqual({ warm_up: '5m', checks: 5, every: '5m' })
    expect(read({ looks: 0 }).success).toBe(false)
  })

  test('under both names are refused', () => {
    expect(read({ looks: 5, checks: 5 }).success).toBe(false)
  })

  test('have defaults, and no watch is none', () => {
    expect(read({}).data?.watch).toEqual({ warm_up: '5m', checks: 3, every: '5m' })
    expect(healthSettings.parse({}).watch).toBeUndefined()
  })
})
