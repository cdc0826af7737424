import { describe, expect, test } from 'vitest'
import { changesBetween } from '../../../src/decision/incidents/changes.ts'
import { commandsIn } from '../../../src/decision/incidents/commands.ts'
import { mergeIncidentFacts } from '../../../src/decision/incidents/earlier.ts'
import { decideIncident } from '../../../src/decision/incidents/incident.ts'
import { plainLines } from '../../../src/html/plain-lines.ts'
import { comment, decided, event, facts, person, settings, time } from './building.ts'

const at = (clock: string) => `2026-10-19T${clock}:00Z`
const texts = (incident: ReturnType<typeof decided>) => incident.wanted.notes.map(({ text }) => text)

describe('the severity', () => {
  test('is that of the report', () => {
    expect(decided()).toMatchObject({ severity: 'P1', wanted: { add: [], remove: [], notes: [] } })
  })

  test.each([
    ['nothing', null],
    ['a word that is not one', 'urgent'],
    ['a number that is not one', 'P7'],
  ])('is P0 where the report says %s and no label is set, and a comment says so', (_, severity) => {
    const incident = decided({ labels: ['incident'], reported: [{ at: at('16:00'), severity }] })
    expect(incident).toMatchObject({ severity: 'P0', wanted: { add: ['sev/P0'] } })
    expect(texts(incident)).toEqual([expect.stringContaining('No severity is set, so the severity is P0')])
  })

  const unset = { labels: ['incident'], reported: [{ at: at('16:00'), severity: null }] }

  test('is the first that is set, from the start, where the very first reading has one beside a report without', () => {
    const events = [event('labeled', 'ana', at('16:20'), { label: 'sev/P2' })]
    const incident = decided({ ...unset, labels: ['incident', 'sev/P2'], events })
    expect(incident).toMatchObject({ severity: 'P2', wanted: { notes: [] } })
    expect(time(incident.severities[0]?.at)).toBe('2026-10-19T16:00:00.000Z')
  })

  test.each([
    ['a label', { events: [event('labeled', 'ana', at('16:20'), { label: 'sev/P3' })] }],
    ['a command without a second person', { comments: [comment('ana', at('16:20'), '/severity P3 small')] }],
    ['an edited report', { reported: [{ at: at('16:00'), severity: 'P3' }] }],
    [
      'a label that GitHub listed late',
      { events: [event('labeled', 'ana', at('16:00'), { label: 'sev/P3' })] },
    ],
  ])('that was missing stays P0 with its breach, whatever %s says after the first reading', (_, later) => {
    const first = facts({ ...unset, takenAt: at('16:20') })
    const again = mergeIncidentFacts(facts({ ...unset, takenAt: at('16:30'), ...later }), first)
    const incident = decideIncident(mergeIncidentFacts(facts({ ...unset, ...later }), again), settings)
    expect(incident.severity).toBe('P0')
    expect(incident.clocks[0]?.breaches).toMatchObject([{ at: Date.parse(at('16:15')), severity: 'P0' }])
  })

  test('that was missing is lowered by two people, and its breach stays', () => {
    const comments = [
      comment('ana', at('16:20'), '/severity P2 one diner'),
      comment('eva', at('16:30'), '/confirm'),
    ]
    const incident = decideIncident(
      mergeIncidentFacts(facts({ ...unset, comments }), facts({ ...unset, takenAt: at('16:10') })),
      settings,
    )
    expect(incident.severities.map(({ severity }) => severity)).toEqual(['P0', 'P2'])
    expect(incident.clocks[0]?.breaches).toHaveLength(1)
  })

  test('is raised by a second alert, and never lowered by one', () => {
    const alerts = [
      { at: at('16:10'), severity: 'P3' },
      { at: at('16:30'), severity: 'P0' },
      { at: at('16:40'), severity: 'P2' },
    ]
    const { severities } = decided({ alerts })
    expect(severities).toMatchObject([{ severity: 'P1' }, { at: Date.parse(at('16:30')), severity: 'P0' }])
    expect(decided({ ...unset, alerts: [{ at: at('16:10'), severity: 'P1' }] }).severity).toBe('P0')
  })

  test('that two people lowered is not raised by an alert that is less severe than one before', () => {
    const comments = [
      comment('ana', at('16:10'), '/severity P3 nobody is affected'),
      comment('eva', at('16:20'), '/confirm'),
    ]
    const first = { at: at('16:00'), severity: 'P1' }
    const then = (severity: string) =>
      decided({ comments, alerts: [first, { at: at('16:30'), severity }] }).severity
    expect([then('P2'), then('P0')]).toEqual(['P3', 'P0'])
  })

  test('is the higher one where two are set, and a comment says so', () => {
    const events = [event('labeled', 'ana', at('16:20'), { label: 'sev/P3' })]
    const incident = decided({ labels: ['incident', 'sev/P1', 'sev/P3'], events })
    expect(incident).toMatchObject({ severity: 'P1', wanted: { remove: ['sev/P3'] } })
    expect(texts(incident)).toContainEqual(expect.stringContaining('The higher one counts: P1'))
  })

  test('ignores a label that is not one, and a comment says so', () => {
    const incident = decided({ labels: ['incident', 'sev/P1', 'sev/high'] })
    expect(incident).toMatchObject({ severity: 'P1', wanted: { remove: ['sev/high'] } })
    expect(texts(incident)).toEqual([
      expect.stringContaining('`sev/high` is not a severity, so the severity is P1'),
    ])
  })

  test('stays when its label is removed, and the label comes back', () => {
    const events = [event('unlabeled', 'ana', at('16:20'), { label: 'sev/P1' })]
    const incident = decided({ labels: ['incident'], events })
    expect(incident).toMatchObject({ severity: 'P1', wanted: { add: ['sev/P1'] } })
    expect(texts(incident)).toEqual([expect.stringContaining('was removed. The severity is P1.')])
  })

  test.each([
    ['a label', { events: [event('labeled', 'ana', at('16:30'), { label: 'sev/p0' })] }],
    ['a command', { comments: [comment('ana', at('16:30'), '/severity P0')] }],
  ])('is raised at once by %s', (_, change) => {
    const incident = decided(change)
    expect(incident).toMatchObject({ severity: 'P0', wanted: { add: ['sev/P0'], remove: ['sev/P1'] } })
    expect(incident.severities.map(({ severity, by }) => [severity, by])).toEqual([
      ['P1', null],
      ['P0', 'ana'],
    ])
  })

  test.each([
    [
      'a label of someone without write access',
      { events: [event('labeled', 'gus', at('16:30'), { label: 'sev/P0' })] },
    ],
    [
      'a command of someone without write access',
      { comments: [comment('gus', at('16:30'), '/severity P0')] },
    ],
    ['a command in a quote', { comments: [comment('ana', at('16:30'), '> /severity P0')] }],
  ])('is not raised by %s', (_, change) => {
    expect(decided(change).severity).toBe('P1')
  })

  test('is not changed by a label of a bot, which needs no comment', () => {
    const label = 'sev/P0'
    const events = [
      event('labeled', 'release-gate[bot]', at('16:30'), { label, write: true }),
      event('labeled', 'release-gate[bot]', at('16:31'), { label: 'sev/P1' }),
    ]
    expect(decided({ events }).severity).toBe('P1')
    expect(texts(decided({ events }))).toEqual([])
  })

  test('says whose change does not count', () => {
    const events = [event('labeled', 'gus', at('16:30'), { label: 'sev/P0' })]
    expect(texts(decided({ events }))).toEqual(['`sev/P0` does not count: `gus` has no write access here.'])
  })

  const proposal = comment('ana', at('16:30'), '/severity P2 only one diner is affected')

  test('is not lowered by one person', () => {
    const incident = decided({ comments: [proposal] })
    expect(incident).toMatchObject({ severity: 'P1', proposal: { severity: 'P2', by: 'ana' } })
    expect(texts(incident)).toEqual([
      expect.stringContaining('P1 stays in effect until someone else with write access'),
    ])
  })

  test('is lowered once another person confirms, with the reason and both names', () => {
    const incident = decided({ comments: [proposal, comment('eva', at('16:40'), '/confirm')] })
    expect(incident).toMatchObject({ severity: 'P2', proposal: undefined })
    expect(incident.severities.at(-1)).toMatchObject({
      severity: 'P2',
      by: 'ana',
      confirmedBy: 'eva',
      reason: 'only one diner is affected',
      at: Date.parse(at('16:40')),
    })
  })

  test.each([
    ['the person who proposed it', [proposal, comment('ana', at('16:40'), '/confirm')]],
    ['someone without write access', [proposal, comment('gus', at('16:40'), '/confirm')]],
    ['a comment before the proposal', [comment('eva', at('16:20'), '/confirm'), proposal]],
    [
      'a proposal without a reason',
      [comment('ana', at('16:30'), '/severity P2'), comment('eva', at('16:40'), '/confirm')],
    ],
    ['a label', []],
  ])('is not lowered by %s', (_, comments) => {
    const events = [event('labeled', 'eva', at('16:50'), { label: 'sev/P2' })]
    expect(decided({ comments, events }).severity).toBe('P1')
  })

  test('is lowered by another account, whatever its login is', () => {
    const confirm = comment('eva', at('16:40'), '/confirm')
    const renamed = {
      ...confirm,
      by: { id: person('ana')?.id ?? 0, login: 'ana-new', type: 'User' as const },
    }
    expect(decided({ comments: [proposal, renamed] }).severity).toBe('P1')
    const sameName = { ...confirm, by: { id: 99, login: 'ana', type: 'User' as const } }
    expect(decided({ comments: [proposal, sameName] }).severity).toBe('P2')
  })

  test('is not lowered by a confirmation that came before the proposal in the same second', () => {
    const [before, after] = [
      comment('eva', at('16:30'), '/confirm'),
      comment('ana', at('16:30'), '/severity P2 x'),
    ]
    expect(decided({ comments: [before, after] }).severity).toBe('P1')
    expect(decided({ comments: [after, { ...before, id: after.id + 1 }] }).severity).toBe('P2')
  })

  test('that was raised in between needs a new proposal', () => {
    const raise = comment('eva', at('16:35'), '/severity P0')
    const confirmed = comment('eva', at('16:40'), '/confirm')
    const incident = decided({ comments: [proposal, raise, confirmed] })
    expect(incident).toMatchObject({ severity: 'P0', proposal: undefined })
    expect(texts(incident)).toContain('There is no proposed severity to confirm.')
    const alerts = [{ at: at('16:35'), severity: 'P0' }]
    expect(decided({ comments: [proposal, confirmed], alerts }).severity).toBe('P0')
    const sameAgain = [{ at: at('16:35'), severity: 'P1' }]
    expect(decided({ comments: [proposal, confirmed], alerts: sameAgain }).severity).toBe('P2')
    const again = comment('ana', at('16:36'), '/severity P1 it was the dashboard')
    const later = decided({ comments: [proposal, raise, again, confirmed] })
    expect(later.severity).toBe('P1')
  })

  test('is raised by a report that is edited, and not lowered by it', () => {
    const first = facts()
    const higher = facts({ takenAt: at('17:00'), reported: [{ at: at('16:00'), severity: 'P0' }] })
    const lower = facts({ takenAt: at('18:00'), reported: [{ at: at('16:00'), severity: 'P3' }] })
    const raised = mergeIncidentFacts(higher, first)
    expect(decideIncident(raised, settings).severities.map(({ severity }) => severity)).toEqual(['P1', 'P0'])
    expect(decideIncident(mergeIncidentFacts(lower, raised), settings).severity).toBe('P0')
  })
})

