import { describe, expect, test } from 'vitest'
import {
  escalationSteps,
  nextStepAt,
  outcomesByKey,
  type StepOutcome,
  stepsToTake,
} from '../../../src/decision/incidents/escalation.ts'
import type { IncidentFacts } from '../../../src/decision/incidents/facts.ts'
import { decideIncident } from '../../../src/decision/incidents/incident.ts'
import { jiraIssue, type WantedIssue } from '../../../src/decision/incidents/mirror.ts'
import { newPages, pageNow, type WantedPage } from '../../../src/decision/incidents/pagerduty-page.ts'
import { incidentSettings, placeOf, targetsOf } from '../../../src/decision/incidents/settings.ts'
import { comment, decided, event, facts, settings, time } from './building.ts'

const at = (clock: string) => `2026-10-19T${clock}:00Z`
const P0 = { reported: [{ at: at('16:00'), severity: 'P0' }] }
const P2 = { reported: [{ at: at('16:00'), severity: 'P2' }] }
const planned = (more: Partial<IncidentFacts>) =>
  escalationSteps(decided(more), settings.escalation).map(({ key, page, at: when }) => [
    key,
    time(when),
    page.join('+'),
  ])

describe('the steps of an escalation', () => {
  test('of a P0 without a response: on call at once, the lead at half time, everyone at the breach', () => {
    expect(planned(P0)).toEqual([
      ['0/P0/0', '2026-10-19T16:00:00.000Z', 'on_call'],
      ['0/P0/50', '2026-10-19T16:07:30.000Z', 'lead'],
      ['0/P0/100', '2026-10-19T16:15:00.001Z', 'on_call+lead'],
    ])
  })

  test('of a P0 at night are the same: its clock is elapsed time', () => {
    const night = { openedAt: '2026-10-18T10:00:00Z', takenAt: '2026-10-18T11:00:00Z' }
    const reported = [{ at: night.openedAt, severity: 'P0' }]
    expect(planned({ ...night, reported })[1]).toEqual(['0/P0/50', '2026-10-18T10:07:30.000Z', 'lead'])
  })

  test.each([
    ['a P2', P2],
    ['a P3', { reported: [{ at: at('16:00'), severity: 'P3' }] }],
    [
      'one that is resolved',
      {
        ...P0,
        state: 'closed' as const,
        events: [event('closed', 'eva', at('17:00'), { reason: 'completed' })],
      },
    ],
    [
      'one that was lowered',
      {
        ...P0,
        comments: [
          comment('ana', at('16:01'), '/severity P2 a test'),
          comment('eva', at('16:02'), '/confirm'),
        ],
      },
    ],
  ])('of %s: none', (_, more) => {
    expect(planned(more)).toEqual([])
  })

  test('after a response: none but the first page', () => {
    expect(planned({ ...P0, comments: [comment('ana', at('16:05'), 'Seen.')] })).toEqual([
      ['0/P0/0', '2026-10-19T16:00:00.000Z', 'on_call'],
    ])
  })

  test('are not undone by a response that comes after them', () => {
    expect(planned({ ...P0, comments: [comment('ana', at('16:10'), 'Seen.')] })).toHaveLength(2)
  })

  const lowered = (severity: string) => [
    comment('ana', at('16:01'), `/severity ${severity} a test`),
    comment('eva', at('16:02'), '/confirm'),
  ]

  test('begin again under another key when it is raised a second time', () => {
    const comments = [...lowered('P2'), comment('ana', at('16:03'), '/severity P0')]
    expect(planned({ ...P0, comments })).toEqual([
      ['0/P0-2026-10-19T16:03:00.000Z/0', '2026-10-19T16:03:00.000Z', 'on_call'],
    ])
  })

  test('of a P0 that was lowered to P1 are none, and begin again once it is reopened', () => {
    expect(planned({ ...P0, comments: lowered('P1') })).toEqual([])
    const events = [
      event('closed', 'eva', at('17:00'), { reason: 'completed' }),
      event('reopened', 'eva', at('19:00')),
    ]
    expect(planned({ ...P0, comments: lowered('P1'), events })).toEqual([
      ['1/P1/0', '2026-10-19T19:00:00.000Z', 'on_call'],
    ])
  })

  test('begin again under the key of before when it was reopened since it was raised a second time', () => {
    const comments = [...lowered('P2'), comment('ana', at('16:03'), '/severity P0')]
    const events = [
      event('closed', 'eva', at('17:00'), { reason: 'completed' }),
      event('reopened', 'eva', at('19:00')),
    ]
    expect(planned({ ...P0, comments, events })).toEqual([['1/P0/0', '2026-10-19T19:00:00.000Z', 'on_call']])
  })

  test('begin again from the change when it is raised, and when it is reopened', () => {
    const raised = { ...P2, comments: [comment('ana', at('18:00'), '/severity P0')] }
    expect(planned(raised)).toEqual([['0/P0/0', '2026-10-19T18:00:00.000Z', 'on_call']])
    const events = [
      event('closed', 'eva', at('17:00'), { reason: 'completed' }),
      event('reopened', 'eva', at('19:00')),
    ]
    expect(planned({ ...P0, events })[0]).toEqual(['1/P0/0', '2026-10-19T19:00:00.000Z', 'on_call'])
  })
})

