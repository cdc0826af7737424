import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IncidentFacts } from '../../src/decision/incidents/facts.ts'
import { decideAgain } from '../../src/incidents/evaluate-incident.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { mirrorRows, saveStep } from '../../src/store/mirrors.ts'
import { comment, decided, event, facts, settings } from '../decision/incidents/building.ts'
import { aPglite } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const at = (clock: string) => `2026-10-19T${clock}:00Z`

let database: Database
let now = at('17:31')
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())

const shell = () =>
  anIncidentShell(database, () => new Date(now), {
    paging: { eventsUrl: '', keys: { on_call: 'one', lead: 'another' } },
  })

const label = (severity: string, clock: string) =>
  event('labeled', 'ana', at(clock), { label: `sev/${severity}` })
/** A P0 that was lowered to P2 and raised again. */
const raisedAgain = {
  reported: [{ at: at('16:00'), severity: 'P0' }],
  comments: [comment('ana', at('17:00'), '/severity P2 a test'), comment('eva', at('17:10'), '/confirm')],
  events: [label('P0', '17:30')],
}

async function stored(number: number) {
  const known = { number, ...raisedAgain, takenAt: at('16:00') }
  const key = { repository, number }
  await saveIncident(database, {
    ...key,
    governedBy: repository,
    settings,
    facts: facts(known),
    incident: decided(known),
    digest: '',
  })
  const kept = await storedIncident(database, key)
  if (!kept) throw new Error('It was not kept')
  return kept
}

async function steps(number: number): Promise<number> {
  let count = 0
  for await (const { kind, body } of readRecords(database, 1))
    if (kind === 'incident step' && (body as { incident?: number }).incident === number) count += 1
  return count
}

const withLateChange = (known: IncidentFacts) => ({
  ...known,
  events: [...known.events, label('P1', '17:20')],
})

test('a severity change that GitHub lists late pages nobody a second time, nor does it end the page', async () => {
  const incident = await stored(7)
  await decideAgain(shell(), incident)
  const before = await mirrorRows(database, incident, 'pagerduty')
  expect(before.map(({ key }) => key)).toEqual(['release-gate/1/2/7/0/P0-2026-10-19T17:30:00.000Z/0/on_call'])
  now = at('17:40')
  await decideAgain(shell(), incident, withLateChange)
  expect(
    (await storedIncident(database, incident))?.incident.severities.map(({ severity }) => severity),
  ).toEqual(['P0', 'P2', 'P1', 'P0'])
  expect(await mirrorRows(database, incident, 'pagerduty')).toEqual(before)
  expect(await steps(7)).toBe(1)
})

test.each(['0/P0-2/0', '0/P0/0'])(
  'a step that the version before took as %s is not taken again',
  async (key) => {
    const number = key === '0/P0/0' ? 8 : 9
    now = at('17:31')
    const incident = await stored(number)
    await saveStep(database, incident, key, { outcome: 'taken' }, new Date(now))
    now = at('17:40')
    await decideAgain(shell(), incident)
    await decideAgain(shell(), incident, withLateChange)
    expect(await mirrorRows(database, incident, 'pagerduty')).toEqual([])
    expect(await steps(number)).toBe(0)
  },
)
