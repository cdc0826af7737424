import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shortLived } from '../../src/sandbox/bot-process.ts'
import { appKey } from '../support/app-key.ts'
import { aDataFolder, aFolder } from '../support/databases.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const secret = 'canary-of-the-webhook'
const children: ChildProcess[] = []
let folder: string
let dataDir: string

/** Nobody listens at this GitHub: the bot starts all the same, and tries again later. */
const credentials = () => ({
  APP_ID: '1',
  PRIVATE_KEY: appKey,
  WEBHOOK_SECRET: secret,
  GITHUB_API_URL: 'http://127.0.0.1:9',
  DATA_DIR: dataDir,
  PORT: '0',
  NODE_ENV: 'production',
})

type Running = { child: ChildProcess; said: () => string }

function start(env: Record<string, string>, ipc = false, args: string[] = [], cwd = folder): Running {
  const child = spawn(process.execPath, [...shortLived, main, 'start', ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
  return { child, said: () => said }
}

async function ended({ child, said }: Running): Promise<{ code: number; said: string }> {
  const [code] = await once(child, 'close')
  return { code, said: said() }
}

/** The address of a started bot, from its log. */
function addressOf({ child, said }: Running): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const url = /"url":"(http:[^"]+)"/.exec(said())?.[1]
      if (url) resolve(url)
    })
    child.once('exit', () => reject(new Error(`The bot did not start:\n${said()}`)))
  })
}

beforeAll(async () => {
  folder = await aFolder()
  dataDir = await aDataFolder(join(folder, 'data'))
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

describe('a started bot', () => {
  let bot: Running
  let url: string
  beforeAll(async () => {
    bot = start(credentials())
    url = await addressOf(bot)
  })

  test('lives and is ready, though GitHub does not answer', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        ok: true,
        checks: { database: 'ok', writes: 'ok', queue: 'ok' },
        looks: { repositories: 0, never: 0, unseen: 0 },
        refusedChannels: 0,
      },
    ])
  })

  test.each(['GET /probot', 'GET /probot/setup?code=1', 'GET /probot/import', 'POST /probot/import'])(
    '%s is 404',
    async (request) => {
      const [method = '', path = ''] = request.split(' ')
      const answer = await fetch(url + path, {
        method,
        ...(method === 'POST' ? { body: '{"appId":"1"}' } : {}),
      })
      expect(answer.status).toBe(404)
      expect(existsSync(join(folder, '.env'))).toBe(false)
    },
  )

  test('shows nothing but the sign-in to somebody without a session', async () => {
    const answer = await fetch(`${url}/`, { redirect: 'manual', headers: { accept: 'text/html' } })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in'])
    expect((await fetch(`${url}/`, { headers: { accept: 'application/json' } })).status).toBe(401)
  })

  test('a second one on the same folder is refused with the first one’s pid, and the first lives on', async () => {
    const second = await ended(start(credentials()))
    expect(second.code).toBe(2)
    expect(second.said).toMatch(new RegExp(`in use by process ${bot.child.pid} .*choose another DATA_DIR`))
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('a taken port is reported, and the process ends', async () => {
    const other = { ...credentials(), DATA_DIR: await aDataFolder(), PORT: new URL(url).port }
    const { code, said } = await ended(start(other))
    expect(code).toBe(2)
    expect(said).toContain('PORT: the port is already in use. Stop the other program, or choose another port')
  })

  test('ends with 0 on SIGTERM, and its log has held no secret', async () => {
    bot.child.kill('SIGTERM')
    const { code, said } = await ended(bot)
    expect(code).toBe(0)
    expect(said).not.toContain(secret)
    expect(said).not.toContain(appKey.split('\n')[3])
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })
})