describe('the state', () => {
  test.each([
    ['open at first', {}, 'open'],
    ['acknowledged by /ack', { comments: [comment('ana', at('16:10'), 'On it.\n/ack')] }, 'acknowledged'],
    ['acknowledged by an assignment', { events: [event('assigned', 'ana', at('16:10'))] }, 'acknowledged'],
    ['mitigated by /mitigated', { comments: [comment('ana', at('16:10'), '/mitigated')] }, 'mitigated'],
    [
      'not acknowledged by someone without write access',
      { comments: [comment('gus', at('16:10'), '/ack')] },
      'open',
    ],
    [
      'not acknowledged by an assignment of such a person',
      { events: [event('assigned', 'gus', at('16:10'))] },
      'open',
    ],
    [
      'not acknowledged by a bot',
      { events: [event('assigned', 'release-gate[bot]', at('16:10'), { write: true })] },
      'open',
    ],
    [
      'not acknowledged by a comment that says nothing of it',
      { comments: [comment('ana', at('16:10'), 'Looking.')] },
      'open',
    ],
    [
      'not acknowledged in a code block',
      { comments: [comment('ana', at('16:10'), '```\n/ack\n```')] },
      'open',
    ],
  ])('is %s', (_, change, state) => {
    expect(decided(change).state).toBe(state)
  })

  const closed = (by: string, reason: string | undefined) => ({
    state: 'closed' as const,
    events: [event('closed', by, at('18:00'), reason === undefined ? {} : { reason })],
  })

  test('is resolved when someone with write access closes it as completed', () => {
    expect(decided(closed('eva', 'completed'))).toMatchObject({
      state: 'resolved',
      resolved: { by: 'eva', at: Date.parse(at('18:00')) },
      wanted: { reopen: false, notes: [] },
    })
  })

  test.each([
    ['by its reporter, who has no write access', closed('rita', 'completed'), 'has no write access'],
    ['by a bot', closed('release-gate[bot]', 'completed'), 'has no write access'],
    ['as not planned', closed('eva', 'not_planned'), 'closed as `not_planned`'],
    ['as a duplicate', closed('eva', 'duplicate'), 'closed as `duplicate`'],
  ])('stays open when it is closed %s, and the issue is reopened with a comment', (_, change, why) => {
    const incident = decided(change)
    expect(incident).toMatchObject({ state: 'open', resolved: undefined, wanted: { reopen: true } })
    expect(texts(incident)).toEqual([expect.stringContaining(why)])
  })

  const unlisted = [
    ['no closing', []],
    ['a closing without its reason', [event('closed', 'eva', at('18:00'))]],
    [
      'an earlier closing that did not count, and its reopening',
      [
        event('closed', 'eva', at('17:00'), { reason: 'not_planned' }),
        event('reopened', 'release-gate[bot]', at('17:01')),
      ],
    ],
  ] as const

  test.each(unlisted)('is not reopened while GitHub lists %s yet, and is read again soon', (_, events) => {
    const incident = decided({ state: 'closed', events: [...events], takenAt: at('18:01') })
    expect(incident.wanted.reopen).toBe(false)
    expect(time(incident.nextAt)).toBe('2026-10-19T18:02:00.000Z')
  })

  const gone = { goneSince: at('18:00') }
  const ended = { ...gone, ended: { by: 'eva (maintain)', at: at('19:00'), reason: 'a duplicate' } }

  test('stays as it was when its issue is gone, until someone ends it', () => {
    expect(decided(gone)).toMatchObject({ state: 'open', wanted: { reopen: false } })
    expect(changesBetween(decided(), decided(gone), 'UTC').map(({ kind }) => kind)).toEqual(['gone'])
    expect(changesBetween(decided(gone), decided(gone), 'UTC')).toEqual([])
    const incident = decided(ended)
    expect(incident).toMatchObject({
      state: 'resolved',
      resolved: { by: 'eva (maintain)', withoutIssue: 'a duplicate' },
    })
    expect(time(incident.clocks[1]?.metAt)).toBe('2026-10-19T19:00:00.000Z')
  })

  test('that was resolved before its issue was gone keeps who resolved it', () => {
    const events = [event('closed', 'ana', at('17:00'), { reason: 'completed' })]
    const incident = decided({ ...ended, state: 'closed', events })
    expect(incident.resolved).toEqual({ by: 'ana', at: Date.parse(at('17:00')) })
  })

  test('of a gone issue whose closing was never listed is open, and is not read again each minute', () => {
    const incident = decided({ ...gone, state: 'closed', takenAt: at('22:00') })
    expect(incident).toMatchObject({ state: 'open', nextAt: expect.any(Number) })
    expect(time(incident.nextAt)).not.toBe('2026-10-19T22:01:00.000Z')
  })

  test('is that of GitHub again once its issue is back', () => {
    expect(mergeIncidentFacts(facts(), facts(ended))).not.toHaveProperty('ended')
    expect(mergeIncidentFacts(facts(), facts(ended))).not.toHaveProperty('goneSince')
  })

  test('is not mitigated again by what was said before it was reopened, when it is resolved a second time', () => {
    const closed = (time: string) => event('closed', 'eva', at(time), { reason: 'completed' })
    const { mitigated, state } = decided({
      state: 'closed',
      comments: [comment('ana', at('16:10'), '/mitigated')],
      events: [closed('17:00'), event('reopened', 'eva', at('18:00')), closed('19:00')],
    })
    expect({ mitigated, state }).toEqual({ mitigated: undefined, state: 'resolved' })
  })

  test('resumes when it is reopened, and needs a new /mitigated', () => {
    const events = [
      event('closed', 'eva', at('18:00'), { reason: 'completed' }),
      event('reopened', 'rita', at('19:00')),
    ]
    const comments = [comment('ana', at('16:10'), '/ack'), comment('ana', at('17:00'), '/mitigated')]
    expect(decided({ events, comments })).toMatchObject({ state: 'acknowledged', reopened: 1 })
    const again = [...comments, comment('ana', at('19:30'), '/mitigated')]
    expect(decided({ events, comments: again }).state).toBe('mitigated')
  })
})

