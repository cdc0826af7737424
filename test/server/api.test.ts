import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Alert } from '../../src/decision/incidents/alert.ts'
import { type ApiShell, apiApp } from '../../src/server/api.ts'
import { personClient } from '../../src/services/github/person-client.ts'
import { readRecords } from '../../src/store/audit.ts'
import { exemptionFact } from '../../src/store/exemptions.ts'
import { activeFreezes } from '../../src/store/freezes.ts'
import { saveIncident } from '../../src/store/incidents.ts'
import { decided, facts, settings } from '../decision/incidents/building.ts'
import { aBoard, aGatedRepository, type BoardWorld } from '../support/board.ts'
import { factsOf, keepVerdict } from '../support/board-world.ts'

const operatorToken = 'operator-token-of-the-test-0123456789'
let world: BoardWorld
let send: (path: string, body: object, token?: string) => Promise<Response>
let installation: number
const alerts: Alert[] = []
const ends: object[] = []
const incidents: ApiShell['incidents'] = {
  destination: async () => ({ installationId: installation, owner: 'acme', repo: 'shop' }),
  takeIn: async (alert) => {
    alerts.push(alert)
    return { owner: 'acme', repo: 'shop' }
  },
  end: async ({ number }, order) => {
    if (number === 8) return 'Its issue is still there.'
    ends.push({ number, ...order })
    return undefined
  },
}

