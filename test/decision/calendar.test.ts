import { describe, expect, it } from 'vitest'
import {
  formatTime,
  formatTimeShort,
  formatTimeWithYear,
  windowStateAt,
  windowTransitions,
} from '../../src/decision/calendar.ts'
import { windowSettings } from '../../src/decision/window-settings.ts'

type Written = Parameters<typeof windowSettings.parse>[0]
const settingsOf = (written: Written = {}) => windowSettings.parse(written)
const oneWindow = (opens: string, closes: string, time_zone = 'America/Los_Angeles') =>
  settingsOf({ time_zone, windows: [{ opens, closes }] })

/** The state in short: the two times and the next transition as ISO texts. */
function at(settings: ReturnType<typeof settingsOf>, instant: string) {
  const { open, opensAt, closesAt, next, ...why } = windowStateAt(settings, new Date(instant))
  return { open, opensAt: opensAt?.toISOString(), closesAt: closesAt?.toISOString(), next, ...why }
}

describe('the default window: Wednesday 10:00 to 11:00 in Los Angeles, on the clock of the wall', () => {
  it.each([
    ['2026-03-04T18:00:00.000Z', 'in winter'],
    ['2026-03-11T17:00:00.000Z', 'after the clocks went forward'],
    ['2026-10-28T17:00:00.000Z', 'before the clocks go back'],
    ['2026-11-04T18:00:00.000Z', 'after the clocks went back'],
  ])('opens at %s, %s, and not a millisecond before', (instant) => {
    const before = new Date(Date.parse(instant) - 1)
    expect(windowStateAt(settingsOf(), before)).toMatchObject({
      open: false,
      next: { at: new Date(instant), to: 'open' },
    })
    expect(at(settingsOf(), instant)).toMatchObject({ open: true, opensAt: instant })
  })

  it('is half-open: open at 10:00:00.000 and at 10:59:59.999, closed at 11:00:00.000', () => {
    expect(at(settingsOf(), '2026-03-04T18:00:00.000Z').open).toBe(true)
    expect(at(settingsOf(), '2026-03-04T18:59:59.999Z').open).toBe(true)
    expect(at(settingsOf(), '2026-03-04T19:00:00.000Z').open).toBe(false)
  })

  it('names the current stretch when open, and closing as the next transition', () => {
    expect(at(settingsOf(), '2026-03-04T18:30:00.000Z')).toEqual({
      open: true,
      opensAt: '2026-03-04T18:00:00.000Z',
      closesAt: '2026-03-04T19:00:00.000Z',
      next: { at: new Date('2026-03-04T19:00:00.000Z'), to: 'closed' },
    })
  })

  it('names the next stretch when closed, and its opening as the next transition', () => {
    expect(at(settingsOf(), '2026-03-04T19:00:00.000Z')).toEqual({
      open: false,
      opensAt: '2026-03-11T17:00:00.000Z',
      closesAt: '2026-03-11T18:00:00.000Z',
      next: { at: new Date('2026-03-11T17:00:00.000Z'), to: 'open' },
    })
  })
})