describe('a closing and a reopening that became known late', () => {
  const closed = (clock: string) => event('closed', 'eva', at(clock), { reason: 'completed' })
  const reopened = (clock: string) => event('reopened', 'eva', at(clock))

  test('leave an incident resolved that was closed after them', () => {
    const events = [closed('17:00'), closed('16:10'), reopened('16:20')]
    const incident = decided({ state: 'closed', events })
    expect(incident).toMatchObject({ state: 'resolved', reopened: 1 })
    expect([time(incident.resolved?.at), time(incident.reopenedAt)]).toEqual([
      '2026-10-19T17:00:00.000Z',
      '2026-10-19T16:20:00.000Z',
    ])
  })

  test('are counted, and the last reopening is the one by time', () => {
    const events = [closed('17:00'), reopened('17:30'), closed('16:10'), reopened('16:20')]
    const incident = decided({ events })
    expect([incident.reopened, time(incident.reopenedAt)]).toEqual([2, '2026-10-19T17:30:00.000Z'])
  })
})

describe('the clocks', () => {
  const ordered = (orderedBy: { id?: number; login: string }) => ({
    author: person('release-gate[bot]'),
    orderedBy,
  })
  const response = (change: Parameters<typeof decided>[0]) =>
    time(decided(change).clocks.find(({ name }) => name === 'response')?.metAt)

  test.each([
    ['the first comment of a person', { comments: [comment('gus', at('16:05'), 'Seen.')] }, '16:05'],
    ['an assignment', { events: [event('assigned', 'gus', at('16:07'))] }, '16:07'],
    [
      'a comment of someone who has the login of whoever opened it',
      { ...ordered({ id: 99, login: 'ana' }), comments: [comment('ana', at('16:05'), '/ack')] },
      '16:05',
    ],
  ])('count %s as the first response', (_, change, clock) => {
    expect(response(change)).toBe(`2026-10-19T${clock}:00.000Z`)
  })

  test.each([
    ['a comment of the reporter', { comments: [comment('rita', at('16:05'), 'More diners.')] }],
    ['a comment of a bot', { comments: [comment('release-gate[bot]', at('16:05'), 'P1 counts.')] }],
    ['an assignment by the reporter', { events: [event('assigned', 'rita', at('16:05'))] }],
    [
      'a comment of whoever opened it by the command line, under another login',
      { ...ordered({ id: 2, login: 'ana-before' }), comments: [comment('ana', at('16:05'), '/ack')] },
    ],
    [
      'a comment of whoever opened it by the command line of an older version',
      { ...ordered({ login: 'ana' }), comments: [comment('ana', at('16:05'), '/ack')] },
    ],
  ])('do not count %s', (_, change) => {
    expect(response(change)).toBeUndefined()
  })

  test('start when the ticket was received, not at triage: a mail of 02:00 that is triaged at 09:05 is breached', () => {
    const incident = decided({
      openedAt: '2026-10-20T16:05:00Z',
      startedAt: '2026-10-20T09:00:00Z',
      takenAt: '2026-10-20T16:05:00Z',
      reported: [{ at: '2026-10-20T16:05:00Z', severity: 'P1' }],
    })
    const [clock] = incident.clocks
    expect([time(clock?.startedAt), time(clock?.due)]).toEqual([
      '2026-10-20T09:00:00.000Z',
      '2026-10-20T10:00:00.000Z',
    ])
    expect(clock?.breaches).toEqual([{ at: Date.parse('2026-10-20T10:00:00Z'), severity: 'P1' }])
  })

  test('pause while it waits for the customer, with the label on twice', () => {
    const label = 'waiting-for-customer'
    const events = [
      event('labeled', 'gus', '2026-10-14T19:00:00Z', { label }),
      event('labeled', 'ana', '2026-10-14T20:00:00Z', { label }),
      event('unlabeled', 'ana', '2026-10-14T21:00:00Z', { label }),
    ]
    const base = { openedAt: '2026-10-14T17:00:00Z', takenAt: '2026-10-14T22:00:00Z' }
    const incident = decided({ ...base, events, reported: [{ at: base.openedAt, severity: 'P2' }] })
    expect(time(incident.clocks[1]?.due)).toBe('2026-10-19T19:00:00.000Z')
  })

  test('pause as they did, in whatever order the labels became known', () => {
    const label = 'waiting-for-customer'
    const [on, off] = ['labeled', 'unlabeled'] as const
    const known = [event(on, 'ana', at('16:10'), { label }), event(off, 'ana', at('17:30'), { label })]
    const late = [event(off, 'ana', at('16:20'), { label }), event(on, 'ana', at('17:00'), { label })]
    const spans = (events: ReturnType<typeof event>[]) =>
      decided({ events }).waiting?.map(({ from, to }) => [time(from), time(to)])
    expect(spans([...known, ...late])).toEqual([
      ['2026-10-19T16:10:00.000Z', '2026-10-19T16:20:00.000Z'],
      ['2026-10-19T17:00:00.000Z', '2026-10-19T17:30:00.000Z'],
    ])
  })

  test('are due next at the earliest deadline that is not met', () => {
    const early = { takenAt: at('16:00'), reported: [{ at: at('16:00'), severity: 'P0' }] }
    expect(time(decided(early).nextAt)).toBe('2026-10-19T16:15:00.000Z')
    const comments = [comment('ana', at('16:00'), '/ack')]
    expect(time(decided({ ...early, comments }).nextAt)).toBe('2026-10-19T20:00:00.000Z')
  })

  test('are due next at a deadline that is read at its very instant, since it is missed only after', () => {
    const early = { takenAt: at('16:15'), reported: [{ at: at('16:00'), severity: 'P0' }] }
    expect(time(decided(early).nextAt)).toBe('2026-10-19T16:15:00.000Z')
  })

  test.each([null, 'ana'])('keep who verified what was reported first: %s', (verifiedBy) => {
    const later = { verifiedBy: verifiedBy ? null : 'ana' }
    expect(mergeIncidentFacts(facts(later), facts({ verifiedBy })).verifiedBy).toBe(verifiedBy)
  })

  test('do not count the time while it was resolved', () => {
    const events = [
      event('closed', 'eva', at('17:00'), { reason: 'completed' }),
      event('reopened', 'eva', at('19:00')),
    ]
    const reported = [{ at: at('16:00'), severity: 'P0' }]
    expect(time(decided({ events, reported }).clocks[1]?.due)).toBe('2026-10-19T22:00:00.000Z')
  })
})