describe('the steps of a policy', () => {
  const under = (escalation: object, more: Partial<IncidentFacts>) => {
    const own = incidentSettings.parse({ repository: 'acme/incidents', holidays: 'US-CA', escalation })
    const incident = decideIncident(facts(more), own)
    return escalationSteps(incident, own.escalation, {
      allowance: targetsOf(own)[incident.severity].response,
      place: placeOf(own),
      takenAt: Date.parse(facts(more).takenAt),
    })
  }
  const shown = (steps: ReturnType<typeof under>) =>
    steps.map(({ at: when, page }) => `${time(when)} ${page.join('+')}`)

  test('that are of one time are one, which pages everyone once', () => {
    const both = [
      { after: 50, page: ['lead'] },
      { after: 0, page: ['on_call', 'on_call'] },
      { after: 0, page: ['lead', 'on_call'] },
    ]
    const steps = under({ P0: both }, P0)
    expect(shown(steps)).toEqual(['2026-10-19T16:00:00.000Z on_call+lead', '2026-10-19T16:07:30.000Z lead'])
    expect(new Set(steps.map(({ key }) => key)).size).toBe(2)
  })

  test('without one at once are all canceled by a response', () => {
    const lead = [{ after: 50, page: ['lead'] }]
    expect(shown(under({ P0: lead }, P0))).toEqual(['2026-10-19T16:07:30.000Z lead'])
    expect(under({ P0: lead }, { ...P0, comments: [comment('ana', at('16:05'), 'Seen.')] })).toEqual([])
  })

  describe('in service hours, opened at 8:00 PM', () => {
    const evening = '2026-10-21T03:00:00Z'
    const opened = { openedAt: evening, reported: [{ at: evening, severity: 'P2' }] }
    const parts = [25, 50, 75, 100].map((after) => ({ after, page: ['lead'] }))

    test('come when that part of the hours has passed, and not at night', () => {
      expect(shown(under({ P2: parts }, { ...opened, takenAt: '2026-10-21T12:00:00Z' }))).toEqual([
        '2026-10-21T04:00:00.000Z lead',
        '2026-10-21T17:00:00.000Z lead',
        '2026-10-21T18:00:00.000Z lead',
        '2026-10-21T19:00:00.001Z lead',
      ])
    })

    test('do not come while it waits for the customer, but for those from before', () => {
      const events = [event('labeled', 'ana', '2026-10-21T17:30:00Z', { label: 'waiting-for-customer' })]
      const waits = (takenAt: string) => shown(under({ P2: parts }, { ...opened, events, takenAt }))
      expect(waits('2026-10-21T21:00:00Z')).toEqual([
        '2026-10-21T04:00:00.000Z lead',
        '2026-10-21T17:00:00.000Z lead',
        '2026-10-21T21:30:00.000Z lead',
        '2026-10-21T22:30:00.001Z lead',
      ])
      expect(waits('2026-10-22T02:00:00Z').slice(2)).toEqual([
        '2026-10-22T02:30:00.000Z lead',
        '2026-10-22T03:30:00.001Z lead',
      ])
    })
  })

  test('in business days come on one: half a day of a Friday evening is on Monday', () => {
    const friday = '2026-10-24T01:00:00Z'
    const opened = { openedAt: friday, reported: [{ at: friday, severity: 'P3' }] }
    const half = [{ after: 50, page: ['lead'] }]
    expect(shown(under({ P3: half }, { ...opened, takenAt: '2026-10-25T01:00:00Z' }))).toEqual([
      '2026-10-26T13:00:00.000Z lead',
    ])
  })
})

