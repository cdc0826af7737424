import { describe, expect, test } from 'vitest'
import { alertsOf, readDrain } from '../../src/services/alerts/log-drain.ts'

const now = new Date('2026-11-25T18:00:00Z')
const violates = 'new row violates row-level security policy for table "reward_ledger"'
const aLine = (message: string, more: object = {}, parsed: object = {}) => ({
  id: '1',
  event_message: message,
  timestamp: 1_764_093_600_000_000,
  metadata: [{ parsed: [{ sql_state_code: '42501', user_name: 'authenticated', ...parsed }] }],
  ...more,
})

describe('a batch of logs', () => {
  test.each([
    ['a violation', violates, 'violation', 'reward_ledger'],
    [
      'a violation of a named policy',
      'new row violates row-level security policy "own" for table "Odd ""name"""',
      'violation',
      'Odd ""name""',
    ],
    [
      'a violation of USING',
      'new row violates row-level security policy (USING expression) for table "t"',
      'violation',
      't',
    ],
    ['a missing grant', 'permission denied for table reward_ledger', 'grant', 'reward_ledger'],
    ['a missing grant of a schema', 'permission denied for schema private', 'grant', undefined],
    ['another message with the code', 'must be owner of table t', 'grant', undefined],
  ])('tells %s', (_, message, kind, table) => {
    expect(readDrain([aLine(message)], now)).toEqual([
      { kind, table, role: 'authenticated', at: '2025-11-25T18:00:00.000Z' },
    ])
  })

  test.each([
    ['another error', aLine('duplicate key value', {}, { sql_state_code: '23505' })],
    ['a line that only quotes it', aLine(`statement: select '${violates}'`, {}, { sql_state_code: '00000' })],
    [
      'a line of another service',
      { event_message: 'GET | 200 | /rest/v1/rewards', metadata: [{ request: [{}] }] },
    ],
    [
      'a request whose caller names itself after a violation',
      {
        event_message: `GET | 200 | 203.0.113.7 | /rest/v1/menu | Mozilla/5.0 ${violates}`,
        metadata: [{ request: [{ headers: [{ user_agent: violates }] }] }],
      },
    ],
    [
      'a request whose whole message is that of a violation',
      { event_message: violates, metadata: [{ request: [{}] }] },
    ],
    ['the text of a function', { event_message: violates, metadata: [{ level: 'info' }] }],
    ['a message without metadata', aLine(violates, { metadata: null })],
    [
      'a line of Postgres that quotes it, without a code',
      aLine(`statement: select '${violates}'`, {}, { sql_state_code: null }),
    ],
    ['something else', 7],
    ['nothing', null],
  ])('ignores %s', (_, line) => {
    expect(readDrain([line], now)).toEqual([])
  })

  test.each([
    ['objects in place of lists', { metadata: { parsed: { sql_state_code: '42501' } } }],
    ['no code', { metadata: { parsed: { user_name: 'authenticated' } } }],
    ['an ISO time', { timestamp: '2026-11-25T10:00:00-08:00' }],
    ['no time', { timestamp: undefined }],
  ])('is read with %s', (_, more) => {
    expect(readDrain([aLine(violates, more)], now)).toMatchObject([
      { kind: 'violation', table: 'reward_ledger' },
    ])
  })

  test.each([[{}], ['text'], [null]])('that is no list is refused: %j', (body) => {
    expect(() => readDrain(body, now)).toThrow()
  })
})

describe('the alerts', () => {
  const alertsFor = (lines: object[]) => alertsOf(readDrain(lines, now))

  test('are P1, one for each table and minute, and hold nothing of the statement', () => {
    const query = "insert into reward_ledger values ('0xdeadbeef', 'ada@diners.example')"
    const batch = Array.from({ length: 250 }, () => aLine(violates, {}, { query }))
    const found = alertsFor([
      ...batch,
      aLine('new row violates row-level security policy for table "diners"'),
    ])
    expect(found.map(({ alert, delivery }) => [alert.severity, alert.title, delivery])).toEqual([
      [
        'P1',
        'Row-level security refused a write to reward_ledger by the role authenticated',
        'reward_ledger 2025-11-25T18:00',
      ],
      [
        'P1',
        'Row-level security refused a write to diners by the role authenticated',
        'diners 2025-11-25T18:00',
      ],
    ])
    expect(JSON.stringify(found)).not.toMatch(/deadbeef|ada@/)
  })

  test('of one table have one id, so that they are one incident', () => {
    const [one, other] = alertsFor([aLine(violates), aLine(violates, { timestamp: '2026-11-25T18:01:00Z' })])
    expect(one?.alert.id).toBe(other?.alert.id)
    expect(one?.delivery).not.toBe(other?.delivery)
  })

  test('are not made of missing grants', () => {
    expect(alertsFor([aLine('permission denied for table diners')])).toEqual([])
  })
})
