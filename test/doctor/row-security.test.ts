import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowSecurityDrift, rowSecuritySettings } from '../../src/decision/row-security.ts'
import { compareRuns } from '../../src/doctor/drift.ts'
import { rowSecurityDiagnoses } from '../../src/doctor/row-security.ts'
import { readServers } from '../../src/settings/servers.ts'
import { aPostgresUrl } from '../support/databases.ts'

/** What a policy file declares about row-level security, against a real Postgres. */

const own = { name: 'own', command: 'select', roles: ['diner'], using: '(diner = CURRENT_USER)' }
const declared = (tables: object[], more: object = {}) =>
  rowSecuritySettings.parse({ server: 'staging', tables, ...more })
const rewards = { table: 'public.rewards', policies: [own] }
const actual = (what: object = {}) => ({
  ...{ table: 'public.rewards', enabled: true, forced: false },
  policies: [{ ...own, permissive: true, check: null }],
  ...what,
})
const whats = (tables: object[], found: ReturnType<typeof actual>[]) =>
  rowSecurityDrift(declared(tables), found).map(({ what }) => what)

describe('the comparison', () => {
  test('finds nothing where all is as declared, whatever the line breaks', () => {
    const broken = actual({
      policies: [{ ...own, using: '(diner =\n   CURRENT_USER)', permissive: true, check: null }],
    })
    expect(whats([rewards], [actual()])).toEqual([])
    expect(whats([rewards], [broken])).toEqual([])
  })

  test.each<[string, object, RegExp]>([
    ['row-level security that is off', { enabled: false }, /enabled is off, declared on/],
    ['force that is on', { forced: true }, /forced is on, declared off/],
    ['a policy that is gone', { policies: [] }, /own on public.rewards is declared and not in the database/],
    [
      'another expression',
      { policies: [{ ...own, using: 'true', permissive: true, check: null }] },
      /differs .* in its USING/,
    ],
    [
      'another command',
      { policies: [{ ...own, command: 'all', permissive: true, check: null }] },
      /in its command/,
    ],
    [
      'other roles',
      { policies: [{ ...own, roles: ['public'], permissive: true, check: null }] },
      /in its roles/,
    ],
    [
      'a restrictive policy',
      { policies: [{ ...own, permissive: false, check: null }] },
      /whether it is permissive/,
    ],
    [
      'one policy more',
      { policies: [...actual().policies, { ...actual().policies[0], name: 'all' }] },
      /policy all on public.rewards is not declared/,
    ],
  ])('finds %s', (_, what, said) => {
    const found = whats([rewards], [actual(what)])
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(said)
  })

  test('finds a table that nobody declared, and a declared one that is gone', () => {
    expect(whats([rewards], [actual(), actual({ table: 'public.notes', enabled: false })])).toEqual([
      'The table public.notes is not declared; its row-level security is off.',
    ])
    expect(whats([rewards], [])).toEqual(['The declared table public.rewards is not in the database.'])
  })
})