describe('several windows, midnight and the end of the week', () => {
  it.each<[string, [string, string][], string, boolean, string, string]>([
    [
      'a window from Sunday 22:00 to Monday 02:00 is one stretch',
      [['Sunday 22:00', 'Monday 02:00']],
      '2026-06-15T00:30Z',
      true,
      '2026-06-14T22:00',
      '2026-06-15T02:00',
    ],
    [
      'a window may last for most of the week',
      [['Tuesday 00:00', 'Monday 23:00']],
      '2026-06-15T12:00Z',
      true,
      '2026-06-09T00:00',
      '2026-06-15T23:00',
    ],
    [
      'a window may close earlier in the day than it opens, a week later',
      [['Wed 10:00', 'Wed 09:00']],
      '2026-06-17T08:59Z',
      true,
      '2026-06-10T10:00',
      '2026-06-17T09:00',
    ],
    [
      'the nearest of several windows is the next',
      [
        ['Friday 10:00', 'Friday 11:00'],
        ['Tuesday 10:00', 'Tuesday 11:00'],
      ],
      '2026-06-15T12:00Z',
      false,
      '2026-06-16T10:00',
      '2026-06-16T11:00',
    ],
    [
      'windows that overlap are one stretch',
      [
        ['Tue 10:00', 'Tue 12:00'],
        ['Tue 11:00', 'Tue 13:00'],
      ],
      '2026-06-16T10:00Z',
      true,
      '2026-06-16T10:00',
      '2026-06-16T13:00',
    ],
    [
      'windows that adjoin are one stretch',
      [
        ['Tue 12:00', 'Tue 13:00'],
        ['Tue 10:00', 'Tue 12:00'],
      ],
      '2026-06-16T12:00Z',
      true,
      '2026-06-16T10:00',
      '2026-06-16T13:00',
    ],
    [
      'windows a second apart are two stretches',
      [
        ['Tue 10:00', 'Tue 12:00'],
        ['Tue 12:00:01', 'Tue 13:00'],
      ],
      '2026-06-16T12:00:00.500Z',
      false,
      '2026-06-16T12:00:01',
      '2026-06-16T13:00',
    ],
    [
      'a window inside another does not end it',
      [
        ['Tue 10:00', 'Tue 18:00'],
        ['Tue 11:00', 'Tue 12:00'],
      ],
      '2026-06-16T13:00Z',
      true,
      '2026-06-16T10:00',
      '2026-06-16T18:00',
    ],
  ])('%s', (_title, windows, instant, open, opensAt, closesAt) => {
    const settings = settingsOf({
      time_zone: 'UTC',
      windows: windows.map(([opens, closes]) => ({ opens, closes })),
    })
    const state = windowStateAt(settings, new Date(instant))
    expect(state).toMatchObject({
      open,
      opensAt: new Date(`${opensAt}Z`),
      closesAt: new Date(`${closesAt}Z`),
    })
  })

  it('windows that leave no gap never close, and no transition is made up', () => {
    const always = settingsOf({
      windows: [
        { opens: 'Monday 00:00', closes: 'Thursday 00:00' },
        { opens: 'Thursday 00:00', closes: 'Monday 00:00' },
      ],
    })
    expect(windowStateAt(always, new Date('2026-06-15T12:00Z'))).toEqual({
      open: true,
      opensAt: undefined,
      closesAt: undefined,
      next: undefined,
    })
  })
})

describe('the Sundays on which clocks change', () => {
  it.each([
    [
      'an opening time that does not exist moves forward by the gap',
      '2026-03-08',
      'Sunday 02:30',
      'Sunday 04:00',
      '10:30',
      '11:00',
    ],
    [
      'a closing time that does not exist moves forward by the gap',
      '2026-03-08',
      'Sunday 01:30',
      'Sunday 02:30',
      '09:30',
      '10:30',
    ],
    [
      'both moved forward leave the length as it was',
      '2026-03-08',
      'Sunday 02:15',
      'Sunday 02:45',
      '10:15',
      '10:45',
    ],
    [
      'an opening time that exists twice means the first',
      '2026-11-01',
      'Sunday 01:30',
      'Sunday 03:00',
      '08:30',
      '11:00',
    ],
    [
      'a closing time that exists twice means the second',
      '2026-11-01',
      'Sunday 00:30',
      'Sunday 01:30',
      '07:30',
      '09:30',
    ],
    [
      'a window between times that exist twice is open through both',
      '2026-11-01',
      'Sunday 01:15',
      'Sunday 01:45',
      '08:15',
      '09:45',
    ],
  ])('%s', (_title, date, opens, closes, from, to) => {
    const day = windowTransitions(
      oneWindow(opens, closes),
      new Date(`${date}T00:00Z`),
      new Date(`${date}T23:00Z`),
    )
    expect(day).toEqual([
      { at: new Date(`${date}T${from}Z`), to: 'open' },
      { at: new Date(`${date}T${to}Z`), to: 'closed' },
    ])
  })

  it('a window that the gap swallows does not open on that day, and opens a week later', () => {
    const swallowed = oneWindow('Sunday 02:30', 'Sunday 03:15')
    expect(
      windowTransitions(swallowed, new Date('2026-03-08T00:00Z'), new Date('2026-03-09T00:00Z')),
    ).toEqual([])
    expect(at(swallowed, '2026-03-08T10:45Z')).toMatchObject({
      open: false,
      opensAt: '2026-03-15T09:30:00.000Z',
    })
  })

  it('a gap of half an hour moves by half an hour', () => {
    const lordHowe = oneWindow('Sunday 02:10', 'Sunday 05:00', 'Australia/Lord_Howe')
    expect(at(lordHowe, '2026-10-03T12:00Z').opensAt).toBe('2026-10-03T15:40:00.000Z')
  })

  it('a day that a zone skipped moves its window to the next day', () => {
    const apia = oneWindow('Friday 10:00', 'Friday 11:00', 'Pacific/Apia')
    expect(at(apia, '2011-12-30T00:00Z').opensAt).toBe('2011-12-30T20:00:00.000Z')
  })
})