describe('a resolved incident', () => {
  const closed = {
    state: 'closed' as const,
    events: [event('closed', 'eva', at('16:05'), { reason: 'completed' })],
  }
  const urgent = { reported: [{ at: at('16:00'), severity: 'P0' }] }
  const label = 'waiting-for-customer'
  const waits = event('labeled', 'ana', at('16:02'), { label })

  test.each([
    ['without a response', {}],
    ['with a response', { comments: [comment('ana', at('16:03'), '/ack')] }],
    ['with a response after its closing', { comments: [comment('ana', at('16:06'), 'Thanks.')] }],
    ['of a P0 without a response', urgent],
    [
      'of a P2 that waits for the customer',
      { reported: [{ at: at('16:00'), severity: 'P2' }], events: [waits, ...closed.events] },
    ],
  ])('%s stays as it was decided, and nothing is due', (_, more) => {
    const early = decided({ ...closed, ...more, takenAt: at('16:08') })
    const late = decided({ ...closed, ...more, takenAt: '2026-10-29T20:00:00Z' })
    expect(late).toEqual(early)
    expect(early).toMatchObject({ state: 'resolved', nextAt: undefined })
  })

  test('goes on with its first response once it is reopened, without the time that it was closed', () => {
    const events = [...closed.events, event('reopened', 'eva', at('18:00'))]
    const incident = decided({ ...urgent, events, takenAt: at('18:01') })
    expect([time(incident.clocks[0]?.due), time(incident.nextAt)]).toEqual([
      '2026-10-19T18:10:00.000Z',
      '2026-10-19T18:10:00.000Z',
    ])
    expect(decided({ ...urgent, events, takenAt: at('18:11') }).clocks[0]?.breaches).toHaveLength(1)
  })

  test('keeps the breach of a first response that was overdue when it was closed', () => {
    const events = [event('closed', 'eva', at('16:30'), { reason: 'completed' })]
    const incident = decided({ ...closed, ...urgent, events, takenAt: '2026-10-29T20:00:00Z' })
    expect(incident.clocks[0]?.breaches).toMatchObject([{ at: Date.parse(at('16:15')) }])
  })
})

