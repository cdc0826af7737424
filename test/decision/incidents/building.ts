import { commandsIn } from '../../../src/decision/incidents/commands.ts'
import type { IncidentComment, IncidentEvent, IncidentFacts } from '../../../src/decision/incidents/facts.ts'
import { decideIncident, type Incident } from '../../../src/decision/incidents/incident.ts'
import { incidentSettings } from '../../../src/decision/incidents/settings.ts'
import { plainLines } from '../../../src/html/plain-lines.ts'

/** The people of these tests: ana and eva have write access, gus has triage, rita reported. */
const people = ['rita', 'ana', 'eva', 'gus', 'release-gate[bot]'].map((login, index) => ({
  id: index + 1,
  login,
  type: login.endsWith('[bot]') ? ('Bot' as const) : ('User' as const),
}))
const writers = ['ana', 'eva']

export const person = (login: string) => people.find((one) => one.login === login) ?? null

let last = 0
const nextId = () => {
  last += 1
  return last
}

export function event(
  kind: IncidentEvent['kind'],
  by: string,
  at: string,
  more: Partial<IncidentEvent> = {},
): IncidentEvent {
  return { id: nextId(), kind, by: person(by), write: writers.includes(by), at, ...more }
}

export function comment(
  by: string,
  at: string,
  text: string,
  more: Partial<IncidentComment> = {},
): IncidentComment {
  const who = { by: person(by), write: writers.includes(by) }
  return { id: nextId(), ...who, at, since: at, commands: commandsIn(plainLines(text)), ...more }
}

export const settings = incidentSettings.parse({ repository: 'acme/incidents', holidays: 'US-CA' })

export function facts(more: Partial<IncidentFacts> = {}): IncidentFacts {
  const openedAt = more.openedAt ?? '2026-10-19T16:00:00Z'
  return {
    takenAt: '2026-10-19T20:00:00Z',
    number: 7,
    url: 'https://github.com/acme/incidents/issues/7',
    title: 'Rewards are not paid',
    author: person('rita'),
    openedAt,
    state: 'open',
    labels: ['incident', 'sev/P1'],
    events: [],
    comments: [],
    reported: [{ at: openedAt, severity: 'P1' }],
    component: 'rewards',
    verifiedBy: null,
    ...more,
  }
}

export function decided(more: Partial<IncidentFacts> = {}): Incident {
  return decideIncident(facts(more), settings)
}

export const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString())