describe('the steps to take', () => {
  const steps = escalationSteps(decided(P0), settings.escalation)
  const due = (outcomes: Record<string, StepOutcome>, clock: string) =>
    stepsToTake(steps, outcomes, Date.parse(`2026-10-19T${clock}Z`)).map(({ key }) => key)
  const taken = { outcome: 'taken' as const }

  test.each([
    ['16:00:00', {}, ['0/P0/0']],
    ['16:07:29', { '0/P0/0': taken }, []],
    ['16:07:30', { '0/P0/0': taken }, ['0/P0/50']],
    ['16:15:00', { '0/P0/0': taken, '0/P0/50': taken }, []],
    ['16:15:01', { '0/P0/0': taken, '0/P0/50': taken }, ['0/P0/100']],
    ['16:20:00', {}, ['0/P0/0', '0/P0/50', '0/P0/100']],
  ])('at %s, after %j, are %j', (clock, outcomes, keys) => {
    expect(due(outcomes, clock)).toEqual(keys)
  })

  const raisedAgain = [
    comment('ana', at('16:01'), '/severity P2 a test'),
    comment('eva', at('16:02'), '/confirm'),
    comment('ana', at('16:03'), '/severity P0'),
  ]

  test.each(['0/P0/0', '0/P0-2/0'])(
    'are none that an earlier version took as %s since it was raised',
    (key) => {
      const raised = escalationSteps(decided({ ...P0, comments: raisedAgain }), settings.escalation)
      const keptAt = (clock: string) =>
        outcomesByKey(raised, { [key]: { ...taken, at: new Date(at(clock)) } })
      expect(stepsToTake(raised, keptAt('16:03'), Date.parse(at('16:05')))).toEqual([])
      expect(stepsToTake(raised, keptAt('16:00'), Date.parse(at('16:05'))).map(({ key }) => key)).toEqual([
        '0/P0-2026-10-19T16:03:00.000Z/0',
      ])
    },
  )

  test('are not spared by what was taken under another severity, or after another part of the time', () => {
    const raised = escalationSteps(decided({ ...P0, comments: raisedAgain }), settings.escalation)
    const others = ['0/P1/0', '0/P0/50'].map((key) => [key, { ...taken, at: new Date(at('16:04')) }])
    expect(outcomesByKey(raised, Object.fromEntries(others))).not.toHaveProperty([raised[0]?.key ?? ''])
  })

  test('include the one after a step that was not possible', () => {
    expect(due({ '0/P0/0': { outcome: 'impossible' } }, '16:00:00')).toEqual(['0/P0/50'])
  })

  test('are due next at the earliest that is left', () => {
    expect(time(nextStepAt(steps, { '0/P0/0': taken }))).toBe('2026-10-19T16:07:30.000Z')
    expect(nextStepAt([], {})).toBeUndefined()
  })
})

