import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isLoopback } from '../../src/settings/addresses.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { appKey } from '../support/app-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'settings-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const good = { APP_ID: '12345', PRIVATE_KEY: appKey, WEBHOOK_SECRET: 'canary-of-the-webhook' }

const settingsOf = (env: Record<string, string> = {}) => {
  const read = readSettings({ ...good, ...env })
  if (!read.ok) throw new Error(read.problems.join('\n'))
  return read.settings
}
const problemsOf = (env: Record<string, string | undefined>) => {
  const read = readSettings({ ...good, ...env })
  return read.ok ? [] : read.problems
}

test('the three credentials are enough; all else has its default', () => {
  expect(settingsOf()).toEqual({
    alertSecrets: {},
    paging: { eventsUrl: 'https://events.pagerduty.com', keys: {} },
    appId: 12345,
    privateKey: appKey,
    webhookSecrets: ['canary-of-the-webhook'],
    apiUrl: 'https://api.github.com',
    database: { dataDir: './data' },
    host: '127.0.0.1',
    port: 3000,
    trustedProxies: 0,
    allowedAccounts: undefined,
    freezeTeams: [],
    logLevel: 'info',
    slack: undefined,
    servers: new Map(),
    recordsMonths: 13,
    storyClock: undefined,
  })
})

