import { afterAll, beforeAll, expect, test } from 'vitest'
import { mergeIncidentFacts } from '../../src/decision/incidents/earlier.ts'
import type { IncidentFacts } from '../../src/decision/incidents/facts.ts'
import { decideAgain } from '../../src/incidents/evaluate-incident.ts'
import type { Database } from '../../src/store/database.ts'
import { incidentChanges, saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { comment, decided, event, facts, settings } from '../decision/incidents/building.ts'
import { aPglite } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const at = (minute: number) => new Date(Date.parse('2026-10-19T16:00:00Z') + minute * 60_000).toISOString()

let database: Database
let now: string
let announced: string[]
let last = 0
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())

const shell = () =>
  anIncidentShell(database, () => new Date(now), {
    queue: {
      enqueueNotice: async (notice) => void announced.push(...(notice as { lines: string[] }).lines),
    },
  })

/** Reads an incident at the given minutes, as GitHub tells of it then; gives the lines that were recorded. */
async function recordedOf(readings: [number, Partial<IncidentFacts>][]): Promise<string[]> {
  announced = []
  const key = { repository, number: ++last }
  const of = (minute: number, more: Partial<IncidentFacts>) =>
    facts({ reported: [{ at: at(0), severity: 'P2' }], ...more, number: key.number, takenAt: at(minute) })
  const first = of(0, {})
  await saveIncident(database, {
    ...key,
    governedBy: repository,
    settings,
    facts: first,
    incident: decided(first),
    digest: '',
  })
  for (const [minute, more] of readings) {
    now = at(minute)
    const stored = await storedIncident(database, key)
    if (!stored) throw new Error('It was not kept')
    await decideAgain(shell(), stored, (known) => mergeIncidentFacts(of(minute, more), known))
  }
  const changes = await incidentChanges(database, key)
  return changes.map(({ at: when, text }) => `${when.slice(14, 16)} ${text}`)
}

const closed = (minute: number) => event('closed', 'eva', at(minute), { reason: 'completed' })
const reopened = (minute: number) => event('reopened', 'eva', at(minute))
const isClosed = { state: 'closed' as const }

test('a closing is told once where GitHub lists what came after it late', async () => {
  const [first, second, third] = [closed(5), reopened(10), closed(12)]
  const lines = await recordedOf([
    [6, { ...isClosed, events: [first] }],
    [11, { events: [first] }],
    [13, { ...isClosed, events: [first] }],
    [20, { ...isClosed, events: [first, second, third] }],
  ])
  expect(lines).toEqual(['05 Resolved by eva', '10 Reopened', '12 Resolved by eva'])
  expect(announced).toEqual(['Resolved by eva', 'Reopened', 'Resolved by eva'])
})

test('a reopening is told once where GitHub lists an earlier one late', async () => {
  const [first, early, late, second] = [closed(5), reopened(7), closed(9), reopened(11)]
  const lines = await recordedOf([
    [6, { ...isClosed, events: [first] }],
    [12, { events: [first, second] }],
    [20, { events: [first, early, late, second] }],
  ])
  expect(lines).toEqual(['05 Resolved by eva', '11 Reopened'])
})

test('a mitigation is told once where what was between is listed late', async () => {
  const mitigated = { comments: [comment('ana', at(8), '/mitigated')] }
  const [first, early, late] = [closed(5), reopened(7), reopened(11)]
  const lines = await recordedOf([
    [9, { ...mitigated, ...isClosed, events: [first] }],
    [12, { ...mitigated, events: [first, late] }],
    [14, { ...mitigated, events: [first, early, late] }],
  ])
  expect(lines.filter((line) => line.includes('Mitigated'))).toEqual(['08 Mitigated by ana'])
})

test('what is said a second time at another time is told again', async () => {
  const [first, second, third, fourth] = [closed(5), reopened(7), closed(9), reopened(11)]
  const lines = await recordedOf([
    [6, { ...isClosed, events: [first] }],
    [8, { events: [first, second] }],
    [10, { ...isClosed, events: [first, second, third] }],
    [12, { events: [first, second, third, fourth] }],
  ])
  expect(lines).toEqual(['05 Resolved by eva', '07 Reopened', '09 Resolved by eva', '11 Reopened'])
})

test('a clock that is overdue again after it was corrected is told again', async () => {
  const [ack, close, reopen] = [comment('ana', at(300), 'Seen.'), closed(240), reopened(310)]
  const lines = await recordedOf([
    [301, { comments: [ack] }],
    [305, { ...isClosed, comments: [ack], events: [close] }],
    [311, { comments: [ack], events: [close, reopen] }],
  ])
  const overdue = 'First response for a P2'
  expect(lines.filter((line) => line.includes(overdue)).map((line) => line.replace(/since.*/, ''))).toEqual([
    `00 ${overdue} has been overdue `,
    `00 ${overdue} no longer counts as overdue `,
    `00 ${overdue} has been overdue `,
  ])
})