const subject = (more: Partial<IncidentFacts> = P0) => ({
  repository: { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' },
  number: 7,
  facts: facts(more),
  incident: decided(more),
})

describe('what becomes known later', () => {
  const label = (severity: string, clock: string) =>
    event('labeled', 'ana', at(clock), { label: `sev/${severity}` })
  const lowered = (from: string, to: string) => [
    comment('ana', at(from), '/severity P2 a test'),
    comment('eva', at(to), '/confirm'),
  ]
  const closed = (clock: string) => event('closed', 'eva', at(clock), { reason: 'completed' })
  const reopened = (clock: string) => event('reopened', 'eva', at(clock))
  const P0Again = { ...P0, comments: lowered('17:00', '17:10'), events: [label('P0', '17:30')] }
  const raisedOnce = { ...P2, events: [label('P0', '17:30')] }
  const seen = comment('ana', at('16:05'), 'Seen.')
  const reopenedOnce = { ...P0, comments: [seen], events: [closed('17:00'), reopened('17:30')] }
  const known = Date.parse(at('17:31'))

  /** The steps that are taken at 17:31 of what is known then, and those that are left once more is known. */
  function left(before: Partial<IncidentFacts>, now: Partial<IncidentFacts>): string[] {
    const steps = (more: Partial<IncidentFacts>) => escalationSteps(decided(more), settings.escalation)
    const takenThen = stepsToTake(steps(before), {}, known).map(({ key }) => [
      key,
      { outcome: 'taken' as const, at: new Date(known) },
    ])
    expect(takenThen).toHaveLength(1)
    const outcomes = outcomesByKey(steps(now), Object.fromEntries(takenThen))
    return stepsToTake(steps(now), outcomes, known).map(({ key }) => key)
  }

  test.each([
    [
      'a change between a lowering and a second raise',
      P0Again,
      { ...P0Again, events: [label('P1', '17:20'), ...P0Again.events] },
    ],
    [
      'a raise to the same severity that was lowered again',
      raisedOnce,
      {
        ...raisedOnce,
        events: [label('P0', '16:30'), ...raisedOnce.events],
        comments: lowered('16:40', '16:50'),
      },
    ],
    [
      'an earlier raise to the same severity',
      raisedOnce,
      { ...raisedOnce, alerts: [{ at: at('16:30'), severity: 'P0' }] },
    ],
    ['an earlier start', P0Again, { ...P0Again, startedAt: at('15:30') }],
    [
      'an earlier closing and reopening',
      reopenedOnce,
      { ...reopenedOnce, events: [closed('16:10'), reopened('16:20'), ...reopenedOnce.events] },
    ],
  ] as const)('of %s does not repeat the first page, nor end it', (_, before, now) => {
    const steps = left(before as Partial<IncidentFacts>, now as Partial<IncidentFacts>)
    expect(steps.filter((key) => key.endsWith('/0'))).toEqual([])
    const [page] = pagesOf(before as Partial<IncidentFacts>)
    const unsent = { isAsked: true, isTaken: false, pagedAt: known }
    const action = (sending: typeof unsent) =>
      page &&
      pageNow(subject(now as Partial<IncidentFacts>), page.key, page.wanted as WantedPage, sending).action
    expect([action(unsent), action({ ...unsent, isTaken: true })]).toEqual(['trigger', 'trigger'])
  })

  const pagesOf = (more: Partial<IncidentFacts>) => {
    const [step] = escalationSteps(decided(more), settings.escalation)
    return step ? newPages(subject(more), step) : []
  }

  test.each([
    ['a second raise', P0, P0Again],
    ['a reopening', P0, reopenedOnce],
  ] as const)('of %s pages again, unless someone was paged since', (_, before, now) => {
    const steps = escalationSteps(decided(now as Partial<IncidentFacts>), settings.escalation)
    const keptAt = (clock: string) =>
      outcomesByKey(steps, { '0/P0/0': { outcome: 'taken', at: new Date(at(clock)) } })
    expect(stepsToTake(steps, keptAt('16:00'), known).map(({ at: due }) => time(due))).toEqual([
      '2026-10-19T17:30:00.000Z',
    ])
    expect(stepsToTake(steps, keptAt('17:31'), known)).toEqual([])
    const [page] = pagesOf(before as Partial<IncidentFacts>)
    const action = (clock: string) =>
      page &&
      pageNow(subject(now as Partial<IncidentFacts>), page.key, page.wanted as WantedPage, {
        isAsked: true,
        isTaken: false,
        pagedAt: Date.parse(at(clock)),
      }).action
    expect([action('16:00'), action('17:31')]).toEqual(['resolve', 'trigger'])
  })
})

describe('a page', () => {
  const [step] = escalationSteps(subject().incident, settings.escalation)
  const page = (more?: Partial<IncidentFacts>) =>
    newPages(subject(more), step ?? { key: '', at: 0, page: [], since: 0 })[0]

  test('has a key with the reopen counter, a summary and the severity in the words of PagerDuty', () => {
    expect(page()).toEqual({
      mirror: 'pagerduty',
      key: 'release-gate/1/2/7/0/P0/0/on_call',
      wanted: {
        target: 'on_call',
        action: 'trigger',
        summary: 'P0 acme/incidents#7: Rewards are not paid',
        severity: 'critical',
        url: 'https://github.com/acme/incidents/issues/7',
        since: Date.parse(at('16:00')),
      },
    })
  })

  test('has a summary of at most 1,024 characters', () => {
    const long = page({ ...P0, title: 'x'.repeat(3_000) })?.wanted as WantedPage
    expect(long.summary).toHaveLength(1_024)
  })

  const taken = { isAsked: true, isTaken: true }
  const now = (more: Partial<IncidentFacts>, action: WantedPage['action'] = 'trigger', sending = taken) =>
    pageNow(subject(more), page()?.key ?? '', { ...(page()?.wanted as WantedPage), action }, sending).action

  test('is acknowledged and resolved with the incident, and stays resolved after a reopening', () => {
    const closed = event('closed', 'eva', at('17:00'), { reason: 'completed' })
    expect(now(P0)).toBe('trigger')
    expect(now({ ...P0, comments: [comment('ana', at('16:05'), '/ack')] })).toBe('acknowledge')
    expect(now({ ...P0, comments: [comment('ana', at('15:59'), '/ack')] })).toBe('trigger')
    expect(now({ ...P0, state: 'closed', events: [closed] })).toBe('resolve')
    expect(now({ ...P0, events: [closed, event('reopened', 'eva', at('18:00'))] }, 'resolve')).toBe('resolve')
  })

  test('of an earlier opening is resolved, also where its end and the reopening become known together', () => {
    const closed = event('closed', 'eva', at('17:00'), { reason: 'completed' })
    expect(now({ ...P0, events: [closed, event('reopened', 'eva', at('18:00'))] })).toBe('resolve')
  })

  test('that was not sent yet is not acknowledged before, but it is not sent once the incident is resolved', () => {
    const comments = [comment('ana', at('16:05'), '/ack')]
    const closed = event('closed', 'eva', at('17:00'), { reason: 'completed' })
    const unsent = { isAsked: false, isTaken: false }
    expect(now({ ...P0, comments }, 'trigger', unsent)).toBe('trigger')
    expect(now({ ...P0, comments, state: 'closed', events: [closed] }, 'trigger', unsent)).toBe('resolve')
  })
})

describe('a page that PagerDuty has not taken when the severity changes', () => {
  const [step] = escalationSteps(subject().incident, settings.escalation)
  const [page] = step ? newPages(subject(), step) : []
  const now = (comments: IncidentFacts['comments'], isTaken: boolean) =>
    pageNow(subject({ ...P0, comments }), page?.key ?? '', page?.wanted as WantedPage, {
      isAsked: true,
      isTaken,
    }).action
  const lowered = [
    comment('ana', at('16:01'), '/severity P2 a test'),
    comment('eva', at('16:02'), '/confirm'),
  ]
  const raised = [...lowered, comment('ana', at('16:03'), '/severity P0')]

  test.each([
    ['is not wanted anymore', false, 'resolve'],
    ['stays where it took it', true, 'trigger'],
  ] as const)('%s, also where it was raised to the same one again', (_, isTaken, action) => {
    expect([now(lowered, isTaken), now(raised, isTaken)]).toEqual([action, action])
    expect(now([], isTaken)).toBe('trigger')
  })
})

describe('an issue in Jira', () => {
  const jira = { project: 'FOODYE-MCP', issue_type: 'Task', people: { Ana: 'account-of-ana' } }
  const wanted = (more: Partial<IncidentFacts>) =>
    jiraIssue(subject(more), jira, 'America/Los_Angeles').wanted as WantedIssue

  test('has an owner and the date by which it is due, in the zone of the policy', () => {
    const comments = [comment('ana', at('16:05'), '/ack')]
    expect(
      wanted({
        ...P0,
        comments,
        openedAt: '2026-10-20T01:00:00Z',
        reported: [{ at: '2026-10-20T01:00:00Z', severity: 'P0' }],
        takenAt: '2026-10-20T01:00:00Z',
      }),
    ).toMatchObject({
      assignee: 'account-of-ana',
      due: '2026-10-19',
      labels: ['release-gate-1-2-7', 'P0'],
      done: false,
    })
  })

  test('has no owner before someone acknowledged', () => {
    expect(wanted(P0).assignee).toBeNull()
  })

  test('links to nothing but the issue, whatever its title says', () => {
    const hostile = wanted({
      ...P0,
      title: '[x](javascript:alert(1))',
      url: 'https://github.com/acme/incidents/issues/7',
    })
    expect(JSON.stringify(hostile.description).match(/"href":"[^"]*"/g)).toEqual([
      '"href":"https://github.com/acme/incidents/issues/7"',
    ])
  })
})
