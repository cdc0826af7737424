import ICAL from 'ical.js'
import { describe, expect, test } from 'vitest'
import { windowStateAt, windowTransitions } from '../../src/decision/calendar.ts'
import { type WindowSettings, windowSettings } from '../../src/decision/window-settings.ts'
import { calendarFeed } from '../../src/server/calendar-feed.ts'

const aWindow = (input: object = {}): WindowSettings => windowSettings.parse(input)
const FROM = new Date('2026-10-01T00:00:00Z')
const TO = new Date('2027-04-01T00:00:00Z')

type Read = { id: string; summary: string; description: string; from: Date; to: Date }

/** What a calendar program makes of the feed. */
function read(feed: string): Read[] {
  const calendar = new ICAL.Component(ICAL.parse(feed))
  return calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component)
    return {
      id: event.uid,
      summary: event.summary,
      description: event.description,
      from: event.startDate.toJSDate(),
      to: event.endDate.toJSDate(),
    }
  })
}

const windowsIn = (feed: string) => read(feed).filter(({ summary }) => summary.startsWith('Release window'))
const freezesIn = (feed: string) => read(feed).filter(({ summary }) => summary.startsWith('Release freeze'))
const one = (window: WindowSettings, from = FROM, to = TO) =>
  calendarFeed([{ name: 'octo-org/shop', window }], from, to)

describe('the windows of the feed', () => {
  test.each([
    ['the default window, over both daylight-saving Sundays', aWindow(), FROM, TO],
    [
      'a window across midnight and the end of the week, on both daylight-saving Sundays',
      aWindow({ windows: [{ opens: 'Sunday 01:30', closes: 'Monday 02:00' }] }),
      FROM,
      TO,
    ],
    [
      'several windows of another zone, where clocks change on other days',
      aWindow({
        time_zone: 'Europe/Berlin',
        windows: [
          { opens: 'Monday 09:00', closes: 'Monday 12:00' },
          { opens: 'Sunday 02:15', closes: 'Sunday 02:45' },
        ],
      }),
      FROM,
      TO,
    ],
    [
      'holidays, on which no window is open',
      aWindow({ holidays: 'US-CA', windows: [{ opens: 'Thursday 10:00', closes: 'Thursday 11:00' }] }),
      FROM,
      TO,
    ],
    [
      'a freeze that cuts a window in two',
      aWindow({ freezes: [{ from: '2026-11-25T10:15', to: '2026-11-25T10:30', reason: 'x' }] }),
      FROM,
      TO,
    ],
  ])('are those of the calendar: %s', (_, window, from, to) => {
    const changes = windowsIn(one(window, from, to)).flatMap((event) => [
      { at: event.from, to: 'open' },
      { at: event.to, to: 'closed' },
    ])
    const expected = windowTransitions(window, from, to)
    expect(expected.length).toBeGreaterThan(40)
    expect(changes).toEqual(expected)
  })

  test('in summer time and in winter time they are at the same wall-clock time, so an hour apart in UTC', () => {
    const feed = one(aWindow())
    const hours = windowsIn(feed).map(({ from }) => from.toISOString())
    expect(hours).toContain('2026-10-28T17:00:00.000Z')
    expect(hours).toContain('2026-11-04T18:00:00.000Z')
    expect(hours).toContain('2027-03-10T18:00:00.000Z')
    expect(hours).toContain('2027-03-17T17:00:00.000Z')
    expect(feed).toMatch(/^DTSTART:20261028T170000Z\r$/m)
  })

  test('a window that is open at the beginning, or closes after the end, is shown whole', () => {
    const from = new Date('2026-11-25T18:30:00Z')
    const to = new Date('2026-12-02T18:30:00Z')
    expect(windowsIn(one(aWindow(), from, to)).map((event) => [event.from, event.to])).toEqual([
      [new Date('2026-11-25T18:00:00Z'), new Date('2026-11-25T19:00:00Z')],
      [new Date('2026-12-02T18:00:00Z'), new Date('2026-12-02T19:00:00Z')],
    ])
  })

  test('a window that never closes is one event over the whole range', () => {
    const always = aWindow({
      windows: [
        { opens: 'Monday 00:00', closes: 'Thursday 00:00' },
        { opens: 'Thursday 00:00', closes: 'Monday 00:00' },
      ],
    })
    expect(windowStateAt(always, FROM).closesAt).toBeUndefined()
    expect(windowsIn(one(always)).map((event) => [event.from, event.to])).toEqual([[FROM, TO]])
  })

  test('where a freeze covers everything there is none', () => {
    const frozen = aWindow({ freezes: [{ from: '2026-01-01T00:00', to: '2028-01-01T00:00', reason: 'x' }] })
    expect(windowsIn(one(frozen))).toEqual([])
    expect(freezesIn(one(frozen))).toHaveLength(1)
  })
})

