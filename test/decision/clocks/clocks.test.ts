import { describe, expect, test } from 'vitest'
import type { Place } from '../../../src/decision/clocks/business-time.ts'
import {
  type ClockName,
  defaultTargets,
  evaluateClocks,
  type IncidentClock,
  type IncidentTimes,
  postMortemDue,
  type Severity,
} from '../../../src/decision/clocks/clocks.ts'

const california: Place = { zone: 'America/Los_Angeles', holidays: 'US-CA' }
const at = (text: string) => {
  const instant = Date.parse(text)
  if (Number.isNaN(instant)) throw new Error(`${text} is not a time`)
  return instant
}

type Story = {
  since: string
  severity: Severity
  now?: string
  changes?: [string, Severity][]
  responded?: string
  resolved?: [string, string?][]
  waiting?: [string, string?][]
}

const span = ([from, to]: [string, string?]) => ({
  from: at(from),
  to: to === undefined ? undefined : at(to),
})

function timesOf({
  since,
  severity,
  now,
  changes = [],
  responded,
  resolved = [],
  waiting = [],
}: Story): IncidentTimes {
  return {
    takenAt: at(now ?? since),
    startedAt: at(since),
    severities: [
      { at: at(since), severity },
      ...changes.map(([when, to]) => ({ at: at(when), severity: to })),
    ],
    respondedAt: responded === undefined ? undefined : at(responded),
    resolved: resolved.map(span),
    waiting: waiting.map(span),
  }
}

function clock(name: ClockName, story: Story, place = california): IncidentClock {
  const found = evaluateClocks(timesOf(story), defaultTargets, place).find((one) => one.name === name)
  if (!found) throw new Error(`no clock ${name}`)
  return found
}

const iso = (instant: number | undefined) =>
  instant === undefined ? undefined : new Date(instant).toISOString()
const breachesOf = ({ breaches }: IncidentClock) => breaches.map((one) => `${one.severity} ${iso(one.at)}`)
const due = (name: ClockName, story: Story, place = california) => iso(clock(name, story, place).due)
const utc = (text: string) => iso(at(text))

