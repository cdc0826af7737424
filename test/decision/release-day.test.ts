import { describe, expect, it } from 'vitest'
import { dayOf, momentsAround, nextMoment, type ReleaseDayEvent } from '../../src/decision/release-day.ts'
import { windowSettings } from '../../src/decision/window-settings.ts'

const minute = 60_000
const settingsOf = (what: object = {}) => windowSettings.parse(what)
const wednesday = settingsOf()

/** Every moment of a span, as a process that is always up tells them: at its time, once. */
function told(settings: ReturnType<typeof settingsOf>, from: string, to: string): string[] {
  const seen: string[] = []
  let now = new Date(from)
  for (let next = nextMoment(settings, now); next && next <= new Date(to); next = nextMoment(settings, now)) {
    now = next
    for (const moment of dueAt(settings, now)) {
      const key = `${moment.kind} ${moment.opensAt.toISOString()}`
      if (!seen.some((line) => line.endsWith(key))) seen.push(`${now.toISOString().slice(0, 16)} ${key}`)
    }
  }
  return seen.map((line) => line.replace(/:00\.000Z$/, ''))
}

function dueAt(settings: ReturnType<typeof settingsOf>, now: Date): ReleaseDayEvent[] {
  return momentsAround(settings, now).filter(({ due, until }) => due <= now && now < until)
}
const kindsAt = (time: string, settings = wednesday) =>
  dueAt(settings, new Date(time)).map(({ kind }) => kind)

describe('the moments of a window', () => {
  it('are an hour before, at the opening, ten minutes before closing, and after it, each once', () => {
    expect(told(wednesday, '2026-11-24T00:00:00Z', '2026-12-01T00:00:00Z')).toEqual([
      '2026-11-25T17:00 before 2026-11-25T18:00',
      '2026-11-25T18:00 open 2026-11-25T18:00',
      '2026-11-25T18:50 closing 2026-11-25T18:00',
      '2026-11-25T19:01 closed 2026-11-25T18:00',
    ])
  })

  it('come for each of several windows of a week', () => {
    const windows = [
      { opens: 'Monday 09:00', closes: 'Monday 10:00' },
      { opens: 'Monday 10:30', closes: 'Monday 12:00' },
      { opens: 'Thursday 23:30', closes: 'Friday 00:30' },
    ]
    expect(
      told(settingsOf({ time_zone: 'UTC', windows }), '2026-11-23T00:00:00Z', '2026-11-30T07:00:00Z'),
    ).toEqual([
      '2026-11-23T08:00 before 2026-11-23T09:00',
      '2026-11-23T09:00 open 2026-11-23T09:00',
      '2026-11-23T09:30 before 2026-11-23T10:30',
      '2026-11-23T09:50 closing 2026-11-23T09:00',
      '2026-11-23T10:01 closed 2026-11-23T09:00',
      '2026-11-23T10:30 open 2026-11-23T10:30',
      '2026-11-23T11:50 closing 2026-11-23T10:30',
      '2026-11-23T12:01 closed 2026-11-23T10:30',
      '2026-11-26T22:30 before 2026-11-26T23:30',
      '2026-11-26T23:30 open 2026-11-26T23:30',
      '2026-11-27T00:20 closing 2026-11-26T23:30',
      '2026-11-27T00:31 closed 2026-11-26T23:30',
    ])
  })

  it('are those of the shorter window where a freeze of the policy cuts it, and none where it covers it', () => {
    const freeze = (from: string, to: string) => settingsOf({ freezes: [{ from, to, reason: 'Audit' }] })
    expect(
      told(freeze('2026-11-25T10:30', '2026-11-26T00:00'), '2026-11-24T00:00:00Z', '2026-12-01T00:00:00Z'),
    ).toEqual([
      '2026-11-25T17:00 before 2026-11-25T18:00',
      '2026-11-25T18:00 open 2026-11-25T18:00',
      '2026-11-25T18:20 closing 2026-11-25T18:00',
      '2026-11-25T18:31 closed 2026-11-25T18:00',
    ])
    expect(
      told(freeze('2026-11-25T00:00', '2026-11-26T00:00'), '2026-11-24T00:00:00Z', '2026-12-01T00:00:00Z'),
    ).toEqual([])
  })

  it('of a short window have no warning', () => {
    const windows = [{ opens: 'Wednesday 10:00', closes: 'Wednesday 10:15' }]
    expect(
      told(settingsOf({ windows }), '2026-11-24T00:00:00Z', '2026-12-01T00:00:00Z').map(
        (line) => line.split(' ')[1],
      ),
    ).toEqual(['before', 'open', 'closed'])
  })

  it('of a long window come days apart', () => {
    const windows = [{ opens: 'Monday 09:00', closes: 'Thursday 17:00', long: true }]
    expect(
      told(settingsOf({ time_zone: 'UTC', windows }), '2026-11-22T00:00:00Z', '2026-11-28T00:00:00Z'),
    ).toEqual([
      '2026-11-23T08:00 before 2026-11-23T09:00',
      '2026-11-23T09:00 open 2026-11-23T09:00',
      '2026-11-26T16:50 closing 2026-11-23T09:00',
      '2026-11-26T17:01 closed 2026-11-23T09:00',
    ])
  })

  it.each([
    ['begins', '2026-03-07T00:00:00Z', '2026-03-10T00:00:00Z', '2026-03-08T09:30', '2026-03-08T10:30'],
    ['ends', '2026-10-31T00:00:00Z', '2026-11-03T00:00:00Z', '2026-11-01T08:30', '2026-11-01T11:30'],
  ])(
    'are real hours and minutes where daylight saving time %s in the window',
    (_, from, to, opens, closes) => {
      const windows = [{ opens: 'Sunday 01:30', closes: 'Sunday 03:30' }]
      const moments = told(settingsOf({ windows }), from, to)
      const opensAt = Date.parse(`${opens}:00Z`)
      const closesAt = Date.parse(`${closes}:00Z`)
      const at = (time: number) => new Date(time).toISOString().slice(0, 16)
      expect(moments.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
        `${at(opensAt - 60 * minute)} before`,
        `${at(opensAt)} open`,
        `${at(closesAt - 10 * minute)} closing`,
        `${at(closesAt + minute)} closed`,
      ])
    },
  )
})

