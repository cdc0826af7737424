import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { appKey } from '../support/app-key.ts'

const root = join(import.meta.dirname, '../..')
const children: ChildProcess[] = []
const folders: string[] = []
let enterprise: Awaited<ReturnType<typeof startEnterprise>>

/** An Enterprise Server as far as the setup needs it: it exchanges a code for the credentials of the new App. */
async function startEnterprise() {
  const app = {
    id: 77,
    client_id: 'Iv1.1',
    client_secret: 'client-secret',
    webhook_secret: 'secret-of-the-new-app',
    pem: appKey,
  }
  const fake = { codes: [] as string[], answer: undefined as { status: number; body: object } | undefined }
  const server = createServer((request, response) => {
    fake.codes.push(`${request.method} ${request.url}`)
    const html_url = `http://${request.headers.host}/github-apps/release-gate`
    const { status, body } = fake.answer ?? { status: 201, body: { ...app, html_url } }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(fake, { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** A working folder with `app.yml`. */
function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'setup-'))
  folders.push(folder)
  copyFileSync(join(root, 'app.yml'), join(folder, 'app.yml'))
  return folder
}

function start(folder: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'start'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, PORT: '0', ...env },
  })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (said.out += chunk))
  child.stderr.on('data', (chunk) => (said.err += chunk))
  return { child, said }
}

/** Starts the set-up page and waits until its address is printed. */
async function open(env: Record<string, string> = {}) {
  const folder = aFolder()
  const { child, said } = start(folder, env)
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => said.out.includes('Start again afterwards') && resolve())
    child.once('exit', () => reject(new Error(`The page did not open:\n${said.err}`)))
  })
  const url = new URL(/http:\S+/.exec(said.out)?.[0] ?? '')
  return { folder, said, url, origin: url.origin, token: url.pathname.split('/')[1] ?? '' }
}

type Page = Awaited<ReturnType<typeof open>>

/** A request as a program sends it: `fetch` would not let a test choose the Host. */
function ask(
  page: Page,
  path: string,
  { method = 'GET', headers = {}, body = '' } = {},
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: page.url.port, path, method, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

const unescaped = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')

/** What the review page would send to GitHub. */
async function review(page: Page, answers: Record<string, string>) {
  const { status, text } = await ask(page, `${page.url.pathname}/review?${new URLSearchParams(answers)}`)
  const action = new URL(/<form method="post" action="([^"]*)"/.exec(text)?.[1] ?? 'none:')
  const manifest = JSON.parse(unescaped(/name="manifest" value="([^"]*)"/.exec(text)?.[1] ?? '{}'))
  return { status, text, manifest, action, state: action.searchParams.get('state') ?? '' }
}

const ours = { owner: 'organization', organization: 'acme' }
const hook = 'https://203.0.113.7/api/github/webhooks'

let page: Page
beforeAll(async () => {
  enterprise = await startEnterprise()
  page = await open({ GITHUB_API_URL: `${enterprise.url}/api/v3`, WEBHOOK_URL: hook, GH_ORG: 'acme' })
})
afterAll(async () => {
  for (const child of children) child.kill()
  enterprise.server.close()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

describe('who can use the setup page', () => {
  test('the printed URL opens it, and it is not stored, framed, scripted or sent on as a referrer', async () => {
    const first = await ask(page, page.url.pathname)
    expect(first).toMatchObject({
      status: 200,
      text: expect.stringContaining('<h1>Set up release-gate</h1>'),
    })
    expect(first.headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringMatching(
        new RegExp(`^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' ${enterprise.url}; `),
      ),
    })
    expect(first.headers).not.toHaveProperty('set-cookie')
  })

  test('it is filled in from GH_ORG and WEBHOOK_URL', async () => {
    const { text } = await ask(page, page.url.pathname)
    expect(text).toContain('name="organization" type="text" value="acme"')
    expect(text).toContain(`name="webhookUrl" type="url" value="${hook}"`)
  })

  test.each(['evil.test', 'evil.test:3000', '127.0.0.1.evil.test', '10.0.0.1', '127.0.0.1@evil.test'])(
    'a foreign Host "%s" is refused, even with the token',
    async (host) => {
      const answer = await ask(page, page.url.pathname, { headers: { host } })
      expect(answer.status).toBeOneOf([400, 403])
      expect(answer.text).not.toContain(page.token)
    },
  )

  test.each(['https://evil.test', 'http://127.0.0.1:1', 'null'])(
    'a foreign Origin %s is refused with 403, even with the token and the state, and nothing is written',
    async (origin) => {
      const { state } = await review(page, ours)
      const answer = await ask(page, `/${page.token}/created?code=1&state=${state}`, { headers: { origin } })
      expect(answer.status).toBe(403)
      expect(enterprise.codes).toEqual([])
      expect(existsSync(join(page.folder, '.env'))).toBe(false)
    },
  )

  test.each([
    '/',
    '/review',
    '/created?code=1',
    '/next',
    '/wrong-token',
    '/wrong-token/review',
    '//review',
    '/probot/setup',
  ])('without the token %s is 404', async (path) => {
    expect((await ask(page, path)).status).toBe(404)
  })

  test.each(['', '&state=', '&state=guessed'])(
    'a code that comes back with the state "%s" is not used: someone else may have obtained it',
    async (state) => {
      const answer = await ask(page, `/${page.token}/created?code=stolen${state}`)
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('the code was not used') })
      expect(enterprise.codes).toEqual([])
    },
  )
})