describe('when a clock is due, in California', () => {
  test.each<[string, ClockName, Story, string]>([
    [
      'fifteen minutes pass over the hour that does not exist in spring',
      'response',
      { since: '2026-03-08T01:50-08:00', severity: 'P0' },
      '2026-03-08T03:05-07:00',
    ],
    [
      'fifteen minutes pass into the hour that is repeated in autumn',
      'response',
      { since: '2026-11-01T01:50-07:00', severity: 'P0' },
      '2026-11-01T01:05-08:00',
    ],
    [
      'four elapsed hours count the repeated hour twice',
      'resolution',
      { since: '2026-11-01T01:50-07:00', severity: 'P0' },
      '2026-11-01T04:50-08:00',
    ],
    [
      'a business day runs over Thanksgiving, the day after it and a weekend',
      'resolution',
      { since: '2026-11-25T16:00-08:00', severity: 'P1' },
      '2026-11-30T16:00-08:00',
    ],
    [
      'a business day keeps the time of day over a weekend on which the clocks change',
      'resolution',
      { since: '2026-10-30T15:00-07:00', severity: 'P1' },
      '2026-11-02T15:00-08:00',
    ],
    [
      'a business day that starts on a Saturday counts from Monday',
      'resolution',
      { since: '2026-10-31T15:00-07:00', severity: 'P1' },
      '2026-11-03T00:00-08:00',
    ],
    [
      'service hours go on in the morning',
      'response',
      { since: '2026-10-20T20:00-07:00', severity: 'P2' },
      '2026-10-21T12:00-07:00',
    ],
    [
      'service hours begin on a Sunday too, after the clocks changed',
      'response',
      { since: '2026-10-31T22:30-07:00', severity: 'P2' },
      '2026-11-01T13:00-08:00',
    ],
    [
      'a holiday on a Saturday is observed on the Friday before',
      'resolution',
      { since: '2026-07-02T11:00-07:00', severity: 'P2' },
      '2026-07-08T11:00-07:00',
    ],
    [
      'a business day for the response runs over the weekend',
      'response',
      { since: '2026-10-16T18:00-07:00', severity: 'P3' },
      '2026-10-19T18:00-07:00',
    ],
    [
      'one second before the end of service hours is used',
      'response',
      { since: '2026-10-20T20:59:59-07:00', severity: 'P2' },
      '2026-10-21T12:59:59-07:00',
    ],
    [
      'the end of service hours does not belong to them',
      'response',
      { since: '2026-10-20T21:00-07:00', severity: 'P2' },
      '2026-10-21T13:00-07:00',
    ],
    [
      'a start before service hours counts from their beginning',
      'response',
      { since: '2026-10-20T03:00-07:00', severity: 'P2' },
      '2026-10-20T13:00-07:00',
    ],
    [
      'waiting from Friday noon to Monday noon pauses the business days in between',
      'resolution',
      {
        since: '2026-10-14T10:00-07:00',
        severity: 'P2',
        now: '2026-10-20T09:00-07:00',
        waiting: [['2026-10-16T12:00-07:00', '2026-10-19T12:00-07:00']],
      },
      '2026-10-20T10:00-07:00',
    ],
    [
      'waiting over a weekend changes nothing',
      'resolution',
      {
        since: '2026-10-14T10:00-07:00',
        severity: 'P2',
        now: '2026-10-20T09:00-07:00',
        waiting: [['2026-10-17T00:00-07:00', '2026-10-19T00:00-07:00']],
      },
      '2026-10-19T10:00-07:00',
    ],
    [
      'two pauses that overlap count once',
      'resolution',
      {
        since: '2026-10-14T10:00-07:00',
        severity: 'P2',
        now: '2026-10-20T09:00-07:00',
        waiting: [
          ['2026-10-16T12:00-07:00', '2026-10-19T00:00-07:00'],
          ['2026-10-16T18:00-07:00', '2026-10-19T12:00-07:00'],
        ],
      },
      '2026-10-20T10:00-07:00',
    ],
    [
      'elapsed time never pauses',
      'resolution',
      {
        since: '2026-10-19T09:00-07:00',
        severity: 'P0',
        now: '2026-10-19T12:00-07:00',
        waiting: [['2026-10-19T10:00-07:00', '2026-10-19T11:00-07:00']],
      },
      '2026-10-19T13:00-07:00',
    ],
    [
      'raised to P0: four hours from then, if that is earlier',
      'resolution',
      {
        since: '2026-10-19T09:00-07:00',
        severity: 'P2',
        now: '2026-10-19T16:00-07:00',
        changes: [['2026-10-19T15:00-07:00', 'P0']],
      },
      '2026-10-19T19:00-07:00',
    ],
    [
      'raised shortly before the old deadline: the old deadline stays',
      'resolution',
      {
        since: '2026-10-19T09:00-07:00',
        severity: 'P1',
        now: '2026-10-20T08:45-07:00',
        changes: [['2026-10-20T08:30-07:00', 'P0']],
      },
      '2026-10-20T09:00-07:00',
    ],
    [
      'raised from no deadline to one',
      'resolution',
      {
        since: '2026-10-19T09:00-07:00',
        severity: 'P3',
        now: '2026-10-20T10:00-07:00',
        changes: [['2026-10-20T10:00-07:00', 'P1']],
      },
      '2026-10-21T10:00-07:00',
    ],
    [
      'resolved for two days and reopened: the time in between does not count',
      'resolution',
      {
        since: '2026-10-19T10:00-07:00',
        severity: 'P2',
        now: '2026-10-22T10:00-07:00',
        resolved: [['2026-10-20T04:00-07:00', '2026-10-22T09:00-07:00']],
      },
      '2026-10-26T15:00-07:00',
    ],
    [
      'resolved and reopened: elapsed time does not count in between either',
      'resolution',
      {
        since: '2026-10-19T09:00-07:00',
        severity: 'P0',
        now: '2026-10-20T09:00-07:00',
        resolved: [['2026-10-19T10:00-07:00', '2026-10-20T09:00-07:00']],
      },
      '2026-10-20T12:00-07:00',
    ],
  ])('%s', (_, name, story, expected) => {
    expect(due(name, story)).toBe(utc(expected))
  })

  test('the day after Thanksgiving is a business day under the holidays of the whole country', () => {
    const story: Story = { since: '2026-11-25T16:00-08:00', severity: 'P1' }
    expect(due('resolution', story, { ...california, holidays: 'US' })).toBe(utc('2026-11-27T16:00-08:00'))
    expect(due('resolution', story, { ...california, holidays: undefined })).toBe(
      utc('2026-11-26T16:00-08:00'),
    )
  })

  test('a holiday that begins in the old year and lasts into the new one is not a business day', () => {
    const story: Story = { since: '2026-12-31T16:00+09:00', severity: 'P1' }
    expect(due('resolution', story, { zone: 'Asia/Tokyo', holidays: 'JP' })).toBe(
      utc('2027-01-04T16:00+09:00'),
    )
  })

  test('the resolution of a P3 is never due', () => {
    expect(
      clock('resolution', { since: '2026-10-16T18:00-07:00', severity: 'P3', now: '2027-10-16T18:00-07:00' }),
    ).toMatchObject({
      due: undefined,
      breaches: [],
    })
  })

  test('a post-mortem is due 72 hours later, also over a change of the clocks', () => {
    expect(iso(postMortemDue(at('2026-03-06T18:00-08:00')))).toBe(utc('2026-03-09T19:00-07:00'))
  })
})

