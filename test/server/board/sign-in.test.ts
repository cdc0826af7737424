import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mayRead, readableRepositories } from '../../../src/server/board/access.ts'
import { githubTokenOf, signedIn, startSession, viewerOf } from '../../../src/server/board/session.ts'
import { addressOfBase } from '../../../src/server/board/sign-in.ts'
import { aBoard, aGatedRepository, type BoardWorld, pickPerson } from '../../support/board.ts'

let world: BoardWorld
let own: number
let foreign: number
beforeAll(async () => {
  world = await aBoard()
  const { github } = world
  for (const login of ['ana', 'eva', 'mallory']) github.addUser(login)
  github.addOrganization('acme', { owners: ['ana'], members: ['eva'] })
  github.addOrganization('other', { owners: ['mallory'] })
  own = await aGatedRepository(world, github.installApp('acme').installationId, {
    owner: 'acme',
    name: 'shop',
  })
  foreign = await aGatedRepository(world, github.installApp('other').installationId, {
    owner: 'other',
    name: 'secret',
  })
  github.setCollaborator('acme/shop', 'eva', 'maintain')
})
afterAll(() => world.close())

const cookieName = '__Host-release-gate'
const withCookie = (value: string) =>
  new Request(`${world.base}/`, { headers: { cookie: `${cookieName}=${value}` } })

