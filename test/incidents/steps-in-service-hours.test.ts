import { afterAll, beforeAll, expect, test } from 'vitest'
import { decideIncident } from '../../src/decision/incidents/incident.ts'
import { incidentSettings } from '../../src/decision/incidents/settings.ts'
import { decideAgain } from '../../src/incidents/evaluate-incident.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { mirrorRows } from '../../src/store/mirrors.ts'
import { facts } from '../decision/incidents/building.ts'
import { aPglite } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const key = { repository, number: 7 }
const settings = incidentSettings.parse({
  repository: 'acme/incidents',
  holidays: 'US-CA',
  escalation: { P2: [{ after: 50, page: ['lead'] }] },
})

let database: Database
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())

test('a P2 of 8:00 PM pages the lead after two of its four service hours, at 10:00 AM, and not at night', async () => {
  const openedAt = '2026-10-21T03:00:00Z'
  const known = facts({
    number: 7,
    openedAt,
    takenAt: openedAt,
    reported: [{ at: openedAt, severity: 'P2' }],
  })
  const incident = decideIncident(known, settings)
  await saveIncident(database, {
    ...key,
    governedBy: repository,
    settings,
    facts: known,
    incident,
    digest: '',
  })
  const looks: Date[] = []
  const pagedAt = async (time: string) => {
    const shell = anIncidentShell(database, () => new Date(time), {
      paging: { eventsUrl: '', keys: { on_call: 'one', lead: 'another' } },
      queue: { enqueueIncident: async (_, { at } = {}) => void (at && looks.push(at)) },
    })
    const stored = await storedIncident(database, key)
    if (stored) await decideAgain(shell, stored)
    return (await mirrorRows(database, key, 'pagerduty')).map((row) => row.key)
  }
  expect(await pagedAt('2026-10-21T11:30:00Z')).toEqual([])
  expect(looks).toContainEqual(new Date('2026-10-21T17:00:01Z'))
  expect(await pagedAt('2026-10-21T16:59:59Z')).toEqual([])
  expect(await pagedAt('2026-10-21T17:00:01Z')).toEqual(['release-gate/1/2/7/0/P2/50/lead'])
})
