import { describe, expect, test } from 'vitest'
import { defaultTargets, evaluateClocks } from '../../../src/decision/clocks/clocks.ts'
import { commandsIn } from '../../../src/decision/incidents/commands.ts'
import { readReport } from '../../../src/decision/incidents/report.ts'
import { incidentSettings, placeOf, targetsOf } from '../../../src/decision/incidents/settings.ts'
import { plainLines } from '../../../src/html/plain-lines.ts'

const body = `### Severity

P1: rewards incorrect

### Component

rewards

### Who is affected

_No response_

### Received at

2026-10-20T02:00

### Identity of the reporter

- [x] The identity of the reporter was verified
`

describe('a report', () => {
  test('is read from the text that the form makes', () => {
    expect(readReport(body, 'America/Los_Angeles')).toEqual({
      severity: 'P1: rewards incorrect',
      component: 'rewards',
      receivedAt: new Date('2026-10-20T09:00:00Z'),
      verified: true,
    })
  })

  test.each([
    ['an empty text', ''],
    ['fields without a response', body.replace(/P1.*|rewards$|2026.*|- \[x\].*/gm, '_No response_')],
    ['a date that no calendar has', '### Received at\n\n2026-02-30T02:00'],
  ])('says nothing in %s', (_, text) => {
    expect(readReport(text, 'UTC')).toEqual({
      severity: null,
      component: null,
      receivedAt: null,
      verified: false,
    })
  })

  const section = (name: string, text: string) => `### ${name}\n\n${text}\n\n`

  test.each([
    ['text below it', section('Severity', 'P1: rewards incorrect\n\nJo Doe was charged twice.')],
    ['text before it', section('Severity', 'Jo Doe was charged twice.\nP1: rewards incorrect')],
    ['a lower one below the same heading', section('Severity', 'P1: rewards incorrect\nP2')],
    [
      'a lower one under a second heading',
      section('Severity', 'P1: rewards incorrect') + section('Severity', 'P3'),
    ],
    [
      'a lower one under the first of two headings',
      section('Severity', 'P3') + section('Severity', 'P1: rewards incorrect'),
    ],
  ])('keeps of its severity the line that counts alone, without %s', (_, text) => {
    expect(readReport(text, 'UTC').severity).toBe('P1: rewards incorrect')
  })

  test('keeps no more than 60 characters of a severity, also of one that is not one', () => {
    expect(readReport(section('Severity', `P1 ${'x'.repeat(90)}`), 'UTC').severity).toHaveLength(60)
    const unreadable = section('Severity', `bad\n${'x'.repeat(90)}`)
    expect(readReport(unreadable, 'UTC').severity).toBe('bad')
  })

  test('of two components concerns everyone, and one that is there twice is one', () => {
    const [rewards, wallets] = [section('Component', 'rewards'), section('Component', 'wallets')]
    expect(readReport(rewards + wallets, 'UTC').component).toBeNull()
    expect(readReport(rewards + rewards, 'UTC').component).toBe('rewards')
  })

  test('of two times begins at the earlier one', () => {
    const [late, early] = ['2026-10-20T09:00Z', '2026-10-20T02:00Z'].map((time) =>
      section('Received at', time),
    )
    expect(readReport(`${late}${early}`, 'UTC').receivedAt).toEqual(new Date('2026-10-20T02:00Z'))
  })

  test('does not count a box that is not ticked', () => {
    expect(readReport(body.replace('[x]', '[ ]'), 'UTC').verified).toBe(false)
  })
})