describe('a real Postgres', () => {
  const role = `d${randomUUID().replaceAll('-', '')}`
  let owner: pg.Client
  let url: string
  const policy = () => `gates: { approvals: {} }
row_security:
  server: staging
  tables:
    - table: public.rewards
      policies: [{ name: own, command: select, roles: [${role}], using: "(diner = CURRENT_USER)" }]
`
  const kept = () => ({ owner: 'acme', repo: 'shop', installationId: 1, repositoryId: 2, text: policy() })
  const serversAt = (databaseUrl: string, repositories = 'acme/shop') =>
    readServers({
      SERVER_STAGING_URL: 'https://staging.example/mcp',
      SERVER_STAGING_REPOSITORIES: repositories,
      SERVER_STAGING_DATABASE_URL: databaseUrl,
    }).servers
  const look = (before: Parameters<typeof rowSecurityDiagnoses>[2] = [], servers = serversAt(url)) =>
    rowSecurityDiagnoses([kept() as never], servers, before)
  beforeAll(async () => {
    url = await aPostgresUrl()
    owner = new pg.Client({ connectionString: url })
    await owner.connect()
    await owner.query(`
      create role ${role};
      create table rewards (diner text, amount int);
      alter table rewards enable row level security;
      create policy own on rewards for select to ${role} using (diner = current_user)`)
  })
  afterAll(async () => {
    await owner.query(`drop owned by ${role}; drop role ${role}`)
    await owner.end()
  })

  test('that is as declared has no drift', async () => {
    expect(await look()).toEqual([])
  })

  test('that has drifted is announced once, and its end too', async () => {
    await owner.query('alter table rewards disable row level security')
    const first = compareRuns([], await look())
    expect(first.appeared.map(({ what }) => what)).toEqual([
      'Row-level security of public.rewards: enabled is off, declared on.',
    ])
    const again = compareRuns(first.remember, await look(first.remember))
    expect([again.appeared, again.fixed]).toEqual([[], []])

    const blind = compareRuns(
      again.remember,
      await look(again.remember, serversAt('postgres://u:secret-word@127.0.0.1:1/x')),
    )
    expect(blind.fixed).toEqual([])
    expect(blind.appeared).toMatchObject([{ rule: 'row-security-unreadable' }])
    expect(JSON.stringify(blind)).not.toContain('secret-word')

    await owner.query('alter table rewards enable row level security')
    const fixed = compareRuns(blind.remember, await look(blind.remember))
    expect(fixed.fixed.map(({ rule }) => rule).sort()).toEqual(['row-security', 'row-security-unreadable'])
  })

  const lookWithout = (
    before: Parameters<typeof rowSecurityDiagnoses>[2],
    text = 'gates: { approvals: {} }\n',
  ) => rowSecurityDiagnoses([{ ...kept(), text } as never], serversAt(url), before)

  test('that has drifted is not fixed where the policy no longer declares it: that is announced once, until it is compared again', async () => {
    await owner.query('alter table rewards disable row level security')
    const first = compareRuns([], await look())
    const removed = compareRuns(first.remember, await lookWithout(first.remember))
    expect(removed.fixed).toEqual([])
    expect(removed.appeared.map(({ what }) => what)).toEqual([
      'Row-level security is no longer compared: the policy has no `row_security`. 1 difference was open.',
    ])
    const again = compareRuns(removed.remember, await lookWithout(removed.remember))
    expect([again.appeared, again.fixed]).toEqual([[], []])

    await owner.query('alter table rewards enable row level security')
    const back = compareRuns(again.remember, await look(again.remember))
    expect(back.fixed.map(({ rule }) => rule).sort()).toEqual(['row-security', 'row-security-unreadable'])
    expect(compareRuns(back.remember, await lookWithout(back.remember))).toMatchObject({
      appeared: [],
      fixed: [],
    })
  })

  test('of a repository without a policy file is carried over where it has drifted, and not where it is unknown', async () => {
    const drift = { severity: 'error' as const, rule: 'row-security', about: 'x', what: 'x', fix: 'x' }
    const before = ['acme/other', 'acme/unknown'].map((repository) => ({ ...drift, repository }))
    const known = [{ owner: 'acme', repo: 'other' }]
    const found = await rowSecurityDiagnoses([], serversAt(url), before, known)
    expect(found.map(({ repository, rule }) => [repository, rule])).toEqual([
      ['acme/other', 'row-security-unreadable'],
      ['acme/other', 'row-security'],
    ])
  })

  test.each([
    ['another repository', () => serversAt(url, 'acme/other')],
    ['no database', () => readServers({}).servers],
  ])('is not read for %s', async (_, servers) => {
    expect(await look([], servers())).toMatchObject([
      { severity: 'warning', what: expect.stringContaining('not compared') },
    ])
  })
})
