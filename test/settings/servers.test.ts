import { describe, expect, it } from 'vitest'
import { readOperator } from '../../src/regression/operator.ts'
import { isServerAllowed, readServers, type StagingServer } from '../../src/settings/servers.ts'

/** Addresses and credentials come from the operator's environment by name. */

const least = { SERVER_STAGING_URL: 'https://staging.example/mcp', SERVER_STAGING_REPOSITORIES: 'acme/shop' }
const read = (more: Record<string, string> = {}) => readServers({ ...least, ...more })
const only = (more?: Record<string, string>): StagingServer => {
  const server = read(more).servers.get('staging')
  if (!server) throw new Error('no server')
  return server
}

type Refused = [string, Record<string, string>, string]

const otherMachines = [
  'http://staging.localhost.example/mcp',
  'http://localhost@staging.example/mcp',
  'http://127.0.0.1.nip.io/mcp',
  'http://10.0.0.5/mcp',
  'http://0xa.5/mcp',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::ffff:10.0.0.5]/mcp',
  'http://[fd00:ec2::254]/mcp',
  'http://0.0.0.0/mcp',
].map((url): Refused => [`http to ${url}`, { SERVER_STAGING_URL: url }, 'SERVER_STAGING_URL: must be https'])

const otherAddresses = ['LEDGER_URL', 'RECEIPTS_URL', 'ISSUER'].map((name): Refused => {
  const given = { [`SERVER_STAGING_${name}`]: 'http://canary-value-1234.example' }
  return [`plain http as ${name}`, given, `SERVER_STAGING_${name}: must be https, except on loopback`]
})

describe('the servers of the environment', () => {
  it('are none where none is named', () => {
    expect(readServers({ DATABASE_URL: 'postgres://x', STAGING_URL: 'https://x.example' })).toEqual({
      servers: new Map(),
      problems: [],
    })
  })

  it('have their own credentials and variables, and nothing else of the environment', () => {
    const server = only({
      SERVER_STAGING_TOKEN: 'a-token-of-staging',
      SERVER_STAGING_LEDGER_URL: 'https://db.example',
      SERVER_STAGING_LEDGER_KEY: 'a-key-of-the-ledger',
      SERVER_STAGING_SUITE_DINER: '0xd1',
      SERVER_CANARY_SUITE_DINER: '0xd2',
      WEBHOOK_SECRET: 'secret-of-the-bot',
      SUITE_DINER: '0xd3',
      LEDGER_KEY: 'of-nobody',
    })
    expect(server.variables).toEqual(new Map([['SUITE_DINER', '0xd1']]))
    const operator = readOperator(server.operator)
    expect(operator).toMatchObject({
      ok: true,
      operator: {
        login: { kind: 'bearer', token: 'a-token-of-staging' },
        ledger: { url: 'https://db.example', key: 'a-key-of-the-ledger' },
      },
    })
    expect(JSON.stringify([...server.variables, operator])).not.toMatch(
      /secret-of-the-bot|of-nobody|0xd2|0xd3/,
    )
  })

  it('are written to only where the operator says so', () => {
    expect(only().writesAllowed).toBe(false)
    expect(only({ SERVER_STAGING_WRITES: 'yes' }).writesAllowed).toBe(true)
  })

  it.each<Refused>([
    ['an address that is a command', { SERVER_STAGING_URL: 'node server.js' }, 'SERVER_STAGING_URL: '],
    ['a file', { SERVER_STAGING_URL: 'file:///etc/passwd' }, 'SERVER_STAGING_URL: must be https'],
    [
      'http to another machine',
      { SERVER_STAGING_URL: 'http://staging.example/mcp' },
      'SERVER_STAGING_URL: must be https',
    ],
    ...otherMachines,
    ...otherAddresses,
    [
      'an issuer that is no URL',
      { SERVER_STAGING_ISSUER: 'canary-value-1234' },
      'SERVER_STAGING_ISSUER: is not a URL',
    ],
    ['no repositories', { SERVER_STAGING_REPOSITORIES: '' }, 'SERVER_STAGING_REPOSITORIES: is not set'],
    [
      'all repositories of everybody',
      { SERVER_STAGING_REPOSITORIES: '*/*' },
      'SERVER_STAGING_REPOSITORIES: is not a comma-separated list of repositories',
    ],
    ['writes in other words', { SERVER_STAGING_WRITES: 'true' }, 'SERVER_STAGING_WRITES: must be yes or no'],
    [
      'a misspelled variable',
      { SERVER_STAGING_TOKN: 'canary-value-1234' },
      'SERVER_STAGING_TOKN: is not a known variable',
    ],
  ])('refuse %s, without repeating the value', (_, more, problem) => {
    const { problems } = read(more)
    expect(problems.join('\n')).toContain(problem)
    expect(problems.join('\n')).not.toContain('canary-value-1234')
  })
})

describe('http reaches this machine, in any notation of its address, and no other', () => {
  it.each([
    'localhost',
    '127.0.0.1',
    '127.8.9.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '[::1]',
    '[0:0::1]',
  ])('%s', (host) => {
    expect(read({ SERVER_STAGING_URL: `http://${host}:3000/mcp` }).problems).toEqual([])
  })
})

describe('a repository may use a server', () => {
  it.each([
    ['that lists it', 'acme/shop', true],
    ['that lists it in other letters', 'Acme/Shop', true],
    ['that lists all of its owner', 'acme/*', true],
    ['that lists it among others', 'acme/tools, acme/shop', true],
    ['that lists another', 'acme/tools', false],
    ['that lists one with a longer name', 'acme/shop-two', false],
    ['that lists the same name of another owner', 'evil/shop', false],
  ])('%s', (_, list, may) => {
    expect(
      isServerAllowed(only({ SERVER_STAGING_REPOSITORIES: list }), { owner: 'acme', repo: 'shop' }),
    ).toBe(may)
  })
})
