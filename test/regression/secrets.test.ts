import { describe, expect, test } from 'vitest'
import { readOperator } from '../../src/regression/operator.ts'
import { createRedactor } from '../../src/regression/redaction.ts'
import { targetOf } from '../../src/regression/target.ts'
import { exposedVariables, fillVariables } from '../../src/regression/variables.ts'
import { aTool, type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, runAgainst } from '../support/regression-run.ts'

const open = '$'

describe('what a reference may read', () => {
  test('only variables with the prefix SUITE_ are exposed', () => {
    const exposed = exposedVariables({ SUITE_A: '1', GITHUB_TOKEN: 'x', MY_SUITE_B: 'y', SUITE_EMPTY: '' })
    expect([...exposed]).toEqual([
      ['SUITE_A', '1'],
      ['SUITE_EMPTY', ''],
    ])
  })

  test('values are filled in everywhere in a JSON value', () => {
    const given = { a: `${open}{X}-1`, b: [`${open}{ X }`, 2, null], c: { d: true } }
    expect(fillVariables(given, new Map([['X', 'v']]))).toEqual({
      ok: true,
      value: { a: 'v-1', b: ['v', 2, null], c: { d: true } },
    })
  })

  test('an unset one is an error, never an empty text', () => {
    expect(fillVariables([`${open}{HOME}`, `${open}{}`], new Map())).toEqual({
      ok: false,
      missing: ['HOME', ''],
    })
  })

  test('a filled value is not read again', () => {
    const sly = `${open}{SECRET}`
    expect(
      fillVariables(
        `${open}{X}`,
        new Map([
          ['X', sly],
          ['SECRET', 's'],
        ]),
      ),
    ).toEqual({ ok: true, value: sly })
  })
})