describe('the first page', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'no organization',
      { organization: '' },
      'Type the name of the organization, or choose your own account.',
    ],
    ['a URL as the organization', { organization: 'github.com/acme' }, 'not the name of an organization'],
    ['a path as the organization', { organization: '../acme' }, 'not the name of an organization'],
    ['plain http', { webhookUrl: 'http://gate.test/api/github/webhooks' }, 'must begin with https://'],
    ['localhost', { webhookUrl: 'https://localhost/api/github/webhooks' }, 'is this machine itself'],
    [
      'an address of this machine',
      { webhookUrl: 'https://127.8.0.1/api/github/webhooks' },
      'is this machine itself',
    ],
    [
      'another path',
      { webhookUrl: 'https://203.0.113.7/hook' },
      'Use https://203.0.113.7/api/github/webhooks',
    ],
    ['no URL', { webhookUrl: 'gate.test' }, 'This is not a URL'],
  ])('with %s says what to fix, keeps what was typed, and sends nobody to GitHub', async (_, wrong, says) => {
    const typed = { ...ours, webhookUrl: hook, ...wrong }
    const { status, text } = await review(page, typed)
    expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining(says) })
    expect(text).not.toContain('settings/apps/new')
    for (const value of Object.values(typed).slice(1)) expect(unescaped(text)).toContain(`value="${value}"`)
  })

  test('what is typed is shown as text', async () => {
    const { text } = await review(page, { ...ours, organization: '"><script>alert(1)</script>' })
    expect(text).not.toContain('<script>')
  })
})

