import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/rest'
import { Hono } from 'hono'
import { SignJWT } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTokens, jwtOnly } from '../../../src/sandbox/github/auth.ts'
import type { GitHubContext } from '../../../src/sandbox/github/context.ts'
import { serve } from '../serve.ts'
import { APP_ID, aJwt, appKeys, keyPair } from './identities.ts'

const HOUR = 3_600_000
const UNDECODABLE = 'A JSON web token could not be decoded'

afterEach(() => void vi.useRealTimers())

function aGitHub() {
  const tokens = createTokens({ appId: APP_ID, publicKey: appKeys.publicPem })
  const app = new Hono<GitHubContext>()
  app.use(tokens.middleware)
  app.get('/whoami', (c) => c.json(c.var.actor))
  app.get('/app', jwtOnly(), (c) => c.json({ id: APP_ID }))
  app.post('/app/installations/:id/access_tokens', jwtOnly(), (c) => {
    const { token, expiresAt } = tokens.forInstallation(APP_ID, Number(c.req.param('id')))
    return c.json({ token, expires_at: expiresAt, permissions: {} }, 201)
  })
  async function ask(authorization?: string, path = '/whoami') {
    const answer = await app.request(path, authorization === undefined ? {} : { headers: { authorization } })
    return { status: answer.status, body: await answer.json() }
  }
  return { app, tokens, ask }
}

describe('who a request comes from', () => {
  it('is anonymous without an Authorization header', async () => {
    expect(await aGitHub().ask()).toEqual({ status: 200, body: { kind: 'anonymous' } })
  })

  it.each(['token', 'Bearer', 'bearer'])('is the person whose token comes as "%s"', async (scheme) => {
    const { tokens, ask } = aGitHub()
    const token = tokens.forUser({ id: 11, login: 'ana' })
    expect(token).toMatch(/^ghp_[A-Za-z0-9]{36}$/)
    expect((await ask(`${scheme} ${token}`)).body).toEqual({ kind: 'user', userId: 11, login: 'ana', token })
  })

  it('is the installation whose token git sends as the password', async () => {
    const { tokens, ask } = aGitHub()
    const { token } = tokens.forInstallation(APP_ID, 3)
    expect(token).toMatch(/^ghs_[A-Za-z0-9]{36}$/)
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
    expect((await ask(`Basic ${basic}`)).body).toEqual({
      kind: 'installation',
      appId: APP_ID,
      installationId: 3,
      token,
    })
  })

  it('is the App when its JWT is right, and another App once it was added', async () => {
    const { tokens, ask } = aGitHub()
    expect((await ask(`Bearer ${await aJwt()}`)).body).toEqual({ kind: 'app', appId: APP_ID })
    const other = keyPair()
    const jwt = await aJwt({ iss: 8, key: other.privateKey })
    expect((await ask(`Bearer ${jwt}`)).status).toBe(404)
    tokens.addApp(8, other.publicPem)
    expect((await ask(`Bearer ${jwt}`)).body).toEqual({ kind: 'app', appId: 8 })
  })

  it("is found for octokit with the App's key, which mints an installation token alone", async () => {
    const { app } = aGitHub()
    const baseUrl = await serve(app)
    const auth = { appId: APP_ID, privateKey: appKeys.privatePem, installationId: 5 }
    const bot = new Octokit({ baseUrl, authStrategy: createAppAuth, auth })
    const { data } = await bot.request('GET /whoami')
    expect(data).toMatchObject({ kind: 'installation', appId: APP_ID, installationId: 5 })
  })
})

