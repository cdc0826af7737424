import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type SandboxGitHub, startGitHub } from '../../../src/sandbox/github/start.ts'

/** Signing in with an App, as GitHub documents it. */

let github: SandboxGitHub
beforeAll(async () => {
  github = await startGitHub()
  for (const login of ['olga', 'ben']) github.addUser(login)
  github.addOrganization('acme', { owners: ['olga'] })
  github.addOrganization('other', { owners: ['olga'] })
  for (const [owner, name, secret] of [
    ['acme', 'shop', true],
    ['acme', 'site', false],
    ['other', 'tool', true],
  ] as const)
    await github.addRepository({ owner, name, private: secret })
  github.setCollaborator('acme/shop', 'ben', 'triage')
  github.installApp('acme')
  github.signIn.callbackUrls = ['https://gate.example/back']
})
afterEach(() => void vi.restoreAllMocks())
afterAll(() => github.close())

const verifier = 'a'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')
const redirect_uri = 'https://gate.example/back'
const client = () => ({ client_id: github.signIn.clientId, client_secret: github.signIn.clientSecret })
const later = (minutes: number) => {
  const at = Date.now() + minutes * 60_000
  vi.spyOn(Date, 'now').mockReturnValue(at)
}

async function codeFor(login: string): Promise<string> {
  const fields = {
    ...client(),
    redirect_uri,
    state: 's',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    login,
  }
  const body = new URLSearchParams(fields)
  const { headers } = await fetch(`${github.url}/login/oauth/authorize`, {
    method: 'POST',
    body,
    redirect: 'manual',
  })
  return new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''
}
async function post(path: string, fields: Record<string, string>) {
  const headers = { accept: 'application/json' }
  const response = await fetch(`${github.url}${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(fields),
  })
  const answer = (await response.json()) as Partial<Record<string, string>>
  return { ...answer, status: response.status } as Partial<Record<string, string>> & { status: number }
}
const exchange = (fields: Record<string, string>) => post('/login/oauth/access_token', fields)
const device = async () => post('/login/device/code', { client_id: github.signIn.clientId })
const poll = (device_code: string, grant_type = 'urn:ietf:params:oauth:grant-type:device_code') =>
  exchange({ client_id: github.signIn.clientId, device_code, grant_type })
const answer = (fields: Record<string, string>) =>
  fetch(`${github.url}/login/device`, { method: 'POST', body: new URLSearchParams(fields) })

describe('the web flow', () => {
  test('gives a code for a token, once', async () => {
    const fields = { ...client(), code: await codeFor('olga'), redirect_uri, code_verifier: verifier }
    expect(await exchange(fields)).toMatchObject({
      status: 200,
      access_token: expect.stringMatching(/^ghu_/),
      token_type: 'bearer',
      scope: '',
      expires_in: 28_800,
    })
    expect(await exchange(fields)).toMatchObject({ status: 200, error: 'bad_verification_code' })
  })

  test.each<[string, Record<string, string>, string]>([
    ['an unknown code', { code: 'none' }, 'bad_verification_code'],
    ['another secret', { client_secret: 'x' }, 'incorrect_client_credentials'],
    ['another client', { client_id: 'Iv1.0' }, 'incorrect_client_credentials'],
    ['another redirect', { redirect_uri: 'https://gate.example/back/' }, 'redirect_uri_mismatch'],
    ['another verifier', { code_verifier: 'b'.repeat(43) }, 'bad_verification_code'],
    ['no verifier', { code_verifier: '' }, 'bad_verification_code'],
  ])('refuses %s with 200 and the error', async (_, wrong, error) => {
    const good = { ...client(), code: await codeFor('olga'), redirect_uri, code_verifier: verifier }
    expect(await exchange({ ...good, ...wrong })).toMatchObject({
      status: 200,
      error,
      error_uri: expect.any(String),
    })
  })

  test('refuses a code of more than ten minutes', async () => {
    const code = await codeFor('olga')
    later(11)
    const fields = { ...client(), code, redirect_uri, code_verifier: verifier }
    expect(await exchange(fields)).toMatchObject({ error: 'bad_verification_code' })
  })

  test('answers with a form where it is not asked for JSON', async () => {
    const response = await fetch(`${github.url}/login/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({ ...client(), code: 'none' }),
    })
    expect(new URLSearchParams(await response.text()).get('error')).toBe('bad_verification_code')
  })

  test('sends back who cancels, with the state', async () => {
    const body = new URLSearchParams({ ...client(), redirect_uri, state: 'mine' })
    const { headers } = await fetch(`${github.url}/login/oauth/authorize`, {
      method: 'POST',
      body,
      redirect: 'manual',
    })
    const back = new URL(headers.get('location') ?? '')
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 'mine' })
  })
})

