import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Alert } from '../../src/decision/incidents/alert.ts'
import {
  alertOfIncident,
  markAlertDone,
  newestOfAlert,
  noteAlertsGone,
  saveAlertGone,
  saveAlertIncident,
  severitiesOfAlerts,
  storeAlert,
  takeAlert,
  unfinishedAlerts,
} from '../../src/store/alerts.ts'
import type { Database } from '../../src/store/database.ts'
import { incidentsAt, saveIncident } from '../../src/store/incidents.ts'
import { takeAnnouncement, wantPostMortem } from '../../src/store/post-mortems.ts'
import { decided, event, facts, settings } from '../decision/incidents/building.ts'
import { describeOnBoth } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const at = (clock: string) => new Date(`2026-10-19T${clock}:00Z`)
const alertOf = (severity: string | null, by: Pick<Alert, 'by' | 'byId'> = { by: null }): Alert => ({
  source: 'datadog',
  id: '42',
  title: 'Error rate',
  severity,
  component: null,
  at: '2026-10-19T16:00:00.000Z',
  url: null,
  ...by,
})

describeOnBoth('alerts and post-mortems', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => database.query('TRUNCATE release_gate.alerts, release_gate.alert_deliveries'))

  const receive = (delivery: string, alert: Alert, clock: string) =>
    database.transaction((tx) => storeAlert(tx, delivery, repository, alert, at(clock)))
  const take = (delivery: string, alert: Alert, of = repository) =>
    database.transaction((tx) => takeAlert(tx, delivery, { repository: of, alert }))
  const opened = async (severity: string | null = 'P2') => {
    await receive('first', alertOf(severity), '16:00')
    await take('first', alertOf(severity))
    await saveAlertIncident(database, repository, alertOf(severity), 0, 7)
  }

  test('a post-mortem is announced anew where its due time moved, and only then', async () => {
    const key = { repository, number: 7 }
    const announce = () => takeAnnouncement(database, key, 'overdue')
    await wantPostMortem(database, key, at('16:00'))
    expect([await announce(), await announce()]).toEqual([true, false])
    await wantPostMortem(database, key, at('16:00'))
    expect(await announce()).toBe(false)
    await wantPostMortem(database, key, at('18:00'))
    expect([await announce(), await announce()]).toEqual([true, false])
  })

  test('alerts that no job has finished are found again, the oldest first', async () => {
    await receive('late', alertOf('P2'), '16:02')
    await receive('early', alertOf('P2'), '16:01')
    await receive('done', alertOf('P2'), '16:00')
    await markAlertDone(database, 'datadog', 'done', at('16:03'))
    expect(await unfinishedAlerts(database, at('17:00'))).toEqual([
      { source: 'datadog', delivery: 'early' },
      { source: 'datadog', delivery: 'late' },
    ])
    await saveAlertGone(database, 'datadog', 'early', at('16:05'))
    expect(await unfinishedAlerts(database, at('17:00'))).toMatchObject([{ delivery: 'late' }])
    const afterDeadLetters = new Date(at('17:00').getTime() + 30 * 24 * 3_600_000)
    expect(await unfinishedAlerts(database, afterDeadLetters)).toHaveLength(2)
    await saveAlertGone(database, 'datadog', 'early', null)
    expect(await unfinishedAlerts(database, at('17:00'))).toHaveLength(2)
  })

  test('the alerts of an incident say how severe they are, each severity since it was received first', async () => {
    await opened()
    const others = [
      ['second', 'P0', '16:10'],
      ['third', 'P2', '16:20'],
      ['fourth', 'P0', '16:30'],
      ['fifth', null, '16:40'],
      ['sixth', `P1 ${'x'.repeat(90)}`, '16:45'],
    ] as const
    for (const [delivery, severity, clock] of others) {
      await receive(delivery, alertOf(severity), clock)
      await take(delivery, alertOf(severity))
    }
    await receive('not taken', alertOf('P1'), '16:50')
    await receive('of another repository', alertOf('P1'), '16:50')
    await take('of another repository', alertOf('P1'), { ...repository, repositoryId: 3 })
    expect(await severitiesOfAlerts(database, repository, 7)).toEqual([
      { severity: 'P2', at: at('16:00') },
      { severity: 'P0', at: at('16:10') },
      { severity: `P1 ${'x'.repeat(57)}`, at: at('16:45') },
    ])
    expect(await severitiesOfAlerts(database, repository, 8)).toEqual([])
  })

  test.each([
    ['with the account', { by: 'ana (write)', byId: 5 }, { by: 'ana (write)', byId: 5 }],
    ['of an older version', { by: 'ana (write)' }, { by: 'ana (write)', byId: null }],
    ['of a monitor', { by: null }, { by: null, byId: null }],
  ])('alerts say who opened the incident, %s', async (_, by, expected) => {
    await receive('first', alertOf('P1', by), '16:00')
    await take('first', alertOf('P1', by))
    await saveAlertIncident(database, repository, alertOf('P1'), 0, 7)
    await receive('second', alertOf('P1', { by: 'eva (write)', byId: 6 }), '16:10')
    await take('second', alertOf('P1'))
    expect(await alertOfIncident(database, repository, 7)).toEqual({ startedAt: at('16:00'), ...expected })
  })

  test('alerts open another incident once the issue of theirs is gone', async () => {
    await opened()
    await receive('second', alertOf('P2'), '16:10')
    expect(await take('second', alertOf('P2'))).toEqual({ reopened: 0, opens: false })
    await noteAlertsGone(database, repository, 8, at('16:15'))
    expect(await newestOfAlert(database, repository, alertOf('P2'))).toMatchObject({ isGone: false })
    await noteAlertsGone(database, repository, 7, at('16:15'))
    expect(await take('second', alertOf('P2'))).toEqual({ reopened: 1, opens: true })
  })
})