describe('a freeze beats a window', () => {
  const frozen = (from: string, to: string) => settingsOf({ freezes: [{ from, to, reason: 'Year end' }] })

  it('nothing opens in it, the next opening is the first after it, and it gives its reason', () => {
    expect(at(frozen('2026-12-18T00:00', '2027-01-04T00:00'), '2026-12-23T18:30:00Z')).toEqual({
      open: false,
      opensAt: '2027-01-06T18:00:00.000Z',
      closesAt: '2027-01-06T19:00:00.000Z',
      next: { at: new Date('2027-01-06T18:00:00Z'), to: 'open' },
      freeze: { reason: 'Year end', from: new Date('2026-12-18T08:00Z'), to: new Date('2027-01-04T08:00Z') },
    })
  })

  it('one ahead is skipped by the next opening, and is not in force yet', () => {
    const state = at(frozen('2026-12-18T00:00', '2027-01-04T00:00'), '2026-12-17T00:00Z')
    expect(state.opensAt).toBe('2027-01-06T18:00:00.000Z')
    expect(state).not.toHaveProperty('freeze')
  })

  it('one that ends inside a window opens it at its end', () => {
    const settings = frozen('2026-03-04T09:00', '2026-03-04T10:20')
    expect(at(settings, '2026-03-04T18:10Z')).toMatchObject({
      open: false,
      opensAt: '2026-03-04T18:20:00.000Z',
    })
    expect(at(settings, '2026-03-04T18:20Z')).toMatchObject({
      open: true,
      opensAt: '2026-03-04T18:20:00.000Z',
    })
    expect(at(settings, '2026-03-04T18:20Z')).not.toHaveProperty('freeze')
  })

  it('one that cuts into a window closes it at its start', () => {
    const settings = frozen('2026-03-04T10:40', '2026-03-04T12:00')
    expect(at(settings, '2026-03-04T18:39:59.999Z')).toMatchObject({
      open: true,
      closesAt: '2026-03-04T18:40:00.000Z',
    })
    expect(at(settings, '2026-03-04T18:40Z')).toMatchObject({
      open: false,
      opensAt: '2026-03-11T17:00:00.000Z',
    })
  })

  it('one in the middle of a window leaves two stretches', () => {
    const found = windowTransitions(
      frozen('2026-03-04T10:20', '2026-03-04T10:40'),
      new Date('2026-03-04T00:00Z'),
      new Date('2026-03-05T00:00Z'),
    )
    expect(found.map((each) => `${each.to} ${each.at.toISOString().slice(11, 16)}`)).toEqual([
      'open 18:00',
      'closed 18:20',
      'open 18:40',
      'closed 19:00',
    ])
  })

  it.each([
    ['local times of the zone', '2026-03-04T10:10', '2026-03-04T10:30'],
    ['times in UTC', '2026-03-04T18:10Z', '2026-03-04T18:30:00Z'],
    ['times with an offset', '2026-03-04T19:10+01:00', '2026-03-04T13:30-05:00'],
  ])('is written in %s', (_title, from, to) => {
    const state = at(frozen(from, to), '2026-03-04T18:15Z')
    expect(state).toMatchObject({ open: false, opensAt: '2026-03-04T18:30:00.000Z' })
  })

  it('written in the hour that exists twice, it begins with the first and ends with the second', () => {
    const settings = settingsOf({
      windows: [{ opens: 'Sunday 00:00', closes: 'Sunday 06:00' }],
      freezes: [{ from: '2026-11-01T01:30', to: '2026-11-01T01:45', reason: 'Clocks change' }],
    })
    const found = windowTransitions(settings, new Date('2026-11-01T00:00Z'), new Date('2026-11-02T00:00Z'))
    expect(found.map((each) => `${each.to} ${each.at.toISOString().slice(11, 16)}`)).toEqual([
      'open 07:00',
      'closed 08:30',
      'open 09:45',
      'closed 14:00',
    ])
  })

  it('the one in force that ends last is shown', () => {
    const settings = settingsOf({
      freezes: [
        { from: '2026-03-01T00:00', to: '2026-03-10T00:00', reason: 'short' },
        { from: '2026-03-02T00:00', to: '2026-03-20T00:00', reason: 'long' },
      ],
    })
    expect(at(settings, '2026-03-04T18:15Z')).toMatchObject({ freeze: { reason: 'long' } })
    expect(at(settings, '2026-03-01T20:00Z')).toMatchObject({ freeze: { reason: 'short' } })
  })

  it('one that leaves nothing in the years that are searched says so by no time at all', () => {
    expect(at(frozen('2026-01-01T00:00', '2050-01-01T00:00'), '2026-03-04T18:15Z')).toMatchObject({
      open: false,
      opensAt: undefined,
      closesAt: undefined,
      next: undefined,
      freeze: { to: new Date('2050-01-01T08:00Z') },
    })
  })
})