describe('what was read before', () => {
  const reread = (before: Parameters<typeof facts>[0], now: Parameters<typeof facts>[0]) =>
    decideIncident(mergeIncidentFacts(facts(now), facts(before)), settings)

  test('keeps counting after its comment was deleted', () => {
    expect(reread({ comments: [comment('ana', at('16:10'), '/ack')] }, { comments: [] })).toMatchObject({
      acknowledged: { by: 'ana', at: Date.parse(at('16:10')) },
    })
  })

  test('keeps counting after its comment was edited, at its first time', () => {
    const before = comment('ana', at('16:10'), '/ack')
    const edited = { ...before, since: at('19:00'), commands: [], edited: [] }
    expect(reread({ comments: [before] }, { comments: [edited] }).acknowledged?.at).toBe(
      Date.parse(at('16:10')),
    )
  })

  test('is not changed by an edit after the confirmation: what was confirmed counts', () => {
    const proposed = comment('ana', at('16:10'), '/severity P2 one diner')
    const confirmed = comment('eva', at('16:20'), '/confirm')
    const edited = {
      ...proposed,
      since: at('18:00'),
      commands: [],
      edited: [{ name: 'severity' as const, severity: 'P3', reason: 'x' }],
    }
    const incident = reread({ comments: [proposed, confirmed] }, { comments: [edited, confirmed] })
    expect(incident).toMatchObject({ severity: 'P2', proposal: undefined })
  })

  const edit = (one: ReturnType<typeof comment>, text: string) => ({
    ...one,
    since: at('19:00'),
    commands: [],
    edited: commandsIn(plainLines(text)),
  })

  test.each(['/ack', '/mitigated', '/severity P0', '/confirm'])(
    'gives no command %s once a comment was edited, since anyone with write access can edit it, and a comment says so',
    (text) => {
      const proposed = comment('ana', at('16:10'), '/severity P2 one diner')
      const seen = comment('eva', at('16:20'), 'Seen.')
      const incident = reread({ comments: [proposed, seen] }, { comments: [proposed, edit(seen, text)] })
      expect(incident).toMatchObject({ state: 'open', severity: 'P1', proposal: { severity: 'P2' } })
      expect(texts(incident).at(-1)).toBe(
        'A comment of `eva` was edited, so its commands do not count unless they were read before. Write a new comment.',
      )
    },
  )

  test('keeps counting, without a word of it, where an edit left its commands as they were', () => {
    const before = comment('ana', at('16:10'), '/ack')
    const incident = reread({ comments: [before] }, { comments: [edit(before, '/ack\nThanks.')] })
    expect(incident.acknowledged?.at).toBe(Date.parse(at('16:10')))
    expect(texts(incident)).toEqual([])
  })

  test('counts as an older version stored it: an edited comment from its edit on', () => {
    const edited = comment('ana', at('16:10'), '/ack', { since: at('19:00') })
    expect(decided({ comments: [edited] }).acknowledged?.at).toBe(Date.parse(at('19:00')))
  })

  test('takes the reason of a closing that was read while the issue still said open', () => {
    const closed = event('closed', 'eva', at('18:00'))
    const incident = reread(
      { events: [closed] },
      { state: 'closed', events: [{ ...closed, reason: 'completed' }] },
    )
    expect(incident).toMatchObject({ state: 'resolved', wanted: { reopen: false } })
  })

  test('keeps every component that was reported, and says when it changes', () => {
    const before = facts({ component: 'rewards' })
    const now = mergeIncidentFacts(facts({ component: 'wallets', takenAt: at('20:30') }), before)
    const later = mergeIncidentFacts(facts({ component: 'wallets', takenAt: at('20:40') }), now)
    expect(later.components).toEqual([
      { at: before.openedAt, component: 'rewards' },
      { at: at('20:30'), component: 'wallets' },
    ])
    const changes = (one: typeof now, other: typeof now) =>
      changesBetween(decideIncident(one, settings), decideIncident(other, settings), 'UTC')
    expect(changes(before, now)).toMatchObject([
      { kind: 'component', text: 'Component changed from rewards to wallets in its report' },
    ])
    expect(changes(now, later)).toEqual([])
  })

  test('keeps the access that someone had then', () => {
    const before = comment('ana', at('16:10'), '/ack')
    expect(reread({ comments: [before] }, { comments: [{ ...before, write: false }] }).state).toBe(
      'acknowledged',
    )
    expect(reread({ comments: [{ ...before, write: false }] }, { comments: [before] }).state).toBe('open')
  })

  test('gives the same answer when it is replayed', () => {
    const stored = facts({ comments: [comment('ana', at('16:10'), '/ack')], takenAt: at('17:00') })
    expect(decideIncident(JSON.parse(JSON.stringify(stored)), settings)).toEqual(
      decideIncident(stored, settings),
    )
  })
})