describe('freezes that are in force', () => {
  const since = '2026-09-30T12:00:00Z'
  const ordered = (until?: string) => ({ reason: 'Ledger', by: 'eva', since, ...(until && { until }) })
  const feedOf = (window: WindowSettings, frozen?: ReturnType<typeof ordered>) =>
    calendarFeed([{ name: 'octo-org/shop', window, ...(frozen && { frozen }) }], FROM, TO)

  test('of the policy leave no window, and are shown to the end of the range', () => {
    const feed = feedOf(aWindow({ frozen: 'Ledger broken' }))
    expect(windowsIn(feed)).toEqual([])
    const [event] = freezesIn(feed)
    expect(event).toMatchObject({ summary: 'Release freeze: Ledger broken', to: TO })
    const later = one(aWindow({ frozen: 'Ledger broken' }), new Date(FROM.getTime() + 1_000))
    expect(freezesIn(later)[0]?.id).toBe(event?.id)
  })

  test('that were ordered without an end leave none, either', () => {
    const feed = feedOf(aWindow(), ordered())
    expect(windowsIn(feed)).toEqual([])
    expect(freezesIn(feed)).toMatchObject([
      { summary: 'Release freeze: Ledger', from: new Date(since), to: TO },
    ])
  })

  test('that were ordered with an end leave the windows after it, and the rest of one that is open then', () => {
    const all = windowsIn(feedOf(aWindow()))
    const [first, second] = all
    const end = new Date((first?.from.getTime() ?? 0) + 60_000)
    const feed = feedOf(aWindow(), ordered(end.toISOString()))
    expect(windowsIn(feed).slice(0, 2)).toMatchObject([
      { from: end, to: first?.to },
      { from: second?.from, to: second?.to },
    ])
    expect(windowsIn(feed)).toHaveLength(all.length)
    expect(windowsIn(feedOf(aWindow(), ordered(first?.to.toISOString())))).toHaveLength(all.length - 1)
  })

  test('of one repository leave the windows of another one with the same settings', () => {
    const feed = calendarFeed(
      [
        { name: 'octo-org/a', window: aWindow() },
        { name: 'octo-org/b', window: aWindow({ frozen: 'Audit' }) },
        { name: 'octo-org/c', window: aWindow(), frozen: ordered() },
      ],
      FROM,
      TO,
    )
    expect(new Set(windowsIn(feed).map(({ summary }) => summary))).toEqual(
      new Set(['Release window: octo-org/a']),
    )
    expect(freezesIn(feed)).toHaveLength(2)
  })
})

describe('the freezes of the feed', () => {
  const frozen = (from: string, to: string, reason = 'Year end') =>
    aWindow({ freezes: [{ from, to, reason }] })

  test("are at the window's wall-clock time, or at the offset that was written", () => {
    expect(freezesIn(one(frozen('2026-12-18T00:00', '2027-01-04T00:00')))).toMatchObject([
      {
        summary: 'Release freeze: Year end',
        from: new Date('2026-12-18T08:00:00Z'),
        to: new Date('2027-01-04T08:00:00Z'),
      },
    ])
    expect(freezesIn(one(frozen('2026-12-18T00:00Z', '2027-01-04T00:00+01:00')))).toMatchObject([
      { from: new Date('2026-12-18T00:00:00Z'), to: new Date('2027-01-03T23:00:00Z') },
    ])
  })

  test.each([
    ['one that ended before', '2026-08-01T00:00', '2026-09-01T00:00', 0],
    ['one that ends at the beginning', '2026-08-01T00:00Z', '2026-10-01T00:00Z', 0],
    ['one that has begun before', '2026-08-01T00:00', '2026-10-02T00:00', 1],
    ['one that begins at the end', '2027-04-01T00:00Z', '2027-05-01T00:00Z', 0],
  ])('%s', (_, from, to, count) => {
    expect(freezesIn(one(frozen(from, to)))).toHaveLength(count)
  })

  test.each([
    ['commas, semicolons and backslashes', 'a, b; c\\d: "e"', 'a, b; c\\d: "e"'],
    [
      'a forged line and event',
      'x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:y',
      'x END:VEVENT BEGIN:VEVENT SUMMARY:y',
    ],
    ['a forged escape', 'x\\nATTACH:https://evil.example', 'x\\nATTACH:https://evil.example'],
    ['direction marks', 'safe\u202Etxt', 'safe txt'],
    ['other scripts, over more bytes than a line may have', '🚀'.repeat(60), '🚀'.repeat(60)],
  ])('a reason with %s reads as it was written, and adds nothing', (_, reason, shown) => {
    const feed = one(frozen('2026-12-18T00:00', '2027-01-04T00:00', reason))
    expect(freezesIn(feed)).toMatchObject([{ summary: `Release freeze: ${shown}` }])
    expect(read(feed)).toHaveLength(windowsIn(feed).length + 1)
    expect(feed).not.toMatch(/^ATTACH/m)
    for (const line of feed.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
  })
})

describe('the feed of several repositories', () => {
  const berlin = aWindow({ time_zone: 'Europe/Berlin' })
  const feed = calendarFeed(
    [
      { name: 'octo-org/a', window: aWindow() },
      { name: 'octo-org/b', window: aWindow({ urgent: { label: 'hotfix' } }) },
      { name: 'octo-org/c', window: berlin },
    ],
    FROM,
    TO,
  )

  test('those with equal windows share their events, which name them', () => {
    const summaries = new Set(windowsIn(feed).map(({ summary }) => summary))
    expect(summaries).toEqual(new Set(['Release window: 2 repositories', 'Release window: octo-org/c']))
    expect(windowsIn(feed)[0]?.description).toBe(
      'Releases are allowed. Repositories: octo-org/a and octo-org/b.',
    )
    expect(windowsIn(feed)).toHaveLength(
      (windowTransitions(aWindow(), FROM, TO).length + windowTransitions(berlin, FROM, TO).length) / 2,
    )
  })

  test('each event has an id of its own, which stays when the feed is read again later', () => {
    const ids = read(feed).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const later = new Date(FROM.getTime() + 14 * 86_400_000)
    const again = read(one(aWindow(), later)).map(({ id }) => id)
    expect(read(one(aWindow())).map(({ id }) => id)).toEqual(expect.arrayContaining(again))
  })

  test('no repository: a calendar without events', () => {
    expect(read(calendarFeed([], FROM, TO))).toEqual([])
  })

  test('it names itself, and when to ask again', () => {
    expect(feed).toMatch(/^X-WR-CALNAME:Release windows\r$/m)
    expect(feed).toMatch(/^REFRESH-INTERVAL;VALUE=DURATION:PT1H\r$/m)
  })
})