describe('holidays', () => {
  const holidays = settingsOf({ holidays: 'US-CA' })

  it('no window opens on a public holiday: Veterans Day 2026 is a Wednesday', () => {
    expect(at(holidays, '2026-11-11T18:30Z')).toMatchObject({
      open: false,
      opensAt: '2026-11-18T18:00:00.000Z',
      holiday: 'Veterans Day',
    })
    expect(at(settingsOf(), '2026-11-11T18:30Z').open).toBe(true)
  })

  it('a window under way at midnight closes, and one of several days goes on after the holiday', () => {
    const week = settingsOf({
      holidays: 'US-CA',
      windows: [{ opens: 'Tuesday 22:00', closes: 'Friday 12:00' }],
    })
    const found = windowTransitions(week, new Date('2026-11-10T00:00Z'), new Date('2026-11-15T00:00Z'))
    expect(found.map((each) => `${each.to} ${each.at.toISOString()}`)).toEqual([
      'open 2026-11-11T06:00:00.000Z',
      'closed 2026-11-11T08:00:00.000Z',
      'open 2026-11-12T08:00:00.000Z',
      'closed 2026-11-13T20:00:00.000Z',
    ])
  })

  it("its date is a date of the window's zone", () => {
    const tokyo = settingsOf({
      holidays: 'US-CA',
      time_zone: 'Asia/Tokyo',
      windows: [{ opens: 'Tuesday 00:00', closes: 'Friday 00:00' }],
    })
    expect(at(tokyo, '2026-11-10T15:00:00.000Z')).toMatchObject({ open: false, holiday: 'Veterans Day' })
    expect(at(tokyo, '2026-11-10T14:59:59.999Z').open).toBe(true)
    expect(at(tokyo, '2026-11-11T15:00:00.000Z').open).toBe(true)
  })

  it.each([
    ['a substitute day counts', 'US', '2026-07-03T12:00Z'],
    ['each date of a holiday of several days counts, over New Year too', 'SZ', '2027-01-01T12:00Z'],
    ['a half holiday counts as its whole date', 'IS', '2026-12-24T08:00Z'],
  ])('%s', (_title, place, instant) => {
    const settings = settingsOf({ holidays: place, time_zone: 'UTC' })
    expect(at(settings, instant)).toHaveProperty('holiday')
  })

  it.each([
    ['an observance', 'US', '2026-02-14T12:00Z'],
    ['a holiday of another state', 'US-NY', '2026-03-31T12:00Z'],
  ])('%s does not count', (_title, place, instant) => {
    expect(at(settingsOf({ holidays: place, time_zone: 'UTC' }), instant)).not.toHaveProperty('holiday')
  })
})

