import { describe, expect, test } from 'vitest'
import { clocksCommand } from '../../src/commands/clocks.ts'
import { runCommand } from './command-run.ts'

const run = (...words: string[]) => runCommand(clocksCommand(), words, {})

describe('clocks', () => {
  test('prints both deadlines, in the zone and in UTC', async () => {
    const { out, code } = await run(
      'P1',
      '--since',
      '2026-11-25T16:00',
      '--at',
      '2026-11-25T16:10',
      '--holidays',
      'US-CA',
    )
    expect(out).toBe(
      'P1 since Wed, Nov 25, 4:00 PM PST (Thu, Nov 26, 00:00 UTC)\n' +
        'First response: due Wed, Nov 25, 5:00 PM PST (Thu, Nov 26, 01:00 UTC)\n' +
        'Resolution:     due Mon, Nov 30, 4:00 PM PST (Tue, Dec 1, 00:00 UTC)\n',
    )
    expect(code).toBe(0)
  })

  test('says what is overdue, and ends with 1', async () => {
    const { out, code } = await run(
      'p3',
      '--since',
      '2026-10-16T18:00-07:00',
      '--at',
      '2026-10-19T18:00:01-07:00',
    )
    expect(out).toMatch(
      /First response: due Mon, Oct 19, 6:00 PM PDT \(.*\), overdue\nResolution: {5}no deadline\n$/,
    )
    expect(code).toBe(1)
  })

  test('prints JSON', async () => {
    const since = '2026-10-20T20:00:00+02:00'
    const { out } = await run(
      'P2',
      '--since',
      since,
      '--at',
      since,
      '--time-zone',
      'Europe/Berlin',
      '--holidays',
      'DE',
      '--json',
    )
    expect(JSON.parse(out)).toEqual({
      severity: 'P2',
      since: '2026-10-20T18:00:00.000Z',
      clocks: [
        { name: 'response', due: '2026-10-21T10:00:00.000Z', overdue: false },
        { name: 'resolution', due: '2026-10-23T18:00:00.000Z', overdue: false },
      ],
    })
  })

  test.each([
    [['P4', '--since', '2026-10-20T20:00'], '"P4" is not a severity. Use P0, P1, P2, P3.'],
    [['P1', '--since', 'yesterday'], '--since: "yesterday" is not an ISO date and time.'],
    [['P1', '--since', '2026-10-20T20:00', '--at', '2026-10-20T19:00'], '--at: is before --since.'],
    [
      ['P1', '--since', '2026-10-20T20:00', '--time-zone', 'Pacific'],
      '--time-zone: "Pacific" is not an IANA time zone.',
    ],
    [['P1', '--since', '2026-10-20T20:00', '--holidays', 'us'], 'did you mean "US"?'],
  ])('%s ends with 2 and says why', async (words, says) => {
    const { out, err, code } = await run(...words)
    expect({ out, err, code }).toEqual({ out: '', err: expect.stringContaining(says), code: 2 })
  })
})