describe('waiting for the customer, in the records', () => {
  const label = 'waiting-for-customer'
  const on = (at: string) => event('labeled', 'gus', at, { label })
  const off = (at: string) => event('unlabeled', 'gus', at, { label })
  const texts = (before: ReturnType<typeof decided> | undefined, now: ReturnType<typeof decided>) =>
    changesBetween(before, now, 'UTC').map(({ kind, at, text }) => `${at.slice(11, 16)} ${kind}: ${text}`)
  const waits = decided({ events: [on('2026-10-19T17:00:00Z')] })

  test('is one change, and its end another', () => {
    expect(texts(decided(), waits)).toEqual(['17:00 waiting: Waiting for the customer'])
    expect(texts(waits, waits)).toEqual([])
    const again = decided({ events: [on('2026-10-19T17:00:00Z'), off('2026-10-19T18:00:00Z')] })
    expect(texts(waits, again)).toEqual(['18:00 resumed: No longer waiting for the customer'])
    expect(texts(again, again)).toEqual([])
  })

  test('is told from start to end where both were read together, and a second time from the first', () => {
    const once = [on('2026-10-19T17:00:00Z'), off('2026-10-19T18:00:00Z')]
    expect(texts(decided(), decided({ events: once }))).toEqual([
      '17:00 waiting: Waiting for the customer',
      '18:00 resumed: No longer waiting for the customer',
    ])
    const twice = decided({ events: [...once, on('2026-10-19T19:00:00Z')] })
    expect(texts(decided({ events: once }), twice)).toEqual(['19:00 waiting: Waiting for the customer'])
  })

  test('a label that is set twice, or taken off without having been set, is no change', () => {
    const doubled = decided({ events: [on('2026-10-19T17:00:00Z'), on('2026-10-19T17:30:00Z')] })
    expect(texts(waits, doubled)).toEqual([])
    expect(texts(decided(), decided({ events: [off('2026-10-19T17:00:00Z')] }))).toEqual([])
  })
})