describe('a holiday on a day whose midnight comes twice', () => {
  // Havana's clocks went back from 1:00 to 0:00 on November 1, 2026: midnight was at 4:00 and at 5:00 UTC.
  const inHavana = (holidays: string) =>
    settingsOf({
      time_zone: 'America/Havana',
      holidays,
      windows: [{ opens: 'Saturday 22:00', closes: 'Sunday 12:00' }],
    })

  it('that begins then begins at the first one', () => {
    const settings = inHavana('FR')
    expect(at(settings, '2026-11-01T03:59:59.999Z').open).toBe(true)
    expect(at(settings, '2026-11-01T04:00:00.000Z')).toMatchObject({
      open: false,
      holiday: expect.any(String),
    })
  })

  it('that ends then ends at the second one', () => {
    const settings = inHavana('DE-BB')
    expect(at(settings, '2026-11-01T04:59:59.999Z')).toMatchObject({
      open: false,
      holiday: expect.any(String),
    })
    expect(at(settings, '2026-11-01T05:00:00.000Z').open).toBe(true)
  })
})

describe('what a caller can rely on', () => {
  it('transitions of a range name no opening before it, and no closing after it', () => {
    const from = new Date('2026-11-25T18:30:00Z')
    const to = new Date('2026-12-02T18:30:00Z')
    expect(windowTransitions(settingsOf(), from, to)).toEqual([
      { at: new Date('2026-11-25T19:00:00Z'), to: 'closed' },
      { at: new Date('2026-12-02T18:00:00Z'), to: 'open' },
    ])
  })

  it('an opening that was too far away to be found is found a year later, though it was asked for before', () => {
    const freeze = { from: '2026-01-01T00:00', to: '2029-06-01T00:00', reason: 'Rebuilt' }
    const settings = settingsOf({ freezes: [freeze] })
    expect(at(settings, '2026-07-01T00:00:00Z').opensAt).toBeUndefined()
    expect(at(settings, '2027-07-01T00:00:00Z').opensAt).toBe('2029-06-06T17:00:00.000Z')
  })

  it('a freeze that is written to the fraction of a second ends at it, also on a day when clocks change', () => {
    const freeze = { from: '2026-11-01T11:00:00', to: '2026-11-01T12:00:00.500', reason: 'Move' }
    const settings = settingsOf({
      freezes: [freeze],
      windows: [{ opens: 'Sunday 08:00', closes: 'Sunday 20:00' }],
    })
    expect(at(settings, '2026-11-01T20:00:00.499Z').open).toBe(false)
    expect(at(settings, '2026-11-01T20:00:00.500Z').open).toBe(true)
  })

  it('an answer does not depend on what was asked before, nor on what was done with earlier answers', () => {
    const asked = settingsOf({ holidays: 'US-CA' })
    const instants = Array.from(
      { length: 60 },
      (_, index) => new Date(Date.UTC(2026, 10, 1 + index * 3, 18, 30)),
    )
    for (const instant of [...instants].reverse()) windowStateAt(asked, instant).closesAt?.setTime(0)
    for (const instant of instants) {
      expect(windowStateAt(asked, instant)).toEqual(windowStateAt(settingsOf({ holidays: 'US-CA' }), instant))
    }
  })

  it('settings that the schema would refuse throw and never read as open', () => {
    const broken = { ...settingsOf(), windows: [{ opens: 'Wensday 10:00', closes: 'Wednesday 11:00' }] }
    expect(() => windowStateAt(broken, new Date('2026-03-04T18:30Z'))).toThrow(/"Wensday 10:00"/)
    const nowhere = { ...settingsOf(), time_zone: 'America/Los_Angles' }
    expect(() => windowStateAt(nowhere, new Date('2026-03-04T18:30Z'))).toThrow(RangeError)
    expect(() => windowStateAt(settingsOf(), new Date('never'))).toThrow(/invalid date/)
  })

  it('transitions are those from the start on and before the end', () => {
    const [from, to] = [new Date('2026-03-04T18:00Z'), new Date('2026-03-04T19:00Z')]
    expect(windowTransitions(settingsOf(), from, to)).toEqual([{ at: from, to: 'open' }])
    expect(windowTransitions(settingsOf(), to, from)).toEqual([])
  })
})