describe('signing in', () => {
  test('shows the repositories that the person can read on GitHub, and no other', async () => {
    const browser = world.browser()
    const back = await browser.signIn('eva')
    expect(back.status).toBe(303)
    expect(back.headers.get('location')).toBe(`${world.base}/`)
    const page = await (await browser.get('/')).text()
    expect(page).toContain('acme/shop')
    expect(page).toContain('Signed in as <strong>eva</strong>')
    expect(page).not.toContain('other/secret')
  })

  test('returns to the page that was asked for first', async () => {
    const browser = world.browser()
    const asked = await browser.get('/?tab=%26x')
    expect(asked.status).toBe(303)
    const query = new URL(asked.headers.get('location') ?? '', world.base).searchParams
    const back = await browser.signIn('eva', query.get('return_to') ?? '')
    expect(back.headers.get('location')).toBe(`${world.base}/?tab=%26x`)
  })

  test('requires the state, PKCE and the exact redirect of GitHub', async () => {
    const to = new URL((await world.browser().get('/sign-in/github')).headers.get('location') ?? '')
    expect(to.origin + to.pathname).toBe(`${world.github.url}/login/oauth/authorize`)
    expect(Object.fromEntries(to.searchParams)).toEqual({
      client_id: world.github.signIn.clientId,
      redirect_uri: 'https://gate.example/sign-in/callback',
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  test('sets a cookie that is signed, HttpOnly, SameSite=Lax, and over https Secure, for eight hours', async () => {
    const [cookie] = (await world.browser().signIn('eva')).headers
      .getSetCookie()
      .filter((line) => line.startsWith(`${cookieName}=`))
    expect(cookie?.split('; ').slice(1).sort()).toEqual([
      'HttpOnly',
      'Max-Age=28800',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ])
    expect(decodeURIComponent(cookie ?? '')).toMatch(/^__Host-release-gate=[\w-]{43}\.[\w+/]{43}=;/)
  })

  test('is refused with a reason where the person cancels', async () => {
    const browser = world.browser()
    const answer = await browser.get(await browser.comeBack(undefined))
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('You canceled the sign-in on GitHub.')
    expect((await browser.get('/')).status).toBe(303)
  })

  test('names the setting where GitHub refuses the secret of the App', async () => {
    const browser = world.browser()
    const { signIn } = world.github
    const secret = signIn.clientSecret
    const back = await browser.comeBack('eva')
    signIn.clientSecret = 'another'
    const answer = await browser.get(back).finally(() => {
      signIn.clientSecret = secret
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('GITHUB_CLIENT_SECRET')
    expect(browser.jar.has(cookieName)).toBe(false)
  })
})

describe('an attacker', () => {
  test.each([
    ['no cookie', () => ''],
    ['a token that nobody gave out, unsigned', () => randomBytes(32).toString('base64url')],
    [
      'a token with a signature of another key',
      () => `${randomBytes(32).toString('base64url')}.${'A'.repeat(43)}=`,
    ],
  ])('with a forged session (%s) is signed in as nobody', async (_, value) => {
    expect(await signedIn(world.shell, withCookie(value()))).toBeUndefined()
    const answer = await world.browser().get('/', { cookie: `${cookieName}=${value()}` })
    expect(answer.headers.get('location')).toBe('/sign-in')
  })

  test('cannot use a real token without its signature, nor a token of the command line as a cookie', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    const signed = browser.jar.get(cookieName) ?? ''
    expect(await signedIn(world.shell, withCookie(signed))).toMatchObject({ login: 'eva' })
    const [token = ''] = decodeURIComponent(signed).split('.')
    expect(await signedIn(world.shell, withCookie(token))).toBeUndefined()
    expect(await viewerOf(world.shell, token, 'command line')).toBeUndefined()
  })

  test('with a cookie that was stolen before the logout is refused after it', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    const stolen = withCookie(browser.jar.get(cookieName) ?? '')
    const viewer = await signedIn(world.shell, stolen.clone())
    if (!viewer) throw new Error('not signed in')
    const githubToken = await githubTokenOf(viewer)
    const ended = await browser.post('/sign-out', { csrf: await browser.csrf() })
    expect(ended.headers.get('location')).toBe('/sign-in')
    expect(await signedIn(world.shell, stolen)).toBeUndefined()
    const asked = await fetch(`${world.github.url}/user`, {
      headers: { authorization: `token ${githubToken}` },
    })
    expect(asked.status).toBe(401)
  })

  test('with a session that is older than eight hours is refused', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    await world.database.query(`UPDATE release_gate.sessions SET expires_at = now() - interval '1 second'`)
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
  })

  test('who reads the database finds no token: neither of a session nor of GitHub', async () => {
    const person = { id: 1, login: 'eva', name: undefined }
    const { token } = await startSession(world.shell, person, {
      client: 'board',
      githubToken: 'ghu_canary',
      readable: [],
    })
    const rows = JSON.stringify(await world.database.query('SELECT * FROM release_gate.sessions'))
    expect(rows).not.toContain(token)
    expect(rows).not.toContain('ghu_')
    const viewer = await viewerOf(world.shell, token, 'board')
    expect(viewer && (await githubTokenOf(viewer))).toBe('ghu_canary')
  })

  test('cannot sign a person out, or order anything, from another site', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    const csrf = await browser.csrf()
    const other = world.browser()
    await other.signIn('mallory')
    const attempts: [Record<string, string>, Record<string, string>][] = [
      [{}, {}],
      [{ csrf: 'x'.repeat(43) }, {}],
      [{ csrf: await other.csrf() }, {}],
      [{ csrf }, { origin: 'https://evil.example' }],
      [{ csrf }, { origin: 'null' }],
      [{ csrf }, { 'sec-fetch-site': 'cross-site' }],
      [{ csrf }, { 'sec-fetch-site': 'same-site' }],
    ]
    for (const [fields, headers] of attempts)
      expect((await browser.post('/sign-out', fields, headers)).status).toBe(403)
    expect((await browser.get('/')).status).toBe(200)
  })

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'evil.example',
    '@evil.example',
  ])('cannot send anyone elsewhere after the sign-in: %j', async (returnTo) => {
    const location = (await world.browser().signIn('eva', returnTo)).headers.get('location') ?? ''
    expect(new URL(location, 'https://elsewhere.example').origin).toBe(world.base)
  })

  test('cannot finish a sign-in that another browser began, nor one without a state', async () => {
    const victim = world.browser()
    const attacker = world.browser()
    const back = await attacker.comeBack('mallory')
    expect((await victim.get(back)).status).toBe(400)
    await victim.comeBack('eva')
    expect((await victim.get(back)).status).toBe(400)
    expect((await victim.get(back.replace(/state=[^&]+/, 'state='))).status).toBe(400)
    expect((await victim.get('/sign-in/callback?code=x')).status).toBe(400)
    expect((await victim.get('/')).status).toBe(303)
  })

  test('cannot use a state or a code again', async () => {
    const browser = world.browser()
    const back = await browser.comeBack('eva')
    const [name, value] = [...browser.jar][0] ?? ['', '']
    expect((await browser.get(back)).status).toBe(303)
    const again = world.browser()
    again.jar.set(name, value)
    const reused = await again.get(back)
    expect(reused.status).toBe(400)
    // By the bot itself, before GitHub is asked about the code.
    expect(await reused.text()).toContain('or it was finished already')

    const other = world.browser()
    const fresh = new URL(await other.comeBack('mallory'))
    fresh.searchParams.set('code', new URL(back).searchParams.get('code') ?? '')
    const refused = await other.get(fresh.href)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('bad_verification_code')
  })

  test('cannot use a code that another browser was given: the proof of PKCE is missing', async () => {
    const code = new URL(await world.browser().comeBack('eva')).searchParams.get('code') ?? ''
    const attacker = world.browser()
    const back = new URL(await attacker.comeBack('mallory'))
    back.searchParams.set('code', code)
    expect((await attacker.get(back.href)).status).toBe(400)
    expect((await attacker.get('/')).status).toBe(303)
  })

  test('cannot fix a session: the sign-in gives a new one and ends the one before', async () => {
    const attacker = world.browser()
    await attacker.signIn('mallory')
    const planted = attacker.jar.get(cookieName) ?? ''
    const victim = world.browser()
    victim.jar.set(cookieName, planted)
    await victim.signIn('eva')
    expect(victim.jar.get(cookieName)).not.toBe(planted)
    expect(await signedIn(world.shell, withCookie(planted))).toBeUndefined()
    expect(await (await victim.get('/')).text()).toContain('<strong>eva</strong>')
  })

  test('cannot frame a page, and no page runs inline code', async () => {
    const browser = world.browser()
    for (const path of ['/', '/sign-in', '/sign-in/callback']) {
      const { headers } = await browser.get(path)
      expect(headers.get('x-frame-options')).toBe('DENY')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/)
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  test('cannot bring code in by a login name', async () => {
    const person = { id: 2, login: '"><img src=x onerror=alert(1)>', name: undefined }
    const { token } = await startSession(world.shell, person, {
      client: 'board',
      githubToken: 'x',
      readable: [],
    })
    const browser = world.browser()
    await browser.signIn('eva')
    await world.database.query('UPDATE release_gate.sessions SET login = $1', [person.login])
    const page = await (await browser.get('/')).text()
    expect(page).toContain('&lt;img src=x')
    expect(page).not.toContain('<img')
    expect(await viewerOf(world.shell, token, 'board')).toMatchObject({ login: person.login })
  })

  test('cannot try sign-ins without end', async () => {
    const fresh = await aBoard()
    const browser = fresh.browser()
    const statuses = []
    for (let tries = 0; tries < 40; tries++) statuses.push((await browser.get('/sign-in/github')).status)
    expect(statuses.filter((status) => status === 302)).toHaveLength(30)
    expect(statuses.at(-1)).toBe(429)
    await fresh.close()
  })

  test('cannot keep others with the same address from finishing what they began, and is limited there too', async () => {
    const fresh = await aBoard()
    fresh.github.addUser('eva')
    const victim = fresh.browser()
    const back = await victim.comeBack('eva')
    const attacker = fresh.browser(victim.address)
    const statuses = []
    for (let tries = 0; tries < 40; tries++)
      statuses.push((await attacker.get('/sign-in/callback?state=x&code=x')).status)
    expect([...new Set(statuses)]).toEqual([400, 429])
    expect((await attacker.get('/sign-in/github')).status).toBe(429)
    expect((await victim.get(back)).status).toBe(303)
    expect((await victim.get('/')).status).toBe(200)
    await fresh.close()
  })

  test('behind a trusted proxy uses up the sign-ins of its own address alone', async () => {
    const fresh = await aBoard({ trustedProxies: 1 })
    const [attacker, other] = [fresh.browser('10.0.0.1'), fresh.browser('10.0.0.1')]
    const via = (address: string) => ({ 'x-forwarded-for': address })
    for (let tries = 0; tries < 31; tries++)
      await attacker.get('/sign-in/github', via(`203.0.113.${tries}, 192.0.2.66`))
    expect((await attacker.get('/sign-in/github', via('192.0.2.66'))).status).toBe(429)
    expect((await other.get('/sign-in/github', via('192.0.2.67'))).status).toBe(302)
    await fresh.close()
  })
})

describe('what a person can read', () => {
  test('is known by the id of the repository, and costs no request for five minutes', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    const viewer = await signedIn(world.shell, withCookie(browser.jar.get(cookieName) ?? ''))
    if (!viewer) throw new Error('not signed in')
    const before = world.github.requests.peopleCounts.all
    expect(await mayRead(world.shell, viewer, own)).toBe(true)
    expect(await mayRead(world.shell, viewer, foreign)).toBe(false)
    for (let views = 0; views < 10; views++) await browser.get('/')
    expect(world.github.requests.peopleCounts.all).toBe(before)
  })

  test('is read again after five minutes, once for all views at that time', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    world.github.setCollaborator('acme/shop', 'eva', null)
    expect(await (await browser.get('/')).text()).toContain('acme/shop')
    await world.database.query(`UPDATE release_gate.sessions SET readable_at = now() - interval '6 minutes'`)
    const viewer = await signedIn(world.shell, withCookie(browser.jar.get(cookieName) ?? ''))
    if (!viewer) throw new Error('not signed in')
    const before = world.github.requests.peopleCounts.all
    await Promise.all([1, 2, 3].map(() => readableRepositories(world.shell, viewer)))
    expect(world.github.requests.peopleCounts.all - before).toBe(1)
    expect(await (await browser.get('/')).text()).not.toContain('acme/shop')
    world.github.setCollaborator('acme/shop', 'eva', 'maintain')
  })

  test('is not shown where GitHub does not tell', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    await world.database.query(`UPDATE release_gate.sessions SET readable_at = now() - interval '6 minutes'`)
    world.github.faults.add({ kind: 'status', status: 502, path: '/user/installations', times: 1 })
    const page = await browser.get('/')
    expect(page.status).toBe(502)
    const text = await page.text()
    expect(text).toContain('GitHub answered 502.')
    expect(text).not.toContain('acme/shop')
  })

  test('does not keep a person signed in who signs out while GitHub does not answer', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    const csrf = await browser.csrf()
    const cookie = browser.jar.get(cookieName) ?? ''
    await world.database.query(`UPDATE release_gate.sessions SET readable_at = now() - interval '6 minutes'`)
    const mend = world.github.faults.add({ kind: 'status', status: 502, path: '/**' })
    const ended = await browser.post('/sign-out', { csrf })
    mend()
    expect(ended.headers.get('location')).toBe('/sign-in')
    expect(await signedIn(world.shell, withCookie(cookie))).toBeUndefined()
  })

  test('ends with the access that the person gave the App on GitHub', async () => {
    const browser = world.browser()
    await browser.signIn('eva')
    await world.database.query(`UPDATE release_gate.sessions SET readable_at = now() - interval '6 minutes'`)
    world.github.faults.add({ kind: 'status', status: 401, path: '/user/installations', times: 1 })
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
  })
})