describe('a comment about the labels', () => {
  const at = (clock: string) => `2026-10-19T${clock}:00Z`
  const on = (by: string, severity: string, clock: string) =>
    event('labeled', by, at(clock), { label: `sev/${severity}` })
  const off = (by: string, severity: string, clock: string) =>
    event('unlabeled', by, at(clock), { label: `sev/${severity}` })
  const bot = 'release-gate[bot]'
  const keys = (labels: string[], events: ReturnType<typeof on>[]) =>
    decided({ labels: ['incident', ...labels], events })
      .wanted.notes.filter(({ text }) => /More than one severity|label was removed/.test(text))
      .map(({ key }) => key)

  test.each([
    ['that are more than one', ['sev/P0', 'sev/P1'], [on('ana', 'P1', '16:10'), on('eva', 'P0', '16:20')]],
    ['of which none is left', [], [on('ana', 'P1', '16:10'), off('gus', 'P1', '16:20')]],
  ])('%s is the same one, whichever event GitHub lists late', (_, labels, events) => {
    const all = keys(labels, events)
    expect(all).toHaveLength(1)
    expect(keys(labels, events.toReversed())).toEqual(all)
    expect(keys(labels, events.slice(0, 1))).toEqual(all)
    expect(keys(labels, [...events, on('eva', 'P2', '16:05')])).toEqual(all)
  })

  test('is another one where they are wrong again after the bot corrected them', () => {
    const doubled = [on('ana', 'P0', '16:10')]
    const corrected = [...doubled, off(bot, 'P1', '16:11')]
    const again = [...corrected, on('ana', 'P1', '16:30')]
    const both = ['sev/P0', 'sev/P1']
    expect(keys(['sev/P0'], corrected)).toEqual([])
    expect(keys(both, again)).toHaveLength(1)
    expect(keys(both, again)).not.toEqual(keys(both, doubled))
    const removed = [...corrected, off('gus', 'P0', '16:40')]
    const twice = [...removed, on(bot, 'P0', '16:41'), off('gus', 'P0', '16:50')]
    expect(keys([], twice)).not.toEqual(keys([], removed))
  })

  test('is another one where other labels are more than one', () => {
    const events = [on('ana', 'P0', '16:10')]
    expect(keys(['sev/P0', 'sev/P2'], events)).not.toEqual(keys(['sev/P0', 'sev/P1'], events))
  })
})

