import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { appKey } from '../support/app-key.ts'

const root = join(import.meta.dirname, '../..')
const children: ChildProcess[] = []
const folders: string[] = []
let enterprise: { server: Server; url: string; codes: string[] }

/** An Enterprise Server as far as the set-up needs it: it exchanges a code for the credentials of the new App. */
async function startEnterprise() {
  const codes: string[] = []
  const server = createServer((request, response) => {
    codes.push(`${request.method} ${request.url}`)
    response.writeHead(201, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        id: 77,
        client_id: 'Iv1.1',
        client_secret: 'client-secret',
        webhook_secret: 'secret-of-the-new-app',
        pem: appKey,
        html_url: `${enterprise.url}/github-apps/release-gate`,
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, codes, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A working folder with `app.yml`, and an `npx` that tells when it was called: Probot reaches smee.io through it. */
function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'setup-'))
  folders.push(folder)
  copyFileSync(join(root, 'app.yml'), join(folder, 'app.yml'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'npx'), `#!/bin/sh\ntouch ${folder}/npx-was-called\nexit 1\n`, {
    mode: 0o755,
  })
  return folder
}

function start(folder: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'start'], {
    cwd: folder,
    env: { PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, PORT: '0', ...env },
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

/** The manifest as a browser reads it out of the page: the attribute ends at the first apostrophe. */
async function manifestOf(page: Page) {
  const { text } = await ask(page, page.url.pathname)
  return {
    manifest: JSON.parse(/value='([^']*)'/.exec(text)?.[1] ?? ''),
    action: /<form action="([^"]*)" method="post"/.exec(text)?.[1],
  }
}

let page: Page
beforeAll(async () => {
  enterprise = await startEnterprise()
  page = await open({
    GITHUB_API_URL: `${enterprise.url}/api/v3`,
    WEBHOOK_URL: 'https://gate.test/api/github/webhooks',
  })
})
afterAll(async () => {
  for (const child of children) child.kill()
  enterprise.server.close()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

describe('who may use the set-up page', () => {
  const cookie = () => ({ cookie: `setup=${page.token}` })

  test('the printed address opens it, and its cookie opens what it links to', async () => {
    const first = await ask(page, page.url.pathname)
    expect(first).toMatchObject({ status: 200, text: expect.stringContaining('Register GitHub App') })
    expect(first.headers['set-cookie']).toEqual([`setup=${page.token}; HttpOnly; SameSite=Strict; Path=/`])
    expect(first.headers['referrer-policy']).toBe('no-referrer')
    expect((await ask(page, '/probot/static/primer.css', { headers: cookie() })).status).toBe(200)
    expect((await ask(page, '/probot/import', { headers: cookie() })).status).toBe(200)
  })

  test.each(['evil.test', 'evil.test:3000', '127.0.0.1.evil.test', '10.0.0.1', '127.0.0.1@evil.test'])(
    'a foreign Host "%s" is refused with 403, even with the token',
    async (host) => {
      const answer = await ask(page, page.url.pathname, { headers: { host, ...cookie() } })
      expect(answer.status).toBe(403)
      expect(answer.text).not.toContain(page.token)
    },
  )

  test.each(['https://evil.test', 'http://127.0.0.1:1', 'null'])(
    'a foreign Origin %s is refused with 403, even with the token, and nothing is written',
    async (origin) => {
      const answer = await ask(page, `/${page.token}/probot/import`, {
        method: 'POST',
        headers: { origin, ...cookie() },
        body: JSON.stringify({ appId: '1', pem: 'x', webhook_secret: 'x' }),
      })
      expect(answer.status).toBe(403)
      expect(existsSync(join(page.folder, '.env'))).toBe(false)
    },
  )

  test.each([
    '/',
    '/probot',
    '/probot/setup?code=1',
    '/probot/import',
    '/probot/success',
    '/probot/static/robot.svg',
    '/wrong-token/probot',
    '//probot',
  ])('without the token %s is 404', async (path) => {
    expect((await ask(page, path)).status).toBe(404)
  })

  test('coming back with a code by the cookie alone is refused, and the code is not used', async () => {
    expect((await ask(page, '/probot/setup?code=stolen', { headers: cookie() })).status).toBe(404)
    expect(enterprise.codes).toEqual([])
  })
})

describe('the manifest that GitHub gets', () => {
  const app = parse(readFileSync(join(root, 'app.yml'), 'utf8'))

  test('holds the permissions and events of app.yml, on an Enterprise Server without merge queues, and is not public', async () => {
    const { manifest, action } = await manifestOf(page)
    expect(manifest).toMatchObject({
      public: false,
      default_permissions: app.default_permissions,
      default_events: app.default_events.filter((name: string) => name !== 'merge_group'),
      hook_attributes: { url: 'https://gate.test/api/github/webhooks' },
      redirect_url: `${page.origin}/${page.token}/probot/setup`,
    })
    expect(action).toBe(`${enterprise.url}/settings/apps/new`)
  })

  test('without WEBHOOK_URL its webhook reaches nobody, holds no token, and the terminal says so', async () => {
    const other = await open()
    const { manifest, action } = await manifestOf(other)
    expect(manifest.hook_attributes.url).toMatch(/^https:\/\/[\w-]+\.invalid\//)
    expect(manifest.hook_attributes.url).not.toContain(other.token)
    expect(manifest.default_events).toEqual(app.default_events)
    expect(action).toBe('https://github.com/settings/apps/new')
    expect(other.said.out).toContain('WEBHOOK_URL is not set')
    expect(existsSync(join(other.folder, 'npx-was-called'))).toBe(false)
  })
})

describe('the credentials', () => {
  const written = () => parseEnv(readFileSync(join(page.folder, '.env'), 'utf8'))

  test('come back from GitHub for the code, and land in .env, which nobody else may read', async () => {
    const answer = await ask(page, `/${page.token}/probot/setup?code=abc`)
    expect(answer).toMatchObject({ status: 302 })
    expect(answer.headers.location).toBe(`${enterprise.url}/github-apps/release-gate/installations/new`)
    expect(enterprise.codes).toEqual(['POST /api/v3/app-manifests/abc/conversions'])
    expect(written()).toMatchObject({
      APP_ID: '77',
      WEBHOOK_SECRET: 'secret-of-the-new-app',
      PRIVATE_KEY: appKey,
    })
    expect(statSync(join(page.folder, '.env')).mode & 0o777).toBe(0o600)
    expect(page.said.out).toContain('The credentials are in .env')
    expect(page.said.out + page.said.err).not.toContain('secret-of-the-new-app')
  })

  test('of an App that exists already can be put in by hand, from the page’s own Origin', async () => {
    const answer = await ask(page, '/probot/import', {
      method: 'POST',
      headers: { origin: page.origin, cookie: `setup=${page.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ appId: '78', pem: appKey, webhook_secret: 'another-secret-of-an-app' }),
    })
    expect(answer.status).toBe(200)
    expect(written()).toMatchObject({ APP_ID: '78', WEBHOOK_SECRET: 'another-secret-of-an-app' })
  })

  test('smee.io is never asked for a channel', () => {
    expect(existsSync(join(page.folder, 'npx-was-called'))).toBe(false)
    expect(readFileSync(join(page.folder, '.env'), 'utf8')).not.toContain('smee')
  })
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
    [
      'with a webhook address that is not https',
      { WEBHOOK_URL: 'http://gate.test' },
      /WEBHOOK_URL: is not an https URL. Set it to where/,
    ],
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