describe('a board on loopback that is opened by another name', () => {
  test.each([
    [
      'http://127.0.0.1:3000',
      'http://localhost:3000',
      'http://127.0.0.1:3000/sign-in/github?return_to=%2Fpulls',
    ],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000', undefined],
    [
      'http://localhost:3000',
      'http://127.0.0.1:3000',
      'http://localhost:3000/sign-in/github?return_to=%2Fpulls',
    ],
    ['http://127.0.0.1:3000', 'http://evil.example:3000', undefined],
    ['https://gate.example', 'http://localhost', undefined],
    ['https://gate.example', 'https://other.example', undefined],
  ])('at %s, as %s, begins the sign-in at the address that the cookies belong to', (base, asked, to) => {
    const request = new Request(`${asked}/sign-in/github?return_to=%2Fpulls`)
    expect(addressOfBase(base, request)).toBe(to)
  })
})

describe('a form that is too large', () => {
  test.each([
    ['with its length', {}],
    ['in pieces', { 'transfer-encoding': 'chunked' }],
  ])('is refused as that, %s, and not as an answer of GitHub', async (_, headers) => {
    const browser = world.browser()
    await browser.signIn('eva')
    const answer = await browser.post('/freeze', { reason: 'x'.repeat(70_000) }, headers)
    expect(answer.status).toBe(413)
    const text = await answer.text()
    expect(text).toContain('The form is too large')
    expect(text).not.toContain('GitHub answered')
  })
})