beforeAll(async () => {
  world = await aBoard({ freezeTeams: ['acme/captains', 'other/captains'] })
  const { github } = world
  for (const login of ['olga', 'mia', 'wes', 'cleo', 'mallory', 'solo']) github.addUser(login)
  github.addOrganization('acme', { owners: ['olga'], members: ['mia', 'wes', 'cleo'] })
  github.addTeam('acme', 'captains', { members: ['cleo'] })
  github.addOrganization('other', { owners: ['mallory'] })
  github.addTeam('other', 'captains', { members: ['mallory'] })
  installation = github.installApp('acme').installationId
  await aGatedRepository(world, installation, { owner: 'acme', name: 'shop' })
  await aGatedRepository(world, github.installApp('other').installationId, { owner: 'other', name: 'tool' })
  await aGatedRepository(world, github.installApp('solo').installationId, { owner: 'solo', name: 'pet' })
  github.addCustomRole('acme', 'release-lead', 'maintain')
  github.setCollaborator('acme/shop', 'mia', 'maintain')
  github.setCollaborator('acme/shop', 'wes', 'write')
  github.setCollaborator('acme/shop', 'cleo', 'read')
  const queue = { ...world.shell.queue, enqueueAll: async () => undefined }
  const api = apiApp({ ...world.shell, queue, operatorToken, incidents })
  let calls = 0
  send = async (path, body, token) =>
    api.fetch(
      new Request(`${world.base}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      }),
      { incoming: { socket: { remoteAddress: `192.0.2.${++calls % 250}` } } },
    )
})
beforeEach(async () => {
  await world.database.query('DELETE FROM release_gate.freezes')
  await world.database.query('DELETE FROM release_gate.freeze_orders')
})
afterAll(() => world.close())

const now = () => new Date().toISOString()
const freezes = async () =>
  (await activeFreezes(world.database, world.shell.now())).map(({ scope, by }) => [scope, by])
const jsonOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as object),
})

/** Asks a bot that is another one in some part. */
const ask = async (path: string, body: object, token: string, more: Partial<ApiShell>) => {
  const queue = { ...world.shell.queue, enqueueAll: async () => undefined }
  const api = apiApp({ ...world.shell, queue, operatorToken, incidents, ...more })
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${token}` },
  }
  return jsonOf(await api.fetch(new Request(`${world.base}${path}`, init)))
}

/** Signs in as the command line does; the person answers on GitHub's page. Undefined: they deny it. */
async function login(person: string | undefined): Promise<Response> {
  const { deviceCode, userCode } = (await (await send('/api/login', {})).json()) as Record<string, string>
  const form = { user_code: userCode ?? '', ...(person === undefined ? {} : { login: person }) }
  await fetch(`${world.github.url}/login/device`, { method: 'POST', body: new URLSearchParams(form) })
  return send('/api/login/token', { deviceCode })
}
async function tokenOf(person: string): Promise<string> {
  return ((await (await login(person)).json()) as { token: string }).token
}
const freeze = async (token: string | undefined, scope: object, more: object = {}) =>
  jsonOf(
    await send('/api/freeze', { action: 'freeze', reason: 'Ledger', at: now(), ...scope, ...more }, token),
  )

const shop = { repository: 'acme/shop' }

describe('an order', () => {
  test.each([
    ['mia', shop, 'mia (maintain)'],
    ['olga', { repository: 'ACME/shop' }, 'olga (admin)'],
    ['olga', { organization: 'Acme' }, 'olga (owner of acme)'],
    ['cleo', { organization: 'acme' }, 'cleo (acme/captains)'],
    ['solo', { organization: 'solo' }, 'solo (owner of solo)'],
  ])('of %s for %o is signed with what GitHub says: %s', async (person, scope, by) => {
    expect(await freeze(await tokenOf(person), scope)).toMatchObject({ status: 200, frozen: true })
    expect((await freezes()).map(([, who]) => who)).toEqual([by])
  })

  test.each([
    ['wes', shop, 403, 'wes has the role write on acme/shop. This needs maintain or admin.'],
    ['cleo', shop, 403, 'cleo has the role read on acme/shop'],
    ['mia', { organization: 'acme' }, 403, 'mia is neither an owner of acme nor in a team'],
    ['mallory', { organization: 'acme' }, 403, 'mallory is neither an owner of acme'],
    ['olga', {}, 403, 'olga is neither an owner of every organization'],
    ['mallory', shop, 404, 'release-gate does not know a policy for acme/shop'],
    ['olga', { repository: 'acme/none' }, 404, 'release-gate does not know a policy for acme/none'],
    ['olga', { organization: 'none' }, 404, 'release-gate does not know a policy of none'],
  ])('of %s for %o is refused with %i: %s', async (person, scope, status, says) => {
    const answer = await freeze(await tokenOf(person), scope)
    expect(answer).toMatchObject({ status, error: expect.stringContaining(says) })
    expect(await freezes()).toEqual([])
  })

  test('counts with a custom role that is built on maintain', async () => {
    world.github.setCollaborator('acme/shop', 'wes', 'release-lead')
    expect(await freeze(await tokenOf('wes'), shop)).toMatchObject({ status: 200 })
    expect(await freezes()).toEqual([['acme/shop', 'wes (release-lead)']])
    world.github.setCollaborator('acme/shop', 'wes', 'write')
  })

  test('is recorded with the person, by id, and with their authority at the order', async () => {
    await freeze(await tokenOf('mia'), shop)
    const records = []
    for await (const { kind, body } of readRecords(world.database, installation))
      if (kind === 'frozen') records.push(body)
    expect(records.at(-1)).toMatchObject({
      scope: 'acme/shop',
      authority: 'maintain',
      person: {
        login: 'mia',
        id: world.github.world.accounts.values().find(({ login }) => login === 'mia')?.id,
      },
    })
  })

  test('counts only with the permission at the order, not with the one at the sign-in', async () => {
    const token = await tokenOf('mia')
    world.github.setCollaborator('acme/shop', 'mia', 'write')
    expect(await freeze(token, shop)).toMatchObject({ status: 403 })
    world.github.setCollaborator('acme/shop', 'mia', 'maintain')
    expect(await freeze(token, shop)).toMatchObject({ status: 200 })
  })

  test('of a person whose login belongs to somebody else now is refused', async () => {
    const token = await tokenOf('mia')
    world.github.renameUser('mia', 'mia-old')
    world.github.addUser('mia')
    world.github.setCollaborator('acme/shop', 'mia', 'admin')
    expect(await freeze(token, shop)).toMatchObject({
      status: 403,
      error: expect.stringContaining('role none'),
    })
    world.github.deleteUser('mia')
    world.github.renameUser('mia-old', 'mia')
  })

  test('is not carried out where GitHub does not tell the permission', async () => {
    const token = await tokenOf('mia')
    world.github.faults.add({
      kind: 'status',
      status: 502,
      path: '/repos/acme/shop/collaborators/mia/permission',
      times: 1,
    })
    expect(await freeze(token, shop)).toMatchObject({ status: 502 })
    expect(await freezes()).toEqual([])
  })

  test('does not end the session of a person where GitHub refuses the App, and not the person', async () => {
    const token = await tokenOf('mia')
    const wrongKey = { github: async () => personClient(world.github.url, 'no-token-of-anyone') }
    const order = { action: 'freeze', reason: 'Ledger', at: now(), ...shop }
    expect(await ask('/api/freeze', order, token, wrongKey)).toEqual({
      status: 502,
      error: 'GitHub answered 401. Nothing was changed. Try again in a minute.',
    })
    expect(await freezes()).toEqual([])
    expect(await freeze(token, shop)).toMatchObject({ status: 200 })
  })

  test('ends the session where GitHub refuses the person’s own token', async () => {
    const token = await tokenOf('mia')
    await world.database.query(`UPDATE release_gate.sessions SET readable_at = now() - interval '6 minutes'`)
    world.github.faults.add({ kind: 'status', status: 401, path: '/user/installations', times: 1 })
    expect(await freeze(token, shop)).toMatchObject({ status: 401 })
    expect(await freeze(token, shop)).toMatchObject({ status: 401 })
    expect(await freezes()).toEqual([])
  })

  test('of a script is recorded as the operator’s, for every scope', async () => {
    expect(await freeze(operatorToken, {})).toMatchObject({ status: 200 })
    expect(await freeze(operatorToken, shop)).toMatchObject({ status: 200 })
    expect(await freezes()).toEqual([
      ['*', 'operator token'],
      ['acme/shop', 'operator token'],
    ])
  })

  test('that names its own author is refused, and so is one that has no reason', async () => {
    const by = { by: 'olga', orderer: { authority: 'admin' } }
    expect(await freeze(operatorToken, shop, by)).toMatchObject({ status: 400 })
    expect(await freeze(operatorToken, shop, { reason: undefined })).toMatchObject({ status: 400 })
    expect(await freeze(operatorToken, { ...shop, organization: 'acme' })).toMatchObject({ status: 400 })
    expect(await freezes()).toEqual([])
  })
})

describe('orders of machines whose clocks differ', () => {
  const off = (minutes: number) => ({ at: new Date(Date.now() + minutes * 60_000).toISOString() })
  const unfreeze = (scope: object, more: object) =>
    freeze(operatorToken, scope, { action: 'unfreeze', reason: undefined, ...more })
  const scopes = [{ scope: shop }, { scope: { organization: 'acme' } }, { scope: {} }]

  test.each(scopes)('freeze $scope after one to unfreeze by a clock that is ahead', async ({ scope }) => {
    expect(await unfreeze(scope, off(4))).toMatchObject({ status: 200 })
    expect(await freeze(operatorToken, scope)).toMatchObject({ status: 200, frozen: true })
    expect(await freezes()).toHaveLength(1)
  })

  test.each(scopes)('unfreeze $scope after one to freeze by a clock that is ahead', async ({ scope }) => {
    expect(await freeze(operatorToken, scope, off(4))).toMatchObject({ status: 200 })
    expect(await unfreeze(scope, off(0))).toMatchObject({ status: 200, frozen: false })
    expect(await freezes()).toEqual([])
  })

  test('freeze at the same millisecond, and the last one counts', async () => {
    const same = off(0)
    expect(await unfreeze(shop, same)).toMatchObject({ status: 200 })
    for (const reason of ['Ledger', 'Payments'])
      expect(await freeze(operatorToken, shop, { ...same, reason })).toMatchObject({ status: 200 })
    expect(await freezes()).toHaveLength(1)
  })

  test.each([-6, 6, -60 * 24])('freeze by a clock that is %i minutes off', async (minutes) => {
    expect(await freeze(operatorToken, shop, off(minutes))).toMatchObject({ status: 200, frozen: true })
  })

  test.each([
    [-6, 'The request is more than five minutes old. Check the clocks of both machines.'],
    [6, 'The request is more than five minutes ahead of the bot. Check the clocks of both machines.'],
  ])('unfreeze nothing by a clock that is %i minutes off', async (minutes, error) => {
    await freeze(operatorToken, shop)
    expect(await unfreeze(shop, off(minutes))).toEqual({ status: 400, error })
    expect(await freezes()).toHaveLength(1)
  })

  test('unfreeze nothing that was frozen after they were sent', async () => {
    const before = off(-1)
    await freeze(operatorToken, shop)
    expect(await unfreeze(shop, before)).toEqual({
      status: 409,
      error:
        'A request that was sent later has already been carried out. If yours is the later one, check the clock of your machine.',
    })
    expect(await freezes()).toHaveLength(1)
  })
})

describe('who is not known', () => {
  test.each([
    ['no token', () => undefined],
    ['an unknown token', () => 'x'.repeat(43)],
    ['the webhook secret', () => world.github.app.webhookSecret],
    ['a personal token of GitHub', () => world.github.tokenFor('olga')],
    ['an empty operator token', () => ''],
  ])('gets 401 with %s', async (_, token) => {
    expect(await freeze(token(), {})).toMatchObject({
      status: 401,
      error: expect.stringContaining('release-gate login'),
    })
    expect((await send('/api/status', {}, token())).status).toBe(401)
  })

  test('gets 401 with the cookie of a board, whose session is for the board alone', async () => {
    const browser = world.browser()
    await browser.signIn('olga')
    const [token = ''] = decodeURIComponent(browser.jar.get('__Host-release-gate') ?? '').split('.')
    expect(await freeze(token, { organization: 'acme' })).toMatchObject({ status: 401 })
  })

  test('is everybody by the operator’s token where the bot has none', async () => {
    const api = apiApp({
      ...world.shell,
      queue: { ...world.shell.queue, enqueueAll: async () => undefined },
      operatorToken: undefined,
      incidents,
    })
    const request = new Request(`${world.base}/api/status`, {
      method: 'POST',
      headers: { authorization: 'Bearer undefined' },
    })
    expect((await api.fetch(request)).status).toBe(401)
  })
})

describe('an error', () => {
  const unreachable = new Error('connect ECONNREFUSED db-7.internal.example:5432')
  const broken = { query: () => Promise.reject(unreachable) } as unknown as ApiShell['database']

  test('never says what only the operator may know', async () => {
    for (const token of ['x'.repeat(43), operatorToken])
      expect(await ask('/api/status', {}, token, { database: broken })).toEqual({
        status: 502,
        error:
          'Something went wrong; the log of the bot has more. Nothing was changed. Try again in a minute.',
      })
  })

  test('that was written for people is passed on', async () => {
    const signIn = { clientId: 'c', clientSecret: 's', apiUrl: 'http://127.0.0.1:1' }
    expect(await ask('/api/login', {}, '', { signIn })).toMatchObject({
      status: 502,
      error: expect.stringMatching(/^GitHub cannot be reached at http:\/\/127\.0\.0\.1:1\. /),
    })
  })

  test('of an own kind that carries a status is not taken for an answer of GitHub', async () => {
    const destination = () => Promise.reject(Object.assign(new Error('a secret host'), { status: 418 }))
    const order = {
      id: '3c0fd8b5-9d0b-4a0a-8f43-1b1f1f0b7a11',
      title: 'x',
      severity: null,
      component: null,
      at: now(),
    }
    const failing = { incidents: { ...incidents, destination } }
    const answer = await ask('/api/incidents', order, operatorToken, failing)
    expect(answer).toMatchObject({ status: 502, error: expect.not.stringMatching(/GitHub|secret/) })
  })
})

test('a request that is too large is refused as that', async () => {
  expect(await freeze(operatorToken, {}, { reason: 'x'.repeat(70_000) })).toMatchObject({
    status: 413,
    error: 'The request is too large.',
  })
  expect(await freezes()).toEqual([])
})

describe('sign-ins at the command line are limited by address', () => {
  const from = async (address: string, path: string, more: Partial<ApiShell> = {}, headers = {}) => {
    const queue = { ...world.shell.queue, enqueueAll: async () => undefined }
    const api = apiApp({ ...world.shell, queue, operatorToken, incidents, ...more })
    const env = { incoming: { socket: { remoteAddress: address } } }
    return (times: number, more: object = {}) =>
      Array.fromAsync({ length: times }, async () => {
        const body = JSON.stringify({ deviceCode: 'no' })
        const init = { method: 'POST', body, headers: { ...headers, ...more } }
        return (await api.fetch(new Request(`${world.base}${path}`, init), env)).status
      })
  }
  const count = (statuses: number[], wanted: number) => statuses.filter((status) => status === wanted).length

  test('ten starts a minute', async () => {
    const start = await from('192.0.2.1', '/api/login')
    const statuses = await start(11)
    expect(count(statuses, 200)).toBe(10)
    expect(statuses.at(-1)).toBe(429)
  })

  test('sixty polls a minute, and behind a trusted proxy sixty of each client', async () => {
    const poll = await from('10.0.0.1', '/api/login/token', { trustedProxies: 1 })
    const statuses = await poll(61, { 'x-forwarded-for': '192.0.2.1' })
    expect(count(statuses, 400)).toBe(60)
    expect(statuses.at(-1)).toBe(429)
    expect(await poll(1, { 'x-forwarded-for': '192.0.2.2' })).toEqual([400])
  })
})

describe('a sign-in at the command line', () => {
  test('is refused where the person denies it', async () => {
    expect(await jsonOf(await login(undefined))).toMatchObject({
      status: 403,
      error: expect.stringContaining('denied'),
    })
  })

  test('waits until the person has answered', async () => {
    const { deviceCode } = (await (await send('/api/login', {})).json()) as { deviceCode: string }
    expect(await jsonOf(await send('/api/login/token', { deviceCode }))).toEqual({
      status: 200,
      pending: true,
    })
  })

  test('tells how to allow it in the settings of the App', async () => {
    world.github.signIn.deviceFlow = false
    expect(await jsonOf(await send('/api/login', {}))).toMatchObject({
      status: 403,
      error: expect.stringContaining('Enable Device Flow'),
    })
    world.github.signIn.deviceFlow = true
  })

  test('ends with the logout: its token is refused from then on', async () => {
    const token = await tokenOf('olga')
    expect((await send('/api/status', {}, token)).status).toBe(200)
    expect((await send('/api/logout', {}, token)).status).toBe(200)
    expect((await send('/api/status', {}, token)).status).toBe(401)
  })
})

describe('an incident', () => {
  const report = async (token: string) => {
    const id = '3c0fd8b5-9d0b-4a0a-8f43-1b1f1f0b7a11'
    const order = { id, title: 'Payments fail', severity: 'P1', component: null, since: now(), at: now() }
    return (await send('/api/incidents', order, token)).status
  }

  test('is opened by who can write to its repository, and says who it was', async () => {
    expect(await report(await tokenOf('wes'))).toBe(200)
    expect(await report(operatorToken)).toBe(200)
    expect(alerts.map(({ by }) => by)).toEqual(['wes (write)', 'operator token'])
    const [wes, script] = alerts.splice(0)
    expect(wes?.byId).toEqual(expect.any(Number))
    expect(script).not.toHaveProperty('byId')
  })

  test.each(['cleo', 'mallory'])('is not opened by %s, who cannot', async (person) => {
    expect(await report(await tokenOf(person))).toBe(403)
    expect(alerts).toEqual([])
  })
})

describe('an incident without a title', () => {
  test.each(['', ' ', '\u200b\u2060', '\u202e \n'])('%j is not opened', async (title) => {
    const order = {
      id: '3c0fd8b5-9d0b-4a0a-8f43-1b1f1f0b7a12',
      title,
      severity: 'P1',
      component: null,
      since: now(),
      at: now(),
    }
    expect((await send('/api/incidents', order, operatorToken)).status).toBe(400)
    expect(alerts).toEqual([])
  })
})

describe('the end of an incident whose issue is gone', () => {
  beforeAll(async () => {
    for (const number of [7, 8]) {
      const repository = { installationId: installation, repositoryId: 1, owner: 'acme', repo: 'shop' }
      const stored = { facts: facts(), incident: decided(), settings, digest: '' }
      await saveIncident(world.database, { repository, number, governedBy: repository, ...stored })
    }
  })
  const end = async (token: string, incident = 'acme/shop#7', reason = ' a duplicate ') =>
    (await send('/api/incidents/end', { incident, reason, at: now() }, token)).status

  test('is ordered by who can write to its repository, with a reason', async () => {
    expect(await end(await tokenOf('wes'))).toBe(200)
    expect(ends.splice(0)).toEqual([{ number: 7, by: 'wes (write)', reason: 'a duplicate' }])
  })

  test.each([
    ['someone who cannot write there', 'cleo', 'acme/shop#7', 'x', 404],
    ['a stranger', 'mallory', 'acme/shop#7', 'x', 404],
    ['someone with several lines of text', 'wes', 'acme/shop#7', 'x\nWed, Nov 25  Closed', 400],
    ['someone with an escape sequence', 'wes', 'acme/shop#7', 'x\u001b[2J', 400],
    ['someone without a reason', 'wes', 'acme/shop#7', ' ', 400],
    ['someone who names none', 'wes', 'acme/shop#9', 'x', 404],
    ['someone who could close its issue', 'wes', 'acme/shop#8', 'x', 409],
  ])('is not ordered by %s', async (_, person, incident, reason, status) => {
    expect(await end(await tokenOf(person), incident, reason)).toBe(status)
    expect(ends).toEqual([])
  })
})

test('the status shows a person what they can read on GitHub, and a script everything', async () => {
  const names = async (token: string) => {
    const { repositories } = (await (await send('/api/status', {}, token)).json()) as {
      repositories: { repository: string }[]
    }
    return repositories.map(({ repository }) => repository)
  }
  expect(await names(await tokenOf('mia'))).toEqual(['acme/shop'])
  expect(await names(await tokenOf('mallory'))).toEqual(['other/tool'])
  expect(await names(operatorToken)).toEqual(['acme/shop', 'other/tool', 'solo/pet'])
})

describe('an exemption from freezes', () => {
  const exempt = async (token: string | undefined, more: object = {}) => {
    const order = {
      action: 'order',
      ...shop,
      number: 1,
      reason: 'Tax',
      until: '2099-01-01T00:00:00Z',
      at: now(),
    }
    return jsonOf(await send('/api/exempt', { ...order, ...more }, token))
  }
  test.each([
    ['the operator, who is no person', async () => operatorToken, 403, 'takes two people'],
    ['someone with write access', () => tokenOf('cleo'), 403, 'needs maintain or admin'],
    ['nobody', async () => undefined, 401, 'does not know who you are'],
    [
      'a maintainer, of a pull request that is not known',
      () => tokenOf('mia'),
      404,
      'no open pull request acme/shop#1',
    ],
  ])('is not ordered by %s', async (_, token, status, says) => {
    expect(await exempt(await token())).toMatchObject({ status, error: expect.stringContaining(says) })
  })

  test('is not ordered by who maintains another repository under the old name of a renamed one', async () => {
    const { github, database } = world
    const renamed = await aGatedRepository(world, installation, { owner: 'acme', name: 'desk' })
    const desk = { installationId: installation, repositoryId: renamed, owner: 'acme', repo: 'desk' }
    await keepVerdict(database, factsOf(desk, 1))
    const ofDesk = { repository: 'acme/desk' }
    github.setCollaborator('acme/desk', 'mia', 'maintain')
    github.setCollaborator('acme/desk', 'wes', 'read')
    expect(await exempt(await tokenOf('mia'), ofDesk)).toMatchObject({ status: 200 })
    github.renameRepository('acme/desk', 'counter')
    await github.addRepository({ owner: 'acme', name: 'desk', private: true })
    github.setCollaborator('acme/desk', 'wes', 'maintain')
    const wes = await tokenOf('wes')
    const unknown = { status: 404, error: expect.stringContaining('does not know a policy for acme/desk') }
    const revoke = { ...ofDesk, action: 'revoke', reason: undefined, until: undefined }
    expect(await exempt(wes, ofDesk)).toMatchObject(unknown)
    expect(await exempt(wes, revoke)).toMatchObject(unknown)
    expect(await freeze(wes, ofDesk)).toMatchObject(unknown)
    expect(await freezes()).toEqual([])
    const standing = await exemptionFact(database, { ...desk, number: 1 }, world.shell.now())
    expect(standing.exemption).toMatchObject({ by: 'mia', reason: 'Tax' })
  })

  test('needs a reason, an end and a fresh request', async () => {
    const token = await tokenOf('mia')
    for (const wrong of [
      { reason: ' ' },
      { until: 'tomorrow' },
      { at: '2026-01-01T00:00:00Z' },
      { by: 'olga' },
    ])
      expect(await exempt(token, wrong)).toMatchObject({ status: 400 })
  })
})