describe('in development, without a request for a proxy of webhooks,', () => {
  const preload = join(import.meta.dirname, '../support/note-contacts.js')

  /** Starts in an empty folder, and gives whom the process contacted until `reached` was found in what it said. */
  async function contactsOf(
    env: Record<string, string>,
    reached: RegExp,
    more?: (said: string) => Promise<void>,
  ) {
    const own = await aFolder()
    const contacts = join(own, 'contacts')
    writeFileSync(contacts, '')
    copyFileSync(new URL('../../app.yml', import.meta.url), join(own, 'app.yml'))
    const noted = { NODE_OPTIONS: `--import ${preload}`, CONTACTS: contacts, NODE_ENV: 'development' }
    const running = start({ ...noted, ...env }, false, [], own)
    await expect.poll(running.said, { timeout: 20_000 }).toMatch(reached)
    await more?.(running.said())
    running.child.kill('SIGTERM')
    await ended(running)
    return { hosts: [...new Set(readFileSync(contacts, 'utf8').split('\n').filter(Boolean))], folder: own }
  }

  test('a bot contacts GitHub, and no channel of smee.io', async () => {
    const github = createHttpServer((_, response) => response.writeHead(503).end()).listen(0)
    await once(github, 'listening')
    const { port } = github.address() as AddressInfo
    const own = { NODE_ENV: 'development', DATA_DIR: await aDataFolder() }
    const env = { ...credentials(), ...own, GITHUB_API_URL: `http://127.0.0.1:${port}` }
    const { hosts, folder } = await contactsOf(env, /Requesting missed deliveries failed/)
    github.close()
    expect(hosts).toEqual(['127.0.0.1'])
    expect(existsSync(join(folder, '.env'))).toBe(false)
  })

  test('the setup page contacts nobody, and its App has no webhook of smee.io', async () => {
    const free = createServer().listen(0)
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    const visit = async (said: string) => {
      const page = await fetch(/http:\S+/.exec(said)?.[0] ?? '')
      expect(page.status).toBe(200)
      expect(await page.text()).not.toMatch(/smee/)
    }
    const { hosts, folder } = await contactsOf({ PORT: String(port) }, /one-time token\.\s+http:\S+\s/, visit)
    expect(hosts).toEqual([])
    expect(existsSync(join(folder, '.env'))).toBe(false)
  })
})

describe('what is refused, with exit code 2 and without opening the data folder', () => {
  test.each<[string, Record<string, string>, boolean, RegExp]>([
    [
      'a clock of a story without a parent that moves it',
      { STORY_CLOCK: '2026-11-24T22:00:00Z' },
      false,
      /STORY_CLOCK: is only for the demo and the tests\. Unset it/,
    ],
    [
      'a clock of a story against GitHub, even under a parent',
      { STORY_CLOCK: '2026-11-24T22:00:00Z', GITHUB_API_URL: 'https://api.github.com' },
      true,
      /STORY_CLOCK: is only allowed with a GitHub on loopback/,
    ],
    [
      'a short secret',
      { WEBHOOK_SECRET: 'canary' },
      false,
      /WEBHOOK_SECRET: has fewer than 16 characters\. Create one with/,
    ],
    ['a missing secret', { WEBHOOK_SECRET: '' }, false, /WEBHOOK_SECRET: is not set/],
  ])('%s', async (_, env, ipc, says) => {
    const untouched = join(folder, 'untouched')
    const { code, said } = await ended(start({ ...credentials(), DATA_DIR: untouched, ...env }, ipc))
    expect(code).toBe(2)
    expect(said).toMatch(/^release-gate cannot start:\n/)
    expect(said).toMatch(says)
    expect(said).not.toContain('canary')
    expect(existsSync(untouched)).toBe(false)
  })
})

test.each(['web', 'worker'])(
  '--role %s is refused on the embedded database, which is left untouched',
  async (role) => {
    const untouched = join(folder, 'untouched')
    const { code, said } = await ended(
      start({ ...credentials(), DATA_DIR: untouched }, false, ['--role', role]),
    )
    expect(code).toBe(2)
    expect(said).toBe(
      `release-gate cannot start:\n  --role ${role}: the embedded database belongs to one process. Set DATABASE_URL to a Postgres server, or leave out --role\n`,
    )
    expect(existsSync(untouched)).toBe(false)
  },
)

test('an unknown role is a usage error that names the roles', async () => {
  const { code, said } = await ended(start(credentials(), false, ['--role', 'both']))
  expect(code).toBe(2)
  expect(said).toMatch(/argument 'both' is invalid\. Allowed choices are all, web, worker/)
})

test('settings come from .env in the working folder, and the environment comes before it', async () => {
  writeFileSync(join(folder, '.env'), `APP_ID=1\nWEBHOOK_SECRET=from-the-file-env\nPORT=nonsense\n`)
  const { code, said } = await ended(
    start({ PRIVATE_KEY: appKey, LOG_LEVEL: 'nonsense', APP_ID: 'nonsense' }),
  )
  expect(code).toBe(2)
  expect(said.match(/^ {2}[A-Z_]+/gm)).toEqual(['  APP_ID', '  PORT', '  LOG_LEVEL'])
})
