import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changesBetween, type IncidentChange, unrecorded } from '../../../src/decision/incidents/changes.ts'
import { mergeIncidentFacts } from '../../../src/decision/incidents/earlier.ts'
import type { IncidentFacts } from '../../../src/decision/incidents/facts.ts'
import { decideIncident, type Incident } from '../../../src/decision/incidents/incident.ts'
import { comment, event, facts, settings } from './building.ts'

/** Histories of which GitHub lists some things late: each happened at a minute, and is listed from a reading on. */

const opened = Date.parse('2026-10-19T16:00:00Z')
const at = (minute: number) => new Date(opened + minute * 60_000).toISOString()
const last = 30

type Kind = 'label' | 'unlabel' | 'comment' | 'assign' | 'close' | 'reopen' | 'alert' | 'wait' | 'resume'
type Act = { minute: number; late: number; kind: Kind; by: string; severity: string; text: string }

const act: fc.Arbitrary<Act> = fc.record({
  minute: fc.integer({ min: 1, max: last }),
  late: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })),
  kind: fc.constantFrom<Kind>(
    'label',
    'unlabel',
    'comment',
    'comment',
    'comment',
    'assign',
    'close',
    'reopen',
    'alert',
    'wait',
    'resume',
  ),
  by: fc.constantFrom('ana', 'eva', 'gus'),
  severity: fc.constantFrom('P0', 'P1', 'P2', 'P3'),
  text: fc.constantFrom(
    '/ack',
    '/mitigated',
    '/confirm',
    '/confirm',
    '/severity P0',
    '/severity P1 a reason',
    '/severity P2 a reason',
    'Seen.',
  ),
})
const history = fc.record({
  acts: fc.uniqueArray(act, { minLength: 2, maxLength: 10, selector: ({ minute }) => minute }),
  reported: fc.constantFrom('P0', 'P1', 'P2', null),
  readings: fc.uniqueArray(fc.integer({ min: 1, max: last + 12 }), { minLength: 2, maxLength: 8 }),
})

type History = { acts: Act[]; reported: string | null; readings: number[] }

/** What GitHub tells at a minute: the state and the labels of now, and of what happened that which it lists. */
function tell({ reported }: Pick<History, 'reported'>, made: Made[], minute: number): IncidentFacts {
  const past = made.filter((one) => one.act.minute <= minute)
  const listed = past.filter(({ act: { minute: when, late } }) => when + late <= minute)
  const labels = new Set(['incident'])
  let state: 'open' | 'closed' = 'open'
  for (const { act: one } of past) {
    if (one.kind === 'label') labels.add(`sev/${one.severity}`)
    if (one.kind === 'unlabel') labels.delete(`sev/${one.severity}`)
    if (one.kind === 'close') state = 'closed'
    if (one.kind === 'reopen') state = 'open'
  }
  const alerts = listed.flatMap(({ act: one }) =>
    one.kind === 'alert' ? [{ at: at(one.minute), severity: one.severity }] : [],
  )
  return facts({
    takenAt: at(minute),
    state,
    labels: [...labels],
    events: listed.flatMap(({ event: one }) => one ?? []),
    comments: listed.flatMap(({ comment: one }) => one ?? []),
    reported: [{ at: at(0), severity: reported }],
    ...(alerts.length > 0 ? { alerts } : {}),
  })
}

/** Those that GitHub takes, in their order: what is open can't be reopened, nor what is closed be closed. */
function possible(acts: Act[]): Act[] {
  let isClosed = false
  return acts
    .toSorted((a, b) => a.minute - b.minute)
    .filter(({ kind }) => {
      if (kind !== 'close' && kind !== 'reopen') return true
      if (isClosed === (kind === 'close')) return false
      isClosed = !isClosed
      return true
    })
}

type Made = { act: Act; event?: IncidentFacts['events'][number]; comment?: IncidentFacts['comments'][number] }

function make(one: Act): Made {
  const when = at(one.minute)
  switch (one.kind) {
    case 'label':
      return { act: one, event: event('labeled', one.by, when, { label: `sev/${one.severity}` }) }
    case 'unlabel':
      return { act: one, event: event('unlabeled', one.by, when, { label: `sev/${one.severity}` }) }
    case 'wait':
      return { act: one, event: event('labeled', one.by, when, { label: 'waiting-for-customer' }) }
    case 'resume':
      return { act: one, event: event('unlabeled', one.by, when, { label: 'waiting-for-customer' }) }
    case 'assign':
      return { act: one, event: event('assigned', one.by, when) }
    case 'close':
      return { act: one, event: event('closed', one.by, when, { reason: 'completed' }) }
    case 'reopen':
      return { act: one, event: event('reopened', one.by, when) }
    case 'comment':
      return { act: one, comment: comment(one.by, when, one.text) }
    case 'alert':
      return { act: one }
  }
}

/** What is recorded and announced of a history, reading by reading; and what a single reading of everything tells. */
function toldOf(one: History) {
  const made = possible(one.acts).map(make)
  const told: IncidentChange[] = []
  let known: IncidentFacts | undefined
  let before: Incident | undefined
  for (const minute of [...one.readings, last + 12].toSorted((a, b) => a - b)) {
    known = mergeIncidentFacts(tell(one, made, minute), known)
    const now = decideIncident(known, settings)
    told.push(...unrecorded(changesBetween(before, now, 'UTC'), told))
    before = now
  }
  const all = before ? changesBetween(undefined, before, 'UTC') : []
  return { told: told.map(lineOf), all: all.map(lineOf) }
}

const lineOf = ({ kind, at: when, text }: IncidentChange) => `${when} ${kind}: ${text}`

test('what counts in the end was told, and nothing but an overdue clock twice, whatever GitHub lists late', () => {
  fc.assert(
    fc.property(history, (one) => {
      const { told, all } = toldOf(one)
      const once = told.filter((line) => !/ (breached|corrected): /.test(line))
      expect(once).toEqual([...new Set(once)])
      expect(all.filter((line) => !told.includes(line) && !/ (opened|responded): /.test(line))).toEqual([])
    }),
    { numRuns: process.env.SIZE === 'large' ? 20_000 : 300 },
  )
})
