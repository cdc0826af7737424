import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { openDatabase } from '../../src/store/database/open.ts'
import { storeDelivery } from '../../src/store/inbox.ts'
import { type Measure, percentile } from './measure.ts'
import { isLarge, npmStart, onBoth, type Place } from './places.ts'

const rates = [50, 150, 300]
const seconds = isLarge ? 30 : 5
/** As large as GitHub's are at the median. */
const padding = 'x'.repeat(12_000)
const secret = 'a-webhook-secret-of-32-characters'
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

/**
 * The inbox of the real bot by the real clock: how long a delivery waits for its answer, sent at a fixed rate whether or not others
 * have been answered, and what the process holds in memory. GitHub never answers here, so that evaluations take no part.
 */
export function benchInbox(): Promise<Measure[]> {
  return onBoth(async (kind, place) => {
    // The second start of a folder: the first one makes a database, and holds more memory for a while.
    const where = await place()
    const row = await storingAlone(where)
    const github = await aSilentGitHub()
    const bot = await startBot(where, github.url)
    try {
      await setTimeout(3_000)
      const measures: Measure[] = [
        {
          name: `${kind}: storing the row alone, p50`,
          value: row,
          unit: 'ms',
        },
        {
          name: `${kind}: memory at rest`,
          value: bot.megabytes(),
          unit: 'MB',
          ...(kind === 'PGlite' && { aim: '300 MB' }),
        },
      ]
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, bot.megabytes())
      }, 200)
      for (const rate of rates) measures.push(...(await atRate(kind, bot.url, rate, row)))
      clearInterval(watch)
      return [...measures, { name: `${kind}: memory at most, under this load`, value: most, unit: 'MB' }]
    } finally {
      await bot.end()
      github.close()
    }
  })
}

async function aSilentGitHub(): Promise<{ url: string; close: () => void }> {
  const server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** One after the other, without what follows from a delivery. */
async function storingAlone(place: Place): Promise<number> {
  const database = await openDatabase('url' in place ? place : { dataDir: place.dataDir })
  const times: number[] = []
  for (let n = 0; n < 500; n++) {
    const body = Buffer.from(payload(n))
    const began = performance.now()
    await storeDelivery(
      database,
      { guid: randomUUID(), event: 'pull_request', body },
      new Date(),
      async () => undefined,
    )
    times.push(performance.now() - began)
  }
  await database.close()
  return percentile(times, 0.5)
}

async function atRate(kind: string, url: string, rate: number, row: number): Promise<Measure[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 500 })
  const sent: Promise<{ status: number; ms: number }>[] = []
  const began = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const due = began + (n * 1_000) / rate
    if (due > performance.now()) await setTimeout(due - performance.now())
    sent.push(deliver(url, agent, n, due))
  }
  const answers = await Promise.all(sent)
  agent.destroy()
  const stored = answers.filter(({ status }) => status === 202).map(({ ms }) => ms)
  const aim = (kind === 'PGlite' ? 150 : 300) >= rate
  const p50 = percentile(stored, 0.5)
  return [
    {
      name: `${kind}: answer at ${rate}/s, p50 (${(p50 / row).toFixed(1)} × the row alone)`,
      value: p50,
      unit: 'ms',
    },
    {
      name: `${kind}: answer at ${rate}/s, p99`,
      value: percentile(stored, 0.99),
      unit: 'ms',
      ...(aim && { aim: '50 ms' }),
    },
    {
      name: `${kind}: refused early at ${rate}/s, of ${answers.length}`,
      value: answers.filter(({ status }) => status === 503).length,
      unit: '',
      aim: '0',
    },
    {
      name: `${kind}: without an answer in 10 s at ${rate}/s`,
      value: answers.filter(({ status }) => status === 0).length,
      unit: '',
      aim: '0',
    },
  ]
}

function payload(n: number): string {
  const repository = { id: 7, name: 'shop', full_name: 'acme/shop', owner: { login: 'acme' } }
  const head = { sha: (n % 20).toString(16).padStart(40, '0'), ref: 'feature' }
  const pull_request = { number: (n % 20) + 1, head, base: { ref: 'main' }, merged: false, body: padding }
  const installation = { id: 1 }
  return JSON.stringify({
    action: 'edited',
    installation,
    repository,
    pull_request,
    sender: { id: 1, login: 'x' },
    nonce: randomUUID(),
  })
}

/** The time counts from when the delivery was due, so that a sender that is late itself hides nothing. */
function deliver(url: string, agent: Agent, n: number, due: number): Promise<{ status: number; ms: number }> {
  const body = payload(n)
  const { promise, resolve } = Promise.withResolvers<{ status: number; ms: number }>()
  const done = (status: number) => resolve({ status, ms: performance.now() - due })
  const headers = {
    'content-length': Buffer.byteLength(body),
    'x-github-event': 'pull_request',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
  const sending = request(
    `${url}/api/github/webhooks`,
    { method: 'POST', agent, headers, timeout: 10_000 },
    (response) => response.resume().once('end', () => done(response.statusCode ?? 0)),
  )
  sending.once('error', () => done(0)).once('timeout', () => sending.destroy(new Error('no answer in 10 s')))
  sending.end(body)
  return promise
}

async function startBot(place: Place, github: string) {
  const child = spawn(process.execPath, npmStart.args, {
    cwd: npmStart.cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      APP_ID: '1',
      PRIVATE_KEY: privateKey,
      WEBHOOK_SECRET: secret,
      GITHUB_API_URL: github,
      PORT: '0',
      ...('url' in place ? { DATABASE_URL: place.url } : { DATA_DIR: place.dataDir }),
    },
  })
  const url = await addressOf(child)
  return {
    url,
    megabytes: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    end: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The log is read to its end: a pipe that nobody empties would hold the bot up. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (chunk) => {
      if (said.length < 100_000) said += chunk
      const url = /"url":"(http:[^"]+)"/.exec(said)?.[1]
      if (url) resolve(url)
    })
    child.once('exit', () => reject(new Error(`The bot ended:\n${said.slice(-2_000)}`)))
  })
}