describe('a process that was down', () => {
  it.each([
    ['before the hour', '2026-11-25T16:59:59Z', []],
    ['until shortly before the opening', '2026-11-25T17:59:00Z', ['before']],
    ['at the opening', '2026-11-25T18:20:00Z', ['open']],
    ['until the warning is due', '2026-11-25T18:50:00Z', ['closing']],
    ['until the last second', '2026-11-25T18:59:59Z', ['closing']],
    ['at the closing', '2026-11-25T19:00:00Z', []],
    ['for hours after it', '2026-11-26T06:00:00Z', ['closed']],
    ['until nobody asks anymore', '2026-11-26T07:00:00Z', []],
  ])('%s tells what is still true, and nothing else', (_, time, kinds) => {
    expect(kindsAt(time)).toEqual(kinds)
  })
})

describe('the next moment', () => {
  it('does not come where no window ever opens', () => {
    const freezes = [{ from: '2020-01-01T00:00', to: '2040-01-01T00:00', reason: 'Closed down' }]
    expect(nextMoment(settingsOf({ freezes }), new Date('2026-11-24T00:00:00Z'))).toBeUndefined()
  })

  it('lies ahead, whenever it is asked for', () => {
    for (
      let time = Date.parse('2026-11-24T00:00:00Z');
      time < Date.parse('2026-12-03T00:00:00Z');
      time += 7 * minute
    )
      expect(nextMoment(wednesday, new Date(time))?.getTime()).toBeGreaterThan(time)
  })
})

it('a day is the date on the clock of its zone', () => {
  const opensAt = new Date('2026-11-26T06:30:00Z')
  expect(dayOf({ opensAt }, 'America/Los_Angeles')).toBe('2026-11-25')
  expect(dayOf({ opensAt }, 'UTC')).toBe('2026-11-26')
})