describe('the device flow', () => {
  test('waits for the person, slows down who polls too fast, and gives a token once', async () => {
    const { device_code = '', user_code = '', verification_uri } = await device()
    expect(verification_uri).toBe(`${github.url}/login/device`)
    expect(await poll(device_code)).toMatchObject({ error: 'authorization_pending' })
    expect(await poll(device_code)).toMatchObject({ error: 'slow_down', interval: 10 })
    await answer({ user_code, login: 'ben' })
    later(1)
    expect(await poll(device_code)).toMatchObject({ access_token: expect.stringMatching(/^ghu_/) })
    expect(await poll(device_code)).toMatchObject({ error: 'incorrect_device_code' })
  })

  test('refuses who denied it, a code of 15 minutes, another grant, and an App that does not allow it', async () => {
    const denied = await device()
    await answer({ user_code: denied.user_code ?? '' })
    expect(await poll(denied.device_code ?? '')).toMatchObject({ error: 'access_denied' })
    const old = await device()
    expect(await poll(old.device_code ?? '', 'other')).toMatchObject({ error: 'unsupported_grant_type' })
    later(16)
    expect(await poll(old.device_code ?? '')).toMatchObject({ error: 'expired_token' })
    expect((await answer({ user_code: old.user_code ?? '', login: 'ben' })).status).toBe(422)
    github.signIn.deviceFlow = false
    expect(await device()).toMatchObject({ error: 'device_flow_disabled' })
    github.signIn.deviceFlow = true
  })
})

describe('the token of a person', () => {
  const tokenFor = async (login: string) => {
    const fields = { ...client(), code: await codeFor(login), redirect_uri, code_verifier: verifier }
    return (await exchange(fields)).access_token ?? ''
  }
  const ask = async (token: string, path: string) => {
    const response = await fetch(`${github.url}${path}`, { headers: { authorization: `token ${token}` } })
    return { status: response.status, body: (await response.json()) as unknown }
  }

  test('reads what both the person and the App can: no other organization, and nothing without the permission', async () => {
    const [olga, ben] = [await tokenFor('olga'), await tokenFor('ben')]
    expect((await ask(olga, '/user')).body).toMatchObject({ login: 'olga' })
    const statuses = async (token: string, paths: string[]) =>
      Promise.all(paths.map(async (path) => (await ask(token, path)).status))
    expect(await statuses(olga, ['/repos/acme/shop', '/repos/acme/site', '/repos/other/tool'])).toEqual([
      200, 200, 404,
    ])
    expect(await statuses(ben, ['/repos/acme/shop', '/repos/acme/site'])).toEqual([200, 200])
    delete github.app.permissions.checks
    expect(await statuses(olga, ['/repos/acme/shop/commits/main/check-runs'])).toEqual([403])
    github.app.permissions.checks = 'write'
  })

  test('lists the installations and the repositories that the person was given, not what is only public', async () => {
    const list = async (login: string) => {
      const token = await tokenFor(login)
      const { installations } = (await ask(token, '/user/installations')).body as {
        installations: { id: number }[]
      }
      const [first] = installations
      const path = `/user/installations/${first?.id}/repositories`
      const { repositories } = (await ask(token, path)).body as {
        repositories: { name: string; permissions: object }[]
      }
      return { count: installations.length, repositories }
    }
    expect(await list('olga')).toMatchObject({ count: 1, repositories: [{ name: 'shop' }, { name: 'site' }] })
    expect(await list('ben')).toMatchObject({
      count: 1,
      repositories: [
        { name: 'shop', permissions: { pull: true, triage: true, push: false, maintain: false } },
      ],
    })
    expect((await ask(github.tokenFor('olga'), '/user/installations')).status).toBe(403)
  })

  test('ends where the App ends it, and after eight hours', async () => {
    const [ended, old] = [await tokenFor('olga'), await tokenFor('olga')]
    const { client_id, client_secret } = client()
    const end = (secret: string) =>
      fetch(`${github.url}/applications/${client_id}/token`, {
        method: 'DELETE',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}`,
        },
        body: JSON.stringify({ access_token: ended }),
      })
    expect((await end('another')).status).toBe(404)
    expect((await ask(ended, '/user')).status).toBe(200)
    await end(client_secret)
    expect((await ask(ended, '/user')).status).toBe(401)
    later(8 * 60 + 1)
    expect((await ask(old, '/user')).status).toBe(401)
  })
})
