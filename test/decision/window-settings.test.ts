import { Ajv2020 } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { parseDuration } from '../../src/decision/duration.ts'
import { windowSettings } from '../../src/decision/window-settings.ts'

const window = { opens: 'Wednesday 10:00', closes: 'Wednesday 11:00' }
const freeze = { from: '2026-12-18T00:00', to: '2027-01-04T00:00', reason: 'Holidays' }

function problemsOf(written: unknown): string[] {
  const read = windowSettings.safeParse(written)
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const longest = 'x'.repeat(500)

describe('the settings of the release window', () => {
  it('are the documented defaults when nothing is written', () => {
    expect(windowSettings.parse({})).toEqual({
      time_zone: 'America/Los_Angeles',
      windows: [window],
      freezes: [],
      closing_margin: '60s',
      urgent: {
        label: 'urgent',
        reason: 'optional',
        labelled_by: [],
        allow_author: true,
        expires_after: '24h',
        bound_to_head: true,
        block_when_overdue: false,
      },
    })
  })

  it.each<[string, unknown]>([
    ['three-letter days and seconds', { windows: [{ opens: 'wed 10:00:30', closes: 'Thu 09:59' }] }],
    ['a window of one second', { windows: [{ opens: 'Wed 10:00:00', closes: 'Wed 10:00:01' }] }],
    [
      'freezes with offsets, a space for the T, and fractions',
      { freezes: [{ ...freeze, from: '2026-12-18 00:00:00.5+01:00' }] },
    ],
    ['an old name of a zone', { time_zone: 'US/Pacific' }],
    ['a country, a state, a region', { holidays: 'DE-BY-A' }],
    ['a margin of nothing', { closing_margin: '0s' }],
    [
      'every setting of urgency',
      {
        urgent: {
          label: 'hotfix',
          reason: 'required',
          incident: 'INC-\\d+',
          labelled_by: ['on-call', 'org/sre'],
          allow_author: false,
          expires_after: '1h30m',
          bound_to_head: false,
          block_when_overdue: true,
        },
      },
    ],
  ])('allow %s', (_title, written) => {
    expect(problemsOf(written)).toEqual([])
  })

  it.each<[string, unknown, string]>([
    [
      'a misspelled day',
      { windows: [{ ...window, opens: 'Wensday 10:00' }] },
      'windows.0.opens: "Wensday 10:00" is not a day and time; write it like "Wednesday 10:00"',
    ],
    [
      'another misspelled day',
      { windows: [{ ...window, closes: 'Satuday 23:15' }] },
      'windows.0.closes: "Satuday 23:15" is not a day and time; write it like "Saturday 23:15"',
    ],
    [
      'an hour of one digit',
      { windows: [{ ...window, opens: 'Tue 9:30' }] },
      'windows.0.opens: "Tue 9:30" is not a day and time; write it like "Tuesday 09:30"',
    ],
    [
      'an hour that no clock has',
      { windows: [{ ...window, closes: 'Friday 24:00' }] },
      'windows.0.closes: "Friday 24:00" is not a day and time; write it like "Friday 10:00"',
    ],
    [
      'a time without a day',
      { windows: [{ ...window, opens: '10:00' }] },
      'windows.0.opens: "10:00" is not a day and time; write it like "Wednesday 10:00"',
    ],
    [
      'a time that is left out',
      { windows: [{ opens: 'Wednesday 10:00' }] },
      'windows.0.closes: a day and time is missing; write it like "Wednesday 10:00"',
    ],
    [
      'a window that closes when it opens',
      { windows: [{ opens: 'Wed 10:00', closes: 'Wednesday 10:00:00' }] },
      'windows.0.closes: this window closes when it opens, at "Wed 10:00"; write a later time at which it closes',
    ],
    [
      'no window at all',
      { windows: [] },
      'windows: no window is listed, so nothing could ever be released; write at least one, like { opens: Wednesday 10:00, closes: Wednesday 11:00 }',
    ],
    [
      'a misspelled zone',
      { time_zone: 'America/Los_Angles' },
      'time_zone: "America/Los_Angles" is not an IANA time zone; did you mean "America/Los_Angeles"?',
    ],
    [
      'an abbreviation of a zone',
      { time_zone: 'BST' },
      'time_zone: "BST" is not an IANA time zone; write a name like "America/Los_Angeles"',
    ],
    [
      'an offset for a zone',
      { time_zone: '+05:00' },
      'time_zone: "+05:00" is not an IANA time zone; write a name like "America/Los_Angeles"',
    ],
    [
      'a freeze that ends before it begins',
      { freezes: [{ ...freeze, to: '2026-12-17T00:00' }] },
      'freezes.0.to: this freeze ends at 2026-12-17T00:00, not after it begins at 2026-12-18T00:00; write a later end',
    ],
    [
      'a freeze that ends when it begins',
      { freezes: [{ ...freeze, to: '2026-12-18T08:00Z' }] },
      'freezes.0.to: this freeze ends at 2026-12-18T08:00Z, not after it begins at 2026-12-18T00:00; write a later end',
    ],
    [
      'a date without a time',
      { freezes: [{ ...freeze, to: '2027-01-04' }] },
      'freezes.0.to: "2027-01-04" is not a date and time; write it like "2026-12-18T00:00", or with an offset like "2026-12-18T00:00Z"',
    ],
    [
      'a day that the month does not have',
      { freezes: [{ ...freeze, from: '2026-02-30T00:00' }] },
      'freezes.0.from: "2026-02-30T00:00" is not a date and time: the month has no such day',
    ],
    [
      'a freeze without a reason',
      { freezes: [{ from: freeze.from, to: freeze.to }] },
      'freezes.0.reason: a freeze needs a reason; the check shows it',
    ],
    [
      'a freeze with an empty reason',
      { freezes: [{ ...freeze, reason: ' ' }] },
      'freezes.0.reason: a freeze needs a reason; the check shows it',
    ],
    [
      'a duration in words',
      { closing_margin: 'soon' },
      'closing_margin: "soon" is not a duration; write it like "60s", "2m", "24h" or "1h30m"',
    ],
    [
      'a duration without a unit',
      { closing_margin: 60 },
      'closing_margin: 60 is not a duration; write it like "60s", "2m", "24h" or "1h30m"',
    ],
    [
      'an unknown country',
      { holidays: 'XX' },
      'holidays: "XX" is not a country whose holidays are known; write it like "US" or "US-CA"',
    ],
    [
      'an unknown state',
      { holidays: 'US-XX' },
      'holidays: "US-XX" is not a state of US whose holidays are known; write it like "US" or "US-CA"',
    ],
    [
      'a state by its name',
      { holidays: 'US-California' },
      'holidays: "US-California" is not a state of US whose holidays are known; did you mean "US-CA"?',
    ],
    [
      'a place in lower case',
      { holidays: 'us-ca' },
      'holidays: "us-ca" is not a country whose holidays are known; did you mean "US-CA"?',
    ],
    [
      'a label that lasts for no time',
      { urgent: { expires_after: '0h' } },
      'urgent.expires_after: "0h" is zero; use a longer duration, like "24h"',
    ],
    [
      'a team with a space',
      { urgent: { labelled_by: ['on call'] } },
      'urgent.labelled_by.0: "on call" is not a team; write its short name, like "on-call" or "my-org/on-call"',
    ],
    [
      'a text too long to repeat',
      { closing_margin: longest },
      `closing_margin: "${'x'.repeat(79)}… is not a duration; write it like "60s", "2m", "24h" or "1h30m"`,
    ],
  ])('refuse %s', (_title, written, problem) => {
    expect(problemsOf(written)).toEqual([problem])
  })

  it.each(['INC-(\\d+', '(?=INC)', '(a)\\1'])('refuse the pattern %s with the reason', (incident) => {
    expect(problemsOf({ urgent: { incident } })).toEqual([
      expect.stringMatching(
        /^urgent\.incident: ".*" is not a pattern: .*; fix it \(lookaround and backreferences/,
      ),
    ])
  })

  it.each([
    ['a group that is repeated', `(${'a?'.repeat(100)}){20}`],
    ['nested repetitions', '((a{10}){10}){10}'],
    ['parentheses in classes', '(a[(]b[]()]c[[:alpha:])]){200}'],
    ['parentheses that are escaped', '(a\\(b\\Q)(\\Ec\\[){200}'],
    ['many repetitions', '\\d{200}'.repeat(3)],
    ['an open repetition', '(INC-){600,}'],
    ['classes of Unicode', '(?i)\\pL\\pL\\pL'],
    ['ranges of Unicode', '(?i)[B-\u{1e942}][B-\u{1e942}][B-\u{1e942}]'],
  ])('refuse a pattern with %s before it is compiled', (_what, incident) => {
    using compile = vi.spyOn(RE2JS, 'compile')
    expect(problemsOf({ urgent: { incident } })).toEqual([
      expect.stringMatching(/^urgent\.incident: ".*" has more than 500 characters .* written out; write/),
    ])
    expect(compile).not.toHaveBeenCalled()
  })

  it.each([
    'FOODYE-MCP-\\d{1,6}',
    '(INC|SEV)-\\d{4}(-\\d{2}){2}',
    'INC-\\d{4}(-\\d{2}){2}-\\d{3}',
    '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    '([A-Z]{2,10}-){1,2}\\d{1,6}',
    '[A-Z]{2,10}-\\d+',
    '(?i)incident \\pL+',
    'INC-[A-Z0-9]{1,64}-[^\\s[:punct:]]{64}',
    '\\d{1,400}',
    '重大障害-\\d+',
    'INC-\\pL{2,5}',
  ])('accept the pattern %s', (incident) => {
    expect(problemsOf({ urgent: { incident } })).toEqual([])
  })

  it('refuse a pattern that is too long, and do not compile it', () => {
    using compile = vi.spyOn(RE2JS, 'compile')
    expect(problemsOf({ urgent: { incident: '(a?){1000}'.repeat(51) } })).toEqual([
      'urgent.incident: the pattern is longer than 500 characters; write a shorter one',
    ])
    expect(compile).not.toHaveBeenCalled()
  })

  it('refuse unknown keys at every level', () => {
    const unknown = {
      zone: 'UTC',
      windows: [{ ...window, day: 1 }],
      freezes: [{ ...freeze, by: 'me' }],
      urgent: { labels: [] },
    }
    expect(problemsOf(unknown)).toHaveLength(4)
  })

  it('report every mistake at once, not only the first', () => {
    const problems = problemsOf({
      time_zone: 'Mars/Olympus',
      windows: [{ opens: 'Noday 1', closes: 'x' }],
      freezes: [{ ...freeze, to: '2020-01-01T00:00Z', from: '2021-01-01T00:00Z' }],
    })
    expect(problems.map((each) => each.split(':')[0])).toEqual([
      'time_zone',
      'windows.0.opens',
      'windows.0.closes',
    ])
  })
})

describe('the JSON Schema that editors get', () => {
  const validate = new Ajv2020({ strict: false }).compile(z.toJSONSchema(windowSettings, { io: 'input' }))

  it.each<[string, unknown, boolean]>([
    ['nothing', {}, true],
    [
      'the documented values',
      { time_zone: 'Europe/Berlin', windows: [window], freezes: [freeze], closing_margin: '2m' },
      true,
    ],
    ['a misspelled day', { windows: [{ ...window, opens: 'Wensday 10:00' }] }, false],
    ['a date without a time', { freezes: [{ ...freeze, to: '2027-01-04' }] }, false],
    ['a duration in words', { closing_margin: 'soon' }, false],
    ['an unknown key', { zone: 'UTC' }, false],
  ])('says of %s what the schema says', (_title, written, valid) => {
    expect(validate(written)).toBe(valid)
    expect(windowSettings.safeParse(written).success).toBe(valid)
  })
})

describe('durations', () => {
  it.each([
    ['60s', 60_000],
    ['2m', 120_000],
    ['24h', 86_400_000],
    ['14d', 1_209_600_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s', 93_784_000],
  ])('%s is %i ms', (text, length) => {
    expect(parseDuration(text)).toBe(length)
  })

  it.each(['', '60', 's', '1.5h', '-1m', '30m1h', '1h 30m', '60 seconds', '2M'])('"%s" is none', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError)
  })
})