describe('what became known late, in the records', () => {
  const at = (clock: string) => `2026-10-19T${clock}:00Z`
  const told = (before: ReturnType<typeof decided>, now: ReturnType<typeof decided>) =>
    changesBetween(before, now, 'UTC')
      .filter(({ kind }) => kind !== 'breached' && kind !== 'corrected')
      .map(({ at, text }) => `${at.slice(11, 16)} ${text}`)
  const P2 = { reported: [{ at: at('16:00'), severity: 'P2' }] }
  const raised = (clock: string, severity: string) =>
    event('labeled', 'ana', at(clock), { label: `sev/${severity}` })
  const alert = { at: at('16:30'), severity: 'P0' }

  test('is told where an alert that waited for its job raised the severity before someone else did', () => {
    const events = [raised('17:00', 'P1')]
    const now = decided({ ...P2, events, alerts: [alert] })
    expect(now.severity).toBe('P0')
    expect(told(decided({ ...P2, events }), now)).toEqual([
      '16:30 Severity changed to P0 by an alert that fired again',
    ])
    expect(told(now, now)).toEqual([])
  })

  test('is told alone: a later change that still counts was told before', () => {
    const events = [raised('17:00', 'P0')]
    const late = { at: at('16:30'), severity: 'P1' }
    expect(told(decided({ ...P2, events }), decided({ ...P2, events, alerts: [late] }))).toEqual([
      '16:30 Severity changed to P1 by an alert that fired again',
    ])
  })

  test('is told where it is another severity from the start', () => {
    const unset = { reported: [{ at: at('16:00'), severity: null }] }
    const [first, second] = [raised('16:01', 'P1'), raised('16:02', 'P2')]
    expect(
      told(decided({ ...unset, events: [second] }), decided({ ...unset, events: [first, second] })),
    ).toEqual(['16:00 Severity changed to P1 by ana'])
  })

  test('is not told where only the start of the incident became known', () => {
    const startedAt = at('15:30')
    expect(told(decided(P2), decided({ ...P2, startedAt }))).toEqual([])
  })

  test('is told once of the end of a wait that began before it was known', () => {
    const label = 'waiting-for-customer'
    const [early, late] = ['16:10', '16:20'].map((clock) => event('labeled', 'gus', at(clock), { label }))
    const off = event('unlabeled', 'gus', at('17:00'), { label })
    if (!early || !late) throw new Error('There are two')
    expect(told(decided({ events: [late, off] }), decided({ events: [early, late, off] }))).toEqual([
      '16:10 Waiting for the customer',
    ])
  })

  test('corrects an overdue clock where a response in time became known later, once', () => {
    const late = decided({ takenAt: at('17:30') })
    const inTime = decided({ takenAt: at('18:00'), comments: [comment('ana', at('16:59'), 'Seen.')] })
    const breaches = (before: typeof late, now: typeof late) =>
      changesBetween(before, now, 'UTC').map(({ kind, text }) => `${kind}: ${text}`)
    expect(breaches(decided({ takenAt: at('16:30') }), late)).toEqual([
      'breached: First response for a P1 has been overdue since Mon, Oct 19, 5:00 PM UTC',
    ])
    expect(breaches(late, inTime)).toEqual([
      'responded: First response',
      'corrected: First response for a P1 no longer counts as overdue since Mon, Oct 19, 5:00 PM UTC',
    ])
    expect(breaches(inTime, inTime)).toEqual([])
  })

  test('corrects no breach where the severity is lowered', () => {
    const comments = [
      comment('ana', at('17:30'), '/severity P3 one diner'),
      comment('eva', at('17:40'), '/confirm'),
    ]
    const kinds = changesBetween(decided({ takenAt: at('17:10') }), decided({ comments }), 'UTC').map(
      ({ kind }) => kind,
    )
    expect(kinds).not.toContain('corrected')
  })

  test('is told of a wait for the customer before one that is known', () => {
    const label = 'waiting-for-customer'
    const on = (clock: string) => event('labeled', 'gus', at(clock), { label })
    const off = (clock: string) => event('unlabeled', 'gus', at(clock), { label })
    const known = [on('17:00'), off('17:30')]
    expect(
      told(decided({ events: known }), decided({ events: [on('16:10'), off('16:20'), ...known] })),
    ).toEqual(['16:10 Waiting for the customer', '16:20 No longer waiting for the customer'])
  })
})