describe('whether a clock was met', () => {
  const since = '2026-10-20T02:00-07:00'

  test.each([
    ['at the very instant it was due', '2026-10-20T03:00-07:00', []],
    ['a second later', '2026-10-20T03:00:01-07:00', ['P1 2026-10-20T10:00:00.000Z']],
  ])('a response %s', (_, responded, breaches) => {
    const met = clock('response', { since, severity: 'P1', responded, now: '2026-10-21T00:00-07:00' })
    expect({ metAt: iso(met.metAt), breaches: breachesOf(met) }).toEqual({ metAt: utc(responded), breaches })
  })

  test('a ticket of two in the morning that is triaged at nine was due at three', () => {
    const late = clock('response', { since, severity: 'P1', now: '2026-10-20T09:05-07:00' })
    expect({ due: iso(late.due), breaches: breachesOf(late) }).toEqual({
      due: utc('2026-10-20T03:00-07:00'),
      breaches: ['P1 2026-10-20T10:00:00.000Z'],
    })
  })

  test('a deadline that passed stays a breach after the severity was lowered', () => {
    const story: Story = {
      since: '2026-10-19T09:00-07:00',
      severity: 'P0',
      now: '2026-10-19T09:31-07:00',
      changes: [['2026-10-19T09:30-07:00', 'P2']],
    }
    const lowered = clock('response', story)
    expect({ due: iso(lowered.due), breaches: breachesOf(lowered) }).toEqual({
      due: utc('2026-10-19T13:00-07:00'),
      breaches: ['P0 2026-10-19T16:15:00.000Z'],
    })
    expect(clock('resolution', story).breaches).toEqual([])
  })

  test('a deadline that passed is one breach, however often the severity is raised after it', () => {
    const story: Story = {
      since: '2026-10-19T09:00-07:00',
      severity: 'P1',
      now: '2026-10-19T18:00-07:00',
      changes: [['2026-10-19T11:00-07:00', 'P0']],
    }
    expect(breachesOf(clock('response', story))).toEqual(['P1 2026-10-19T17:00:00.000Z'])
  })

  test('a change of severity after the response does not move its deadline', () => {
    const story: Story = {
      since: '2026-10-19T09:00-07:00',
      severity: 'P1',
      responded: '2026-10-19T09:30-07:00',
      now: '2026-10-19T12:00-07:00',
      changes: [['2026-10-19T11:00-07:00', 'P0']],
    }
    expect(due('response', story)).toBe(utc('2026-10-19T10:00-07:00'))
    expect(clock('response', story).breaches).toEqual([])
  })

  test('resolved in time is met; reopened it runs again, and can still be breached', () => {
    const story: Story = { since: '2026-10-19T09:00-07:00', severity: 'P0', now: '2026-10-19T20:00-07:00' }
    const resolved = clock('resolution', { ...story, resolved: [['2026-10-19T12:00-07:00']] })
    expect({ metAt: iso(resolved.metAt), breaches: resolved.breaches }).toEqual({
      metAt: utc('2026-10-19T12:00-07:00'),
      breaches: [],
    })
    const reopened = clock('resolution', {
      ...story,
      resolved: [['2026-10-19T12:00-07:00', '2026-10-19T15:00-07:00']],
    })
    expect({ metAt: reopened.metAt, breaches: breachesOf(reopened) }).toEqual({
      metAt: undefined,
      breaches: ['P0 2026-10-19T23:00:00.000Z'],
    })
  })

  test('while it waits for the customer it is paused, and its deadline is the earliest that it can be', () => {
    const story: Story = {
      since: '2026-10-14T10:00-07:00',
      severity: 'P2',
      now: '2026-10-22T10:00-07:00',
      waiting: [['2026-10-15T10:00-07:00']],
    }
    expect(clock('resolution', story)).toMatchObject({ paused: true, breaches: [] })
    expect(due('resolution', story)).toBe(utc('2026-10-26T10:00-07:00'))
    expect(clock('resolution', { ...story, severity: 'P0' }).paused).toBe(false)
  })

  describe('raised while it waits for the customer', () => {
    const story = (now: string, to: Severity): Story => ({
      since: '2026-10-19T10:00-07:00',
      severity: to === 'P0' ? 'P1' : 'P2',
      now,
      changes: [['2026-10-20T09:00-07:00', to]],
      waiting: [['2026-10-20T08:00-07:00']],
    })

    test('to elapsed time, the old deadline does not pause any more, and stays where it is', () => {
      for (const now of ['2026-10-20T09:30-07:00', '2026-10-20T10:59-07:00', '2026-10-20T12:30-07:00'])
        expect(due('resolution', story(now, 'P0'))).toBe(utc('2026-10-20T11:00-07:00'))
      const { paused, breaches } = clock('resolution', story('2026-10-20T12:30-07:00', 'P0'))
      expect({ paused, breaches }).toEqual({
        paused: false,
        breaches: [{ at: at('2026-10-20T11:00-07:00'), severity: 'P0' }],
      })
    })

    test('to business time, both deadlines pause', () => {
      const { paused, due: first } = clock('resolution', story('2026-10-20T12:00-07:00', 'P1'))
      const { due: later = 0 } = clock('resolution', story('2026-10-20T14:00-07:00', 'P1'))
      expect({ paused, moved: later - (first ?? 0) }).toEqual({ paused: true, moved: 2 * 3_600_000 })
    })

    test('to elapsed time twice, the old deadline pauses until the first of them', () => {
      const resolution = { kind: 'elapsed' as const, length: 100 * 3_600_000 }
      const [P1, P0] = [defaultTargets.P1, defaultTargets.P0].map((one) => ({ ...one, resolution }))
      const twice: Story = {
        since: '2026-10-19T10:00-07:00',
        severity: 'P2',
        now: '2026-10-20T13:00-07:00',
        changes: [
          ['2026-10-20T09:00-07:00', 'P1'],
          ['2026-10-20T12:00-07:00', 'P0'],
        ],
        waiting: [['2026-10-20T08:00-07:00']],
      }
      const targets = { ...defaultTargets, ...(P1 && { P1 }), ...(P0 && { P0 }) }
      const [, found] = evaluateClocks(timesOf(twice), targets, california)
      expect(iso(found?.due)).toBe(utc('2026-10-22T11:00-07:00'))
    })

    test('a label that is set after it moves no deadline', () => {
      const late: Story = { ...story('2026-10-20T12:30-07:00', 'P0'), waiting: [['2026-10-20T09:30-07:00']] }
      expect(due('resolution', late)).toBe(utc('2026-10-20T10:00-07:00'))
    })
  })
})