describeOnBoth('the incidents that were open at a time', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => database.query('TRUNCATE release_gate.incidents'))

  const closing = (clock: string) => event('closed', 'eva', at(clock).toISOString(), { reason: 'completed' })
  const keep = (more: Parameters<typeof facts>[0]) =>
    saveIncident(database, {
      repository,
      number: 7,
      governedBy: repository,
      settings,
      facts: facts(more),
      incident: decided(more),
      digest: '',
    })
  const openAt = async (clock: string) =>
    (await incidentsAt(database, { installationId: 1, name: 'acme/incidents' }, at(clock))).map(
      ({ state }) => state,
    )
  const eachOpenAt = async (...clocks: string[]) => {
    const found: string[] = []
    for (const clock of clocks) if ((await openAt(clock)).length > 0) found.push(clock)
    return found
  }

  test('begin when the issue was opened, not when the alert fired or the ticket was received', async () => {
    await keep({ openedAt: at('16:05').toISOString(), startedAt: at('09:00').toISOString() })
    expect(await eachOpenAt('09:30', '16:04', '16:05', '17:00')).toEqual(['16:05', '17:00'])
  })

  test('lack one that was resolved then and was reopened later', async () => {
    const reopened = event('reopened', 'eva', at('18:00').toISOString())
    await keep({ events: [closing('17:00'), reopened] })
    expect(await eachOpenAt('16:30', '17:00', '17:30', '18:00', '19:00')).toEqual(['16:30', '18:00', '19:00'])
    await keep({
      events: [closing('17:00'), reopened, closing('19:00')],
      state: 'closed',
      takenAt: at('20:30').toISOString(),
    })
    expect(await eachOpenAt('16:30', '17:30', '18:30', '19:00', '20:00')).toEqual(['16:30', '18:30'])
  })

  test('have one whose reopening GitHub does not list yet', async () => {
    await keep({ events: [closing('17:00')] })
    expect(await eachOpenAt('17:30', '19:00')).toEqual(['17:30', '19:00'])
  })
})