describe("times are shown in the window's own zone with its abbreviation, and in UTC", () => {
  it.each([
    ['2026-11-25T18:00Z', 'America/Los_Angeles', 'Wed, Nov 25, 10:00 AM PST (18:00 UTC)'],
    ['2026-07-01T17:00Z', 'America/Los_Angeles', 'Wed, Jul 1, 10:00 AM PDT (17:00 UTC)'],
    ['2026-07-01T17:00Z', 'Europe/London', 'Wed, Jul 1, 6:00 PM BST (17:00 UTC)'],
    ['2026-09-30T17:00Z', 'Europe/Berlin', 'Wed, Sep 30, 7:00 PM CEST (17:00 UTC)'],
    ['2026-07-01T17:00Z', 'Asia/Kolkata', 'Wed, Jul 1, 10:30 PM IST (17:00 UTC)'],
    ['2026-07-01T04:00Z', 'America/Los_Angeles', 'Tue, Jun 30, 9:00 PM PDT (Wed, Jul 1, 04:00 UTC)'],
    ['2026-12-31T20:00Z', 'Asia/Kathmandu', 'Fri, Jan 1, 1:45 AM GMT+5:45 (Thu, Dec 31, 20:00 UTC)'],
    ['2026-07-01T17:00:30Z', 'America/New_York', 'Wed, Jul 1, 1:00:30 PM EDT (17:00:30 UTC)'],
    ['2026-07-01T00:00Z', 'UTC', 'Wed, Jul 1, 12:00 AM UTC'],
  ])('%s in %s is "%s"', (instant, zone, text) => {
    expect(formatTime(new Date(instant), zone)).toBe(text)
  })

  it('is the same in whichever zone the process runs', () => {
    const own = process.env.TZ
    process.env.TZ = 'America/Los_Angeles'
    // 2:30 does not exist on that Sunday in Los Angeles.
    expect(formatTime(new Date('2026-03-08T02:30:01Z'), 'UTC')).toBe('Sun, Mar 8, 2:30:01 AM UTC')
    if (own === undefined) delete process.env.TZ
    else process.env.TZ = own
  })

  it('names the year of the wall clock where it is asked for', () => {
    const shown = formatTimeWithYear(new Date('2027-01-01T02:00Z'), 'America/Los_Angeles')
    expect(shown).toBe('Thu, Dec 31, 2026, 6:00 PM PST (Fri, Jan 1, 02:00 UTC)')
    expect(formatTimeWithYear(new Date('2027-12-24T09:00Z'), 'UTC')).toBe('Fri, Dec 24, 2027, 9:00 AM UTC')
  })

  it('a title has the short form', () => {
    expect(formatTimeShort(new Date('2026-11-25T18:00Z'), 'America/Los_Angeles')).toBe(
      'Wed, Nov 25, 10:00 AM PST',
    )
  })
})