describe('redaction', () => {
  const redactor = () => createRedactor(['operator-secret'])

  test.each([
    ['a known value', 'a operator-secret b', 'a [redacted] b'],
    ['a known value within JSON', JSON.stringify({ a: 'operator-secret' }), '{"a":"[redacted]"}'],
    ['a JWT', `x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_ y`, 'x [redacted] y'],
    ['a GitHub token', `ghp_${'a'.repeat(36)}`, '[redacted]'],
    ['a Slack token', 'xoxb-1234567890-abc', '[redacted]'],
    ['a Supabase key', 'sb_secret_abcdefghijkl', '[redacted]'],
    ['an AWS key', 'AKIAABCDEFGHIJKLMNOP', '[redacted]'],
    ['a bearer header', 'authorization: Bearer abcdefghijklmnopqrst', 'authorization: [redacted]'],
    ['a database address', 'postgres://user:pass@host/db', '[redacted]host/db'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----', '[redacted]'],
    ['nothing', 'a diner is not found', 'a diner is not found'],
    ['a transaction hash, which is public', `0x${'ab'.repeat(32)}`, `0x${'ab'.repeat(32)}`],
  ])('%s', (_name, text, expected) => {
    expect(redactor().text(text)).toBe(expected)
  })

  test('values under telling keys go, wherever they are', () => {
    const given = { user: { password: 'x1', api_key: 'y', note: 'z' }, list: [{ 'refresh-token': 'r' }] }
    expect(redactor().value(given)).toEqual({
      user: { password: '[redacted]', api_key: '[redacted]', note: 'z' },
      list: [{ 'refresh-token': '[redacted]' }],
    })
  })

  test('a value captured later is hidden from then on, longest first', () => {
    const live = redactor()
    live.hide('abcd')
    live.hide('abcdefgh')
    expect(live.text('abcdefgh abcd')).toBe('[redacted] [redacted]')
  })

  test('a value too short would hide half the report, and is left', () => {
    expect(createRedactor(['1']).text('1 of 11')).toBe('1 of 11')
  })

  test('what was not known before counts as a leak; what was known does not', () => {
    const live = redactor()
    live.text('operator-secret')
    expect(live.leaks()).toBe(0)
    live.value({ text: 'sb_secret_abcdefghijkl', password: 'hunter2' })
    expect(live.leaks()).toBe(2)
  })
})

describe('a report', () => {
  const tools = [aTool('read')]

  test('keeps its id, whatever the suite redacts', async () => {
    const step = `{ tool: read, args: { id: "${open}{run.id}" }, capture: { id: { path: $.id, redact: true } } }`
    const call: Script['call'] = ({ message: { params } }) =>
      textResult('ok', { structuredContent: params?.arguments })
    const { report } = await runAgainst(
      { tools, call },
      aSuite(`  - { name: run-1 is read, steps: [${step}] }`),
    )
    expect(report).toMatchObject({
      runId: 'run-1',
      verdict: 'passed',
      cases: [{ name: '[redacted] is read' }],
    })
  })

  test('has no NUL, which no database stores, wherever the server writes one', async () => {
    const call = () => textResult('wrong\0')
    const script = { tools: [...tools, aTool('na\0me')], version: '1\0', call }
    const { report } = await runAgainst(
      script,
      aSuite('  - { name: a, tool: read, expect: { text: right } }'),
    )
    expect(report).toMatchObject({ server: { version: '1\uFFFD' }, notCovered: ['na\uFFFDme'] })
    // Without escaped backslashes, of which one may stand before the same letters.
    expect(JSON.stringify(report).replaceAll('\\\\', '')).not.toContain('\\u0000')
  })
})

describe('the operator’s environment', () => {
  test.each<[string, Record<string, string>, object]>([
    ['no login', {}, { kind: 'none' }],
    ['a bearer token', { STAGING_TOKEN: 't-1234' }, { kind: 'bearer', token: 't-1234' }],
    [
      'client credentials',
      { STAGING_CLIENT_ID: 'i', STAGING_CLIENT_SECRET: 's-1234', STAGING_ISSUER: 'https://a.test' },
      { kind: 'client_credentials', clientId: 'i', clientSecret: 's-1234', issuer: 'https://a.test' },
    ],
    [
      'a signed JWT',
      { STAGING_CLIENT_ID: 'i', STAGING_PRIVATE_KEY: 'pem-1234' },
      { kind: 'client_credentials_jwt', clientId: 'i', privateKey: 'pem-1234', algorithm: 'ES256' },
    ],
  ])('%s', (_name, environment, login) => {
    const result = readOperator(environment)
    expect(result.ok && result.operator.login).toEqual(login)
  })

  test.each([
    ['a ledger without its key', { LEDGER_URL: 'https://l.test' }],
    ['a secret without a client', { STAGING_CLIENT_SECRET: 's' }],
    ['a client without a secret', { STAGING_CLIENT_ID: 'i' }],
    ['an invalid address', { RECEIPTS_URL: 'nowhere' }],
    ['a ledger over plain http', { LEDGER_URL: 'http://l.test', LEDGER_KEY: 'key-1234' }],
    ['receipts over plain http', { RECEIPTS_URL: 'http://chain.test/v2' }],
    ['a file', { RECEIPTS_URL: 'file:///etc/passwd' }],
    [
      'an issuer over plain http',
      { STAGING_CLIENT_ID: 'i', STAGING_CLIENT_SECRET: 's', STAGING_ISSUER: 'http://a.test' },
    ],
    [
      'an issuer that is no URL',
      { STAGING_CLIENT_ID: 'i', STAGING_CLIENT_SECRET: 's', STAGING_ISSUER: 'a.test' },
    ],
  ])('%s is an error', (_name, environment) => {
    expect(readOperator(environment).ok).toBe(false)
  })

  test('addresses on this machine may be plain http', () => {
    const { origin } = new URL('http://127.0.0.1:54321')
    expect(readOperator({ LEDGER_URL: origin, LEDGER_KEY: 'key-1234', RECEIPTS_URL: origin }).ok).toBe(true)
  })

  test('all its secrets are known to the redactor, those in addresses too', () => {
    const result = readOperator({
      STAGING_TOKEN: 'token-1234',
      LEDGER_URL: 'https://l.test',
      LEDGER_KEY: 'key-1234',
      RECEIPTS_URL: 'https://chain.test/v2/abcdefghij0123456789',
    })
    expect(result.ok && result.operator.secrets).toEqual(['token-1234', 'key-1234', 'abcdefghij0123456789'])
  })
})

describe('--server', () => {
  test.each([
    ['an address', 'https://staging.example/mcp', { kind: 'http', url: 'https://staging.example/mcp' }],
    [
      'a command in quotes',
      'node "my server.js" --x',
      { kind: 'stdio', command: { file: 'node', args: ['my server.js', '--x'] } },
    ],
    ['another scheme', 'file:///etc/passwd', undefined],
    ['nothing', '', undefined],
  ])('%s', (_name, text, expected) => {
    const target = targetOf(text, { kind: 'none' })
    if (expected === undefined) expect(target).toBeUndefined()
    else expect(target).toMatchObject(expected)
  })
})