describe('commands in a comment', () => {
  test.each([
    ['/ack', [{ name: 'ack' }]],
    ['I have it.\r\n/ACK  \r\n', [{ name: 'ack' }]],
    ['/severity P2 one diner only', [{ name: 'severity', severity: 'P2', reason: 'one diner only' }]],
    ['/severity', [{ name: 'severity', severity: '', reason: '' }]],
    ['/ack\n/mitigated', [{ name: 'ack' }, { name: 'mitigated' }]],
    ['> /confirm', []],
    ['please /confirm', []],
    ['    /confirm', []],
    ['```\n/confirm\n```\n/ack', [{ name: 'ack' }]],
    ['```\n/confirm', []],
    ['````\n```\n/confirm\n```\n/confirm\n````', []],
    ['> quoted\n/confirm', []],
    ['- a list\n/confirm', []],
    ['<details>\n\n/confirm\n\n</details>', []],
    ['<!-- /confirm -->', []],
    ['<!--\n/confirm', []],
    ['/confirmed', []],
    ['/acknowledge', []],
  ])('of %j are %j', (text, commands) => {
    expect(commandsIn(plainLines(text))).toEqual(commands)
  })
})

describe('the settings', () => {
  const parse = (more: object) => incidentSettings.safeParse({ repository: 'acme/incidents', ...more })

  test('have the targets of the clocks as defaults', () => {
    expect(targetsOf(incidentSettings.parse({ repository: 'acme/incidents' }))).toEqual(defaultTargets)
  })

  test('change the allowance of one clock and keep the others', () => {
    const settings = incidentSettings.parse({
      repository: 'acme/incidents',
      service_hours: { opens: '08:00' },
      clocks: { P1: { response: '30m', resolution: 'none' } },
    })
    expect(targetsOf(settings).P1).toEqual({
      response: { kind: 'elapsed', length: 1_800_000 },
      resolution: undefined,
    })
    expect(targetsOf(settings).P2.response).toMatchObject({ opens: 8 * 3_600_000, closes: 21 * 3_600_000 })
    expect(targetsOf(settings).P0).toEqual(defaultTargets.P0)
  })

  test.each([
    ['elapsed time', { clocks: { P3: { resolution: '1000d' } } }],
    ['business days', { clocks: { P3: { resolution: '999 business days' } } }],
    [
      'service hours',
      {
        service_hours: { opens: '02:00', closes: '03:00' },
        clocks: { P3: { resolution: '999 service hours' } },
      },
    ],
  ])('allow the longest %s, whose deadline is found also after years of pauses', (_, more) => {
    const settings = incidentSettings.parse({ repository: 'acme/incidents', ...more })
    const startedAt = Date.parse('2026-10-19T16:00:00Z')
    const year = 365 * 86_400_000
    const times = {
      takenAt: startedAt + 3 * year,
      startedAt,
      severities: [{ at: startedAt, severity: 'P3' as const }],
      resolved: [{ from: startedAt + 1, to: startedAt + 3 * year }],
      waiting: [],
    }
    const [, resolution] = evaluateClocks(times, targetsOf(settings), placeOf(settings))
    expect(resolution?.due).toBeGreaterThan(startedAt + 3 * year)
  })

  test.each([
    ['a repository without its owner', { repository: 'incidents' }, /"my-org\/incidents"/],
    ['an unknown key', { reposotory: 'x' }, /reposotory/],
    ['a time that is not one', { clocks: { P0: { response: 'soon' } } }, /"soon" is not a time allowance/],
    ['no time', { clocks: { P0: { response: '0m' } } }, /not a time allowance/],
    ['no business days', { clocks: { P1: { resolution: '0 business days' } } }, /zero/],
    ['a zone that is not one', { time_zone: 'PST' }, /IANA/],
    [
      'service hours that end before they begin',
      { service_hours: { opens: '21:00', closes: '09:00' } },
      /end before/,
    ],
    ['a channel that is not one', { channel: 'incidents' }, /is not a channel/],
    ['a time without end', { clocks: { P3: { resolution: '9999d' } } }, /more than 1,000 days.*"none"/],
    ['an hour more than the longest', { clocks: { P3: { resolution: '1000d1h' } } }, /more than 1,000 days/],
    [
      'service hours that a short day gives in years',
      {
        service_hours: { opens: '09:00', closes: '09:10' },
        clocks: { P2: { response: '999 service hours' } },
      },
      /"999 service hours" take more than 1,000 days with.*"none"/,
    ],
  ])('refuse %s', (_, more, message) => {
    const result = parse(more)
    expect(result.error?.issues.map((issue) => issue.message).join('\n')).toMatch(message)
  })
})