describe('the manifest that GitHub gets', () => {
  const app = parse(readFileSync(join(root, 'app.yml'), 'utf8'))

  test('has the permissions and events of app.yml, without merge queues on an Enterprise Server, and is not public', async () => {
    const { manifest, action } = await review(page, { ...ours, webhookUrl: hook })
    expect(manifest).toEqual({
      ...app,
      public: false,
      default_events: app.default_events.filter((name: string) => name !== 'merge_group'),
      hook_attributes: { url: hook, active: true },
      redirect_url: `${page.origin}/${page.token}/created`,
      callback_urls: [`${new URL(hook).origin}/sign-in/callback`],
    })
    expect(`${action.origin}${action.pathname}`).toBe(
      `${enterprise.url}/organizations/acme/settings/apps/new`,
    )
  })

  test('for an own account on github.com goes to its settings; without a webhook URL it has one that receives nothing', async () => {
    const other = await open()
    const { manifest, action, text } = await review(other, {
      owner: 'user',
      organization: '',
      webhookUrl: '',
    })
    expect(manifest.hook_attributes.url).toMatch(/^https:\/\/[\w-]+\.invalid\//)
    expect(manifest.hook_attributes.url).not.toContain(other.token)
    expect(manifest.default_events).toEqual(app.default_events)
    expect(manifest.callback_urls).toEqual([`${other.origin}/sign-in/callback`])
    expect(`${action.origin}${action.pathname}`).toBe('https://github.com/settings/apps/new')
    expect(text).toContain('Not set yet')
  })

  test('the review gives each permission with its reason', async () => {
    const { text } = await review(page, ours)
    for (const name of Object.keys(app.default_permissions))
      expect(text).toMatch(new RegExp(`<dt>${name.replaceAll('_', ' ')}: (read|write)</dt><dd>[^<]+</dd>`))
  })
})

describe('the credentials', () => {
  const written = () => parseEnv(readFileSync(join(page.folder, '.env'), 'utf8'))
  const state = async () => (await review(page, { ...ours, webhookUrl: hook })).state

  test('before them, the pages behind the creation lead back to the start', async () => {
    for (const path of ['next', 'policy?repository=acme/payments'])
      expect(await ask(page, `/${page.token}/${path}`)).toMatchObject({
        status: 303,
        headers: { location: page.url.pathname },
      })
  })

  test.each<[string, number, object, string]>([
    ['refuses the code', 404, { message: 'Not Found' }, 'GitHub did not accept the code.'],
    ['is broken', 500, {}, 'GitHub answered 500 instead of the new App.'],
    ['answers without a key', 201, { id: 77 }, 'not with the credentials of an App'],
  ])('are not written when GitHub %s, and the page says so', async (_, status, body, says) => {
    enterprise.answer = { status, body }
    const answer = await ask(page, `/${page.token}/created?code=abc&state=${await state()}`)
    enterprise.answer = undefined
    expect(answer).toMatchObject({ status: 502, text: expect.stringContaining(says) })
    expect(existsSync(join(page.folder, '.env'))).toBe(false)
  })

  test('come back from GitHub for the code and are written to .env, which only its owner can read', async () => {
    writeFileSync(join(page.folder, '.env'), '# ours\nLOG_LEVEL=debug\nAPP_ID=\n', { mode: 0o644 })
    enterprise.codes.length = 0
    const answer = await ask(page, `/${page.token}/created?code=a%2Fb&state=${await state()}`)
    expect(answer).toMatchObject({ status: 303, headers: { location: `/${page.token}/next` } })
    expect(enterprise.codes).toEqual(['POST /api/v3/app-manifests/a%2Fb/conversions'])
    expect(written()).toEqual({
      LOG_LEVEL: 'debug',
      APP_ID: '77',
      WEBHOOK_SECRET: 'secret-of-the-new-app',
      PRIVATE_KEY: appKey.trim(),
      GITHUB_CLIENT_ID: 'Iv1.1',
      GITHUB_CLIENT_SECRET: 'client-secret',
      PUBLIC_URL: new URL(hook).origin,
    })
    expect(readFileSync(join(page.folder, '.env'), 'utf8')).toMatch(/^# ours\n/)
    expect(statSync(join(page.folder, '.env')).mode & 0o777).toBe(0o600)
    expect(page.said.out).toContain('The credentials are in .env')
    expect(page.said.out + page.said.err).not.toContain('secret-of-the-new-app')
    expect(readSettings(written())).toMatchObject({ ok: true, settings: { appId: 77 } })
  })

  test('a reload of the last page does not send the code again, and shows where to install', async () => {
    const { status, text } = await ask(page, `/${page.token}/next`)
    expect(status).toBe(200)
    expect(text).toContain(`href="${enterprise.url}/github-apps/release-gate/installations/new"`)
    expect(text).not.toContain('placeholder')
    expect(enterprise.codes).toHaveLength(1)
  })

  test('the editor of GitHub opens with a policy that is valid', async () => {
    const { status, headers } = await ask(page, `/${page.token}/policy?repository=acme/payments&branch=trunk`)
    expect(status).toBe(303)
    const url = new URL(String(headers.location))
    expect(`${url.origin}${url.pathname}`).toBe(`${enterprise.url}/acme/payments/new/trunk`)
    expect(url.searchParams.get('filename')).toBe('.github/release-gate.yml')
    expect(parsePolicy(url.searchParams.get('value') ?? '')).toMatchObject({ ok: true })
  })

  test.each(['payments', 'https://github.com/acme/payments', '//evil.test', 'acme/payments/x'])(
    'a repository "%s" that is not owner/name stays on the page',
    async (repository) => {
      const query = new URLSearchParams({ repository })
      const { status, text } = await ask(page, `/${page.token}/policy?${query}`)
      expect({ status, text }).toEqual({
        status: 400,
        text: expect.stringContaining('for example acme/payments'),
      })
    },
  )
})

describe('when the page does not open', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    [
      'in production',
      { NODE_ENV: 'production' },
      /APP_ID: is not set[\s\S]*WEBHOOK_SECRET: is not set[\s\S]*PRIVATE_KEY: is not set/,
    ],
    ['with only some of the credentials', { APP_ID: '1' }, /WEBHOOK_SECRET: is not set/],
    ['with another wrong setting', { PORT: 'x' }, /PORT: is not a port/],
  ])('%s, `start` says what is wrong and ends with 2', async (_, env, says) => {
    const { child, said } = start(aFolder(), env)
    const [code] = await once(child, 'close')
    expect({ code, out: said.out }).toEqual({ code: 2, out: '' })
    expect(said.err).toMatch(/^release-gate cannot start:\n/)
    expect(said.err).toMatch(says)
  })

  test('away from app.yml, which alone says what the App may do', async () => {
    const folder = aFolder()
    rmSync(join(folder, 'app.yml'))
    const { child, said } = start(folder, {})
    const [code] = await once(child, 'close')
    expect({ code, err: said.err }).toEqual({
      code: 2,
      err: expect.stringMatching(/app\.yml: not found .* Start in the release-gate folder/),
    })
  })

  test('on a port that is taken', async () => {
    const { child, said } = start(aFolder(), { PORT: page.url.port })
    const [code] = await once(child, 'close')
    expect({ code, err: said.err }).toEqual({
      code: 2,
      err: expect.stringMatching(/PORT: the port is already in use\. Stop the other program/),
    })
  })
})