test('a path without a page is 404 for everybody, and nothing is 404 that needs a sign-in', async () => {
  const nobody = world.browser()
  expect((await nobody.get('/wp-admin')).status).toBe(404)
  expect((await nobody.get('/', { accept: 'text/event-stream' })).status).toBe(401)
  expect((await nobody.post('/sign-out', {})).status).toBe(401)
})

test('a browser that asks for a page that is not there gets one with a way back, also for a change that it cannot see', async () => {
  const browser = world.browser()
  await browser.signIn('eva')
  for (const path of ['/wp-admin', '/changes/acme/nothing/1']) {
    const answer = await browser.get(path, { accept: 'text/html' })
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
      path,
      404,
      'text/html; charset=UTF-8',
    ])
    const text = await answer.text()
    expect(text).toContain('There is no such page')
    expect(text).toContain('<a href="/">')
  }
  expect(await (await browser.get('/wp-admin', { accept: 'application/json' })).json()).toEqual({
    error: 'Not found.',
  })
})

test('GitHub sends nobody to an address that is not a callback of the App', async () => {
  const query = new URLSearchParams({
    client_id: world.github.signIn.clientId,
    redirect_uri: 'https://evil.example/sign-in/callback',
    state: 'x',
  })
  const response = await fetch(`${world.github.url}/login/oauth/authorize?${query}`, { redirect: 'manual' })
  const location = new URL(response.headers.get('location') ?? '')
  expect(location.origin).toBe(world.base)
  expect(location.searchParams.get('error')).toBe('redirect_uri_mismatch')
  expect(await pickPerson(world.github, `${world.github.url}/login/oauth/authorize?${query}`, 'eva')).toBe('')
})