describe('a token that is not valid', () => {
  it.each([
    ['a token that nobody minted', 'token ghp_000000000000000000000000000000000000'],
    ['an unknown scheme', 'Digest abc'],
    ['an empty header', ''],
    ['a password that is not a token', `Basic ${Buffer.from('ana:secret').toString('base64')}`],
  ])('answers 401 "Bad credentials" to %s', async (_, authorization) => {
    const { status, body } = await aGitHub().ask(authorization)
    expect(status).toBe(401)
    expect(body).toMatchObject({
      message: 'Bad credentials',
      documentation_url: expect.stringContaining('https://docs.github.com/'),
    })
  })

  it("is an installation token after an hour of real time, and no sooner; a person's lives on", async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 24, 18) })
    const { tokens, ask } = aGitHub()
    const { token, expiresAt } = tokens.forInstallation(APP_ID, 1)
    const personal = tokens.forUser({ id: 11, login: 'ana' })
    expect(expiresAt).toBe('2026-11-24T19:00:00Z')
    vi.setSystemTime(Date.now() + HOUR - 1)
    expect((await ask(`token ${token}`)).status).toBe(200)
    vi.setSystemTime(Date.now() + 1)
    expect((await ask(`token ${token}`)).status).toBe(401)
    expect((await ask(`token ${personal}`)).status).toBe(200)
  })

  it('is one of a revoked installation (401), but not one of another installation', async () => {
    const { tokens, ask } = aGitHub()
    const gone = tokens.forInstallation(APP_ID, 1).token
    const kept = tokens.forInstallation(APP_ID, 2).token
    tokens.revokeInstallation(1)
    expect(await ask(`token ${gone}`)).toMatchObject({ status: 401, body: { message: 'Bad credentials' } })
    expect((await ask(`token ${kept}`)).status).toBe(200)
  })

  it('is one of a suspended installation (403) until the suspension ends', async () => {
    const { tokens, ask } = aGitHub()
    const { token } = tokens.forInstallation(APP_ID, 1)
    tokens.suspendInstallation(1)
    expect(await ask(`token ${token}`)).toMatchObject({
      status: 403,
      body: { message: 'This installation has been suspended' },
    })
    tokens.suspendInstallation(1, false)
    expect((await ask(`token ${token}`)).status).toBe(200)
  })
})

describe('a JWT that is not valid', () => {
  const now = () => Math.floor(Date.now() / 1000)

  it.each([
    ['was signed with another key', () => aJwt({ key: keyPair().privateKey }), 401, UNDECODABLE],
    ['is not a JWT', () => Promise.resolve('not.a.jwt'), 401, UNDECODABLE],
    ['comes from an unknown App', () => aJwt({ iss: 99 }), 404, 'Integration not found'],
    ['has expired', () => aJwt({ exp: now() - 1 }), 401, "'Expiration time' claim ('exp') must be"],
    ['lives longer than 10 minutes', () => aJwt({ exp: now() + 660 }), 401, 'too far in the future'],
    ['was issued in the future', () => aJwt({ iat: now() + 60 }), 401, "'Issued at' claim ('iat')"],
  ])('is refused when it %s', async (_, jwt, status, message) => {
    const answer = await aGitHub().ask(`Bearer ${await jwt()}`)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ message: expect.stringContaining(message) })
  })

  it('is refused without an expiry', async () => {
    const jwt = await new SignJWT({ iss: String(APP_ID) })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(appKeys.privateKey)
    expect((await aGitHub().ask(`Bearer ${jwt}`)).status).toBe(401)
  })

  it('is refused when it was signed with the public key as a shared secret', async () => {
    const secret = new TextEncoder().encode(appKeys.publicPem)
    const claims = { iss: String(APP_ID), exp: now() + 60 }
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    expect(await aGitHub().ask(`Bearer ${jwt}`)).toMatchObject({
      status: 401,
      body: { message: UNDECODABLE },
    })
  })
})

describe("what only the App's JWT may ask", () => {
  it('is refused to installations, people and anonymous calls', async () => {
    const { tokens, ask } = aGitHub()
    const { token } = tokens.forInstallation(APP_ID, 1)
    for (const who of [`token ${token}`, `token ${tokens.forUser({ id: 11, login: 'ana' })}`, undefined]) {
      expect(await ask(who, '/app')).toMatchObject({ status: 401, body: { message: UNDECODABLE } })
    }
    expect((await ask(`Bearer ${await aJwt()}`, '/app')).status).toBe(200)
  })
})