describe('each variable is taken as it is meant', () => {
  test.each([
    [
      'a key on one line, as .env files have it',
      { PRIVATE_KEY: appKey.replaceAll('\n', '\\n') },
      { privateKey: appKey },
    ],
    [
      'a key in quotes, as `docker run --env-file` hands it over',
      { PRIVATE_KEY: `"${appKey.replaceAll('\n', '\\n')}"` },
      { privateKey: appKey },
    ],
    [
      'a key in a file',
      { PRIVATE_KEY: '', PRIVATE_KEY_PATH: file('key.pem', appKey) },
      { privateKey: appKey },
    ],
    [
      'the key itself before its file',
      { PRIVATE_KEY_PATH: join(folder, 'absent.pem') },
      { privateKey: appKey },
    ],
    [
      'two secrets while one is rotated, the new one first',
      { WEBHOOK_SECRET_PREVIOUS: 'the-secret-of-before' },
      { webhookSecrets: ['canary-of-the-webhook', 'the-secret-of-before'] },
    ],
    [
      'an Enterprise Server',
      { GITHUB_API_URL: 'https://ghe.acme.test/api/v3/' },
      { apiUrl: 'https://ghe.acme.test/api/v3' },
    ],
    ['http on loopback', { GITHUB_API_URL: 'http://127.0.0.1:4000' }, { apiUrl: 'http://127.0.0.1:4000' }],
    ['http on loopback of IPv6', { GITHUB_API_URL: 'http://[::1]:4000' }, { apiUrl: 'http://[::1]:4000' }],
    [
      'a Postgres instead of the folder',
      { DATABASE_URL: 'postgres://gate:pass@db/gate', DATA_DIR: '/srv/gate' },
      { database: { url: 'postgres://gate:pass@db/gate' } },
    ],
    ['a folder', { DATA_DIR: '/srv/gate' }, { database: { dataDir: '/srv/gate' } }],
    ['a port of the system’s choice', { PORT: '0' }, { port: 0 }],
    ['proxies in front', { TRUSTED_PROXIES: '2' }, { trustedProxies: 2 }],
    ['all addresses', { HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [
      'accounts with spaces, capitals and repeated commas left out',
      { ALLOWED_ACCOUNTS: ' Acme, acme-Labs ' },
      { allowedAccounts: ['acme', 'acme-labs'] },
    ],
    [
      'the address of the board, without its slash',
      { PUBLIC_URL: 'https://Gate.example/' },
      { publicUrl: 'https://gate.example' },
    ],
    [
      'the sign-in of the App',
      { GITHUB_CLIENT_ID: 'Iv1.1', GITHUB_CLIENT_SECRET: 'x' },
      { client: { id: 'Iv1.1', secret: 'x' } },
    ],
    [
      'teams that may freeze their organization',
      { FREEZE_TEAMS: 'Acme/Captains, other/ops' },
      { freezeTeams: ['acme/captains', 'other/ops'] },
    ],
    ['a level of the log', { LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [
      'a clock of a story, on loopback',
      { STORY_CLOCK: '2026-11-24T22:00:00Z', GITHUB_API_URL: 'http://localhost:4000' },
      { storyClock: new Date('2026-11-24T22:00:00Z') },
    ],
    [
      'a variable set to nothing as not set',
      { PORT: '', ALLOWED_ACCOUNTS: '' },
      { port: 3000, allowedAccounts: undefined },
    ],
  ])('%s', (_, env, expected) => {
    expect(settingsOf(env)).toMatchObject(expected)
  })
})

describe('what is wrong names the variable, says what is wrong and how to fix it, and never repeats the value', () => {
  const half = appKey.slice(0, 600)
  test.each<[string, Record<string, string | undefined>, RegExp, string]>([
    [
      'no App ID',
      { APP_ID: undefined },
      /^APP_ID: is not set or not a number\. Copy "App ID" from the App's settings page/,
      'undefined',
    ],
    ['an App ID that is not a number', { APP_ID: 'Iv1.canary' }, /^APP_ID: .*not a number/, 'canary'],
    ['proxies by name', { TRUSTED_PROXIES: 'canary' }, /^TRUSTED_PROXIES: .* from 0 to 10/, 'canary'],
    ['an App ID of zero', { APP_ID: '0' }, /^APP_ID: /, 'APP_ID: 0'],
    [
      'no secret',
      { WEBHOOK_SECRET: undefined },
      /^WEBHOOK_SECRET: is not set\. Create one with `openssl/,
      'undefined',
    ],
    [
      'a secret of 15 characters',
      { WEBHOOK_SECRET: 'canary-15-chars' },
      /^WEBHOOK_SECRET: has fewer than 16 characters\. Create/,
      'canary',
    ],
    ['a secret of blanks', { WEBHOOK_SECRET: ' '.repeat(20) }, /^WEBHOOK_SECRET: has fewer/, '    '],
    [
      'a short secret of before',
      { WEBHOOK_SECRET_PREVIOUS: 'canary' },
      /^WEBHOOK_SECRET_PREVIOUS: has fewer/,
      'canary',
    ],
    [
      'no key',
      { PRIVATE_KEY: undefined },
      /^PRIVATE_KEY: is not set\. Paste the key, or set PRIVATE_KEY_PATH to its file/,
      'undefined',
    ],
    [
      'a key that was cut off',
      { PRIVATE_KEY: half },
      /^PRIVATE_KEY: is not a complete RSA key/,
      appKey.slice(100, 130),
    ],
    ['words for a key', { PRIVATE_KEY: 'canary' }, /^PRIVATE_KEY: is not a complete RSA key/, 'canary'],
    [
      'a file of the key that is not there',
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: join(folder, 'canary.pem') },
      /^PRIVATE_KEY_PATH: the file cannot be read \(ENOENT\)\. Check the path/,
      'canary',
    ],
    [
      'a folder for the file of the key',
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: folder },
      /^PRIVATE_KEY_PATH: the file cannot be read \(EISDIR\)/,
      folder,
    ],
    [
      'a file that holds no key',
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: file('notes.txt', 'canary') },
      /^PRIVATE_KEY_PATH: is not a complete RSA key/,
      'canary',
    ],
    [
      'the key in place of its path',
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: appKey },
      /^PRIVATE_KEY_PATH: contains a key, not a path. Move it to PRIVATE_KEY/,
      appKey.slice(100, 130),
    ],
    [
      'http beyond loopback',
      { GITHUB_API_URL: 'http://canary.test' },
      /^GITHUB_API_URL: must be https, except on loopback/,
      'canary',
    ],
    [
      'a name that begins like loopback',
      { GITHUB_API_URL: 'http://127.0.0.1.canary.test' },
      /^GITHUB_API_URL: must be https/,
      'canary',
    ],
    ['another protocol', { GITHUB_API_URL: 'file:///canary' }, /^GITHUB_API_URL: must be https/, 'canary'],
    [
      'no URL',
      { GITHUB_API_URL: 'canary' },
      /^GITHUB_API_URL: is not a URL\. For GitHub Enterprise Server, use/,
      'canary',
    ],
    [
      'an address that is not of Postgres',
      { DATABASE_URL: 'mysql://root:canary@db' },
      /^DATABASE_URL: .*postgres:\/\/USER:PASSWORD@HOST/,
      'canary',
    ],
    [
      'a port out of range',
      { PORT: '65536' },
      /^PORT: is not a port\. Use a number from 0 to 65535$/,
      '65536',
    ],
    ['a port in words', { PORT: 'canary' }, /^PORT: is not a port/, 'canary'],
    [
      'no account between commas',
      { ALLOWED_ACCOUNTS: 'canary,,acme' },
      /^ALLOWED_ACCOUNTS: is not a comma-separated list of users/,
      'canary',
    ],
    ['commas alone, which would serve nobody', { ALLOWED_ACCOUNTS: ',' }, /^ALLOWED_ACCOUNTS: /, 'undefined'],
    ['a repository for an account', { ALLOWED_ACCOUNTS: 'acme/canary' }, /^ALLOWED_ACCOUNTS: /, 'canary'],
    [
      'an unknown level',
      { LOG_LEVEL: 'canary' },
      /^LOG_LEVEL: is not a log level\. Use one of trace, debug/,
      'canary',
    ],
    [
      'a clock of a story against GitHub',
      { STORY_CLOCK: '2026-11-24T22:00:00Z' },
      /^STORY_CLOCK: is only allowed with a GitHub on loopback/,
      '2026',
    ],
    [
      'half of the sign-in',
      { GITHUB_CLIENT_ID: 'Iv1.canary' },
      /^GITHUB_CLIENT_SECRET: is not set/,
      'canary',
    ],
    ['the other half', { GITHUB_CLIENT_SECRET: 'canary' }, /^GITHUB_CLIENT_ID: is not set/, 'canary'],
    [
      'a board under a path',
      { PUBLIC_URL: 'https://canary.example/gate' },
      /^PUBLIC_URL: .*Leave out the path/,
      'canary',
    ],
    ['a board over http', { PUBLIC_URL: 'http://canary.example' }, /^PUBLIC_URL: must be https/, 'canary'],
    ['a short operator token', { OPERATOR_TOKEN: 'canary' }, /^OPERATOR_TOKEN: has fewer than 32/, 'canary'],
    [
      'a team without its organization',
      { FREEZE_TEAMS: 'canary' },
      /^FREEZE_TEAMS: .*acme\/release-captains/,
      'canary',
    ],
    [
      'a clock that is not an instant',
      { STORY_CLOCK: 'canary', GITHUB_API_URL: 'http://localhost:4000' },
      /^STORY_CLOCK: is not an ISO date and time/,
      'canary',
    ],
  ])('%s', (_, env, says, secret) => {
    const problems = problemsOf(env)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(says)
    expect(problems[0]).not.toContain(secret)
  })

  test('several mistakes are reported together', () => {
    const problems = problemsOf({ APP_ID: 'x', WEBHOOK_SECRET: 'short', PRIVATE_KEY: 'x', PORT: 'x' })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'APP_ID',
      'WEBHOOK_SECRET',
      'PORT',
      'PRIVATE_KEY',
    ])
  })
})

describe('whether there is no App yet', () => {
  test.each([
    ['nothing is set', {}, true],
    ['only the port is set', { PORT: '4000' }, true],
    ['the App ID alone is set', { APP_ID: '1' }, false],
    ['the file of the key alone is set', { PRIVATE_KEY_PATH: '/k.pem' }, false],
    ['the secret alone is set', { WEBHOOK_SECRET: 'x' }, false],
  ])('%s', (_, env, missing) => {
    expect(readSettings(env)).toMatchObject({ ok: false, missing })
  })
})

test.each([
  ['http://localhost:1', true],
  ['http://127.9.9.9', true],
  ['http://[::1]', true],
  ['http://2130706433', true],
  ['http://localhost.test', false],
  ['http://127.0.0.1@other.test', false],
  ['http://0.0.0.0', false],
])('%s is loopback: %s', (url, expected) => {
  expect(isLoopback(url)).toBe(expected)
})

describe('variables that are useless without each other', () => {
  const datadog = { DATADOG_API_KEY: 'a'.repeat(32), DATADOG_APP_KEY: 'b'.repeat(40) }
  const jira = {
    JIRA_URL: 'https://acme.atlassian.net',
    JIRA_EMAIL: 'bot@acme.example',
    JIRA_TOKEN: 'c'.repeat(24),
  }

  test.each([
    ['DATADOG_APP_KEY', datadog, 'Datadog needs DATADOG_API_KEY and DATADOG_APP_KEY; set both or none'],
    ['DATADOG_API_KEY', datadog, 'Datadog needs DATADOG_API_KEY and DATADOG_APP_KEY; set both or none'],
    ['JIRA_TOKEN', jira, 'Jira needs JIRA_URL, JIRA_EMAIL and JIRA_TOKEN; set all three or none'],
    ['JIRA_URL', jira, 'Jira needs JIRA_URL, JIRA_EMAIL and JIRA_TOKEN; set all three or none'],
  ])('are refused without %s, and taken together', (missing, all, fix) => {
    expect(problemsOf({ ...all, [missing]: '' })).toEqual([`${missing}: is not set. ${fix}`])
    expect(problemsOf(all)).toEqual([])
  })
})
