import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { databaseRequestHandler } from '../../src/server/database-requests.ts'
import { BODY_CAP, bufferedBodyBytes, TOTAL_CAP } from '../../src/server/read-body.ts'
import { webhookSecretProblems } from '../../src/server/secrets.ts'
import { createServer, type ServerOptions } from '../../src/server/server.ts'
import { aLog } from '../support/queues.ts'

const SECRET = 'a-webhook-secret-of-32-characters'
const OLDER = 'the-secret-before-the-rotation-1'
const MB = 1024 * 1024

const unreachable = async () => Promise.reject(new Error('no request of these gets so far'))
const noShell = { database: { query: unreachable } as never, queue: unreachable }

const sign = (body: string | Uint8Array, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

type Received = { guid: string; event: string; body: Uint8Array }

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()))
})

async function aServer(options: Partial<ServerOptions> = {}) {
  const { log, lines } = aLog()
  const stored: Received[] = []
  const server = createServer({
    inbox: async (received) => stored.push(received),
    secrets: [SECRET],
    isHandled: (event, action) => ['pull_request', 'push'].includes(event) && action !== 'assigned',
    ready: async () => ({ ok: true, checks: { database: 'ok', queue: 'ok' } }),
    log,
    // A busy machine may take its time.
    bodyTime: 600_000,
    answerTime: 600_000,
    ...options,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const deliver = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${url}/api/github/webhooks`, {
      method: 'POST',
      body: body as string,
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': 'b4e0c2d0-0001',
        'x-github-event': 'pull_request',
        'x-hub-signature-256': sign(body),
        ...headers,
      },
    })
  return { server, url, port, deliver, stored, lines }
}

describe('POST /api/github/webhooks', () => {
  test('stores a signed delivery with its raw bytes before it answers 202', async () => {
    const release = Promise.withResolvers<void>()
    const seen: Received[] = []
    const { deliver } = await aServer({
      inbox: async (received) => {
        await release.promise
        seen.push(received)
      },
    })
    const body = '{ "action":"opened",  "title":"Zürich \\u0000" }'
    let answered = false
    const answer = deliver(body).then((response) => {
      answered = true
      return response
    })
    await pause(30)
    expect(answered).toBe(false)
    release.resolve()
    expect((await answer).status).toBe(202)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ guid: 'b4e0c2d0-0001', event: 'pull_request' })
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe(body)
  })

  const refused: [string, Record<string, string>][] = [
    ['no signature', { 'x-hub-signature-256': '' }],
    [
      'a signature with another secret',
      { 'x-hub-signature-256': sign('{}', 'another-secret-of-32-characters!') },
    ],
    ['a signature of another body', { 'x-hub-signature-256': sign('{"a":1}') }],
    ['a SHA-1 signature', { 'x-hub-signature-256': 'sha1=0123456789012345678901234567890123456789' }],
    ['a signature that is cut', { 'x-hub-signature-256': sign('{}').slice(0, -2) }],
    ['a signature with more behind it', { 'x-hub-signature-256': `${sign('{}')}00` }],
    ['the default secret of Probot', { 'x-hub-signature-256': sign('{}', 'development') }],
    ['an empty secret', { 'x-hub-signature-256': sign('{}', '') }],
  ]
  test.each(refused)('answers 401 to %s, and stores nothing', async (_, headers) => {
    const { deliver, stored } = await aServer()
    expect((await deliver('{}', headers)).status).toBe(401)
    expect(stored).toEqual([])
  })

  test('takes both secrets while they are rotated, and only the new one afterwards', async () => {
    const during = await aServer({ secrets: [SECRET, OLDER] })
    expect((await during.deliver('{}')).status).toBe(202)
    expect((await during.deliver('{}', { 'x-hub-signature-256': sign('{}', OLDER) })).status).toBe(202)
    const after = await aServer({ secrets: [SECRET] })
    expect((await after.deliver('{}', { 'x-hub-signature-256': sign('{}', OLDER) })).status).toBe(401)
  })

  test('never logs a forged body, nor a true one, nor a secret or signature', async () => {
    const { deliver, lines } = await aServer()
    const canary = 'canary-5f1d'
    await deliver(`{"title":"${canary}"}`, {
      'x-hub-signature-256': sign('x'),
      'x-github-delivery': `${canary}\n`.trim().concat(' '.repeat(2), canary),
      'x-github-event': `${canary}!`,
    })
    await deliver(`{"title":"${canary}"}`)
    await deliver(`{"title":"${canary}"`)
    expect(lines.length).toBeGreaterThanOrEqual(3)
    const log = JSON.stringify(lines)
    expect(log).not.toContain(canary)
    expect(log).not.toContain(SECRET)
    expect(log).not.toContain('sha256=')
  })

  test('answers 202 to an event that is not on the list, and drops it', async () => {
    const { deliver, stored } = await aServer()
    expect((await deliver('{}', { 'x-github-event': 'watch' })).status).toBe(202)
    expect((await deliver('{}', { 'x-github-event': 'ping' })).status).toBe(202)
    expect(stored).toEqual([])
  })

  test('answers 401, not 202, to an unsigned event that is not on the list', async () => {
    const { deliver } = await aServer()
    const response = await deliver('{}', { 'x-github-event': 'watch', 'x-hub-signature-256': '' })
    expect(response.status).toBe(401)
  })

  test.each([['{'], ['[]'], ['null'], ['""'], [''], ['payload=%7B%7D']])(
    'answers 400 to %s with a right signature, and stores nothing',
    async (body) => {
      const { deliver, stored } = await aServer()
      expect((await deliver(body)).status).toBe(400)
      expect(stored).toEqual([])
    },
  )

  test.each([
    ['no delivery id', { 'x-github-delivery': '' }],
    ['a delivery id of another form', { 'x-github-delivery': "1'; DROP TABLE x" }],
    ['no event', { 'x-github-event': '' }],
    ['an event of another form', { 'x-github-event': '../push' }],
  ])('answers 400 to %s', async (_, headers) => {
    const { deliver, stored } = await aServer()
    expect((await deliver('{}', headers)).status).toBe(400)
    expect(stored).toEqual([])
  })

  test('takes a body of 25 MB', async () => {
    const { deliver, stored } = await aServer()
    const body = JSON.stringify({ a: 'x'.repeat(25 * MB - 8) })
    expect(body.length).toBe(25 * MB)
    expect((await deliver(body)).status).toBe(202)
    expect(stored[0]?.body.length).toBe(25 * MB)
  })

  test('answers 413 to a length above 25 MB before the first byte of the body', async () => {
    const { port } = await aServer()
    const answer = await raw(port, [head(`content-length: ${25 * MB + 1}`)])
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('answers 413 to an unsigned body of 200 MB without a length, and its memory does not grow with it', async () => {
    const { port, stored, lines } = await aServer()
    const socket = connect(port, '127.0.0.1')
    socket.write(head('transfer-encoding: chunked'))
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, 'x'), Buffer.from('\r\n')])
    const before = process.memoryUsage().rss
    let most = 0
    let sent = 0
    async function* body() {
      for (; sent < 200; sent += 1) {
        most = Math.max(most, process.memoryUsage().rss - before)
        yield chunk
      }
    }
    await expect(pipeline(body(), socket)).rejects.toThrow()
    expect(lines.map((line) => line.status)).toEqual([413])
    expect(sent).toBeLessThan(100)
    expect(most).toBeLessThan(100 * MB)
    expect(stored).toEqual([])
  })

  test('answers 503 when many large bodies are in the air at once, and takes deliveries again afterwards', async () => {
    const { port, deliver, lines } = await aServer()
    const part = Buffer.alloc(24 * MB, 'x')
    const sockets = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    for (const socket of sockets)
      socket.write(Buffer.concat([Buffer.from(head(`content-length: ${25 * MB}`)), part]))
    await expect.poll(() => lines.map((line) => line.status)).toContain(503)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await deliver('{}')).status).toBe(202)
  })

  test('holds at most the limit of all bodies together for 240 unsigned bodies of 24 MB, on whatever path', async () => {
    const paths = ['/api/github/webhooks', '/api/database']
    const command = databaseRequestHandler({ key: SECRET, shell: noShell })
    const { server, port, deliver, stored } = await aServer({
      routes: (_, path) => (paths.includes(path) ? command : undefined),
    })
    let most = 0
    let refused = 0
    server.on('request', (request, response) => {
      request.on('data', () => {
        most = Math.max(most, bufferedBodyBytes.bytes)
      })
      response.on('finish', () => refused++)
    })
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, 'x'), Buffer.from('\r\n')])
    const body = Buffer.concat(Array.from({ length: 24 }, () => chunk))
    const sockets = Array.from({ length: 240 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    for (const [n, socket] of sockets.entries()) {
      socket.write(head('transfer-encoding: chunked', paths[n % 2]))
      socket.write(body)
    }
    // Those that fit wait for their end, which never comes.
    await expect.poll(() => refused).toBeGreaterThanOrEqual(240 - 4)
    expect(most).toBeGreaterThan(BODY_CAP)
    expect(most).toBeLessThan(TOTAL_CAP + MB)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await deliver('{}')).status).toBe(202)
    await expect.poll(() => bufferedBodyBytes.bytes).toBe(0)
    expect(stored).toHaveLength(1)
  })

  test('counts a body until it is stored, also where its sender has had its answer', async () => {
    const storing = Promise.withResolvers<void>()
    const { deliver } = await aServer({ inbox: () => storing.promise, answerTime: 1_000 })
    const body = JSON.stringify({ a: 'x'.repeat(MB) })
    const answer = deliver(body)
    await expect.poll(() => bufferedBodyBytes.bytes).toBe(body.length)
    expect((await answer).status).toBe(503)
    expect(bufferedBodyBytes.bytes).toBe(body.length)
    storing.resolve()
    await expect.poll(() => bufferedBodyBytes.bytes).toBe(0)
  })

  test('refuses a request of the command line above 256 kB', async () => {
    const command = databaseRequestHandler({ key: SECRET, shell: noShell })
    const { url } = await aServer({ routes: (_, path) => (path === '/api/database' ? command : undefined) })
    const post = (bytes: number) =>
      fetch(`${url}/api/database`, { method: 'POST', body: 'x'.repeat(bytes) }).then(
        (answer) => answer.status,
      )
    expect([await post(256 * 1024), await post(256 * 1024 + 1)]).toEqual([401, 413])
  })

  test('answers 503 at once while as many deliveries are being stored as there may be, and takes the next one after', async () => {
    const storing = Promise.withResolvers<void>()
    let stored = 0
    const { deliver } = await aServer({
      most: 3,
      inbox: async () => {
        stored++
        await storing.promise
      },
    })
    const first = [deliver('{}'), deliver('{}'), deliver('{}')]
    await expect.poll(() => stored).toBe(3)
    const refused = await deliver('{}')
    expect([refused.status, await refused.text()]).toEqual([
      503,
      'Too many deliveries at once. Try again later.\n',
    ])
    expect(stored).toBe(3)
    storing.resolve()
    for (const answer of first) expect((await answer).status).toBe(202)
    expect((await deliver('{}')).status).toBe(202)
  })

  test('answers 503 at once while the oldest delivery waits too long to be stored', async () => {
    const storing = [Promise.withResolvers<void>()]
    const { deliver } = await aServer({ longestWait: 30, inbox: async () => storing.shift()?.promise })
    const [oldest] = storing
    const first = deliver('{}')
    await expect.poll(async () => (await deliver('{}')).status).toBe(503)
    oldest?.resolve()
    expect((await first).status).toBe(202)
    expect((await deliver('{}')).status).toBe(202)
  })

  test('counts the time to the answer from the connection, and on one that is kept from the request', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { server, port, stored } = await aServer()
    const body = '{}'
    const request = `${head('content-length: 2', undefined, sign(body))}${body}`
    const socket = connect(port, '127.0.0.1')
    const next = async () => String((await once(socket, 'data'))[0]).slice(0, 12)
    socket.write(request.slice(0, 20))
    await once(server, 'connection')
    vi.advanceTimersByTime(600_001)
    socket.write(request.slice(20))
    expect(await next()).toBe('HTTP/1.1 503')
    expect(stored).toEqual([])
    socket.write(request)
    expect(await next()).toBe('HTTP/1.1 202')
    socket.destroy()
  })

  test('answers 408 to a sender whose body is slow', async () => {
    const { port, stored } = await aServer({ bodyTime: 60 })
    const answer = await raw(port, [head('content-length: 100'), '{'])
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(stored).toEqual([])
  })

  test('cuts off a sender whose headers trickle (slow loris), and serves others meanwhile', async () => {
    const { port, deliver } = await aServer()
    const loris = connect(port, '127.0.0.1')
    loris.write('POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\n')
    const trickle = setInterval(() => loris.writable && loris.write('x-a: b\r\n'), 200)
    loris.on('error', () => undefined)
    const [answer] = await once(loris, 'data')
    clearInterval(trickle)
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /)
    expect((await deliver('{}')).status).toBe(202)
  })

  test('answers 503 past its time, so that GitHub knows that it failed', async () => {
    const { deliver } = await aServer({ inbox: () => new Promise(() => undefined), answerTime: 40 })
    const response = await deliver('{}')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('60')
  })

  test('gives a sender 5 s for its body, and storing what is left of 8 s, where nothing else is set', async () => {
    const { log } = aLog()
    const ready = async () => ({ ok: true, checks: { database: 'ok', queue: 'ok' } })
    const server = createServer({
      inbox: async () => 1,
      secrets: [SECRET],
      isHandled: () => true,
      ready,
      log,
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    running.push(async () => void server.close())
    const [bodies, answers] = [vi.spyOn(AbortSignal, 'timeout'), vi.spyOn(globalThis, 'setTimeout')]
    onTestFinished(() => void vi.restoreAllMocks())
    const { port } = server.address() as AddressInfo
    const headers = {
      'x-github-delivery': 'b4e0c2d0-0001',
      'x-github-event': 'push',
      'x-hub-signature-256': sign('{}'),
    }
    const url = `http://127.0.0.1:${port}/api/github/webhooks`
    expect((await fetch(url, { method: 'POST', body: '{}', headers })).status).toBe(202)
    expect(bodies.mock.calls).toContainEqual([5_000])
    const longest = Math.max(...answers.mock.calls.map(([, time]) => time ?? 0))
    expect(longest).toBeLessThanOrEqual(8_000)
    expect(longest).toBeGreaterThan(5_000)
  })

  test('answers 503 with the database gone', async () => {
    const { deliver, lines } = await aServer({ inbox: () => Promise.reject(new Error('connection refused')) })
    expect((await deliver('{}')).status).toBe(503)
    expect(JSON.stringify(lines)).toContain('connection refused')
  })

  test('survives a sender that goes away in the middle of its body', async () => {
    const { port, deliver, stored } = await aServer()
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`${head('content-length: 100')}{`)
    socket.destroy()
    expect((await deliver('{}')).status).toBe(202)
    expect(stored).toHaveLength(1)
  })
})

describe('the other paths', () => {
  test('GET /healthz says that the process lives, whatever the database does', async () => {
    const { url } = await aServer({ ready: () => Promise.reject(new Error('gone')) })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('GET /readyz is 200 when all answer, and 503 with the names otherwise', async () => {
    const good = await aServer()
    expect((await fetch(`${good.url}/readyz`)).status).toBe(200)
    const bad = await aServer({
      ready: async () => ({ ok: false, checks: { database: 'connection refused', queue: 'ok' } }),
    })
    const response = await fetch(`${bad.url}/readyz`)
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      ok: false,
      checks: { database: 'connection refused', queue: 'ok' },
    })
    const broken = await aServer({ ready: () => Promise.reject(new Error('gone')) })
    expect((await fetch(`${broken.url}/readyz`)).status).toBe(503)
  })

  test.each([
    ['GET', '/'],
    ['GET', '/probot'],
    ['GET', '/probot/setup'],
    ['GET', '/probot/import'],
    ['POST', '/probot/import'],
    ['GET', '/api/github/webhooks'],
    ['PUT', '/api/github/webhooks'],
    ['POST', '/api/github/webhooks/'],
    ['POST', '/api/github/hooks'],
    ['POST', '/healthz'],
    ['GET', '/healthz/..%2f'],
  ])('answers 404 to %s %s', async (method, path) => {
    const { url } = await aServer()
    expect((await fetch(`${url}${path}`, { method })).status).toBe(404)
  })

  test('finds further pages by method and path, without the query, and answers 500 when one throws', async () => {
    const { url, lines } = await aServer({
      routes: (method, path) => {
        if (method === 'GET' && path === '/page') return (_, response) => void response.end('a page')
        if (path === '/broken') return () => Promise.reject(new Error('no'))
        return undefined
      },
    })
    expect(await (await fetch(`${url}/page?token=canary-77`)).text()).toBe('a page')
    expect((await fetch(`${url}/broken?token=canary-77`)).status).toBe(500)
    expect(JSON.stringify(lines)).not.toContain('canary-77')
  })
})

describe('webhook secrets', () => {
  const table: [string, string[], RegExp | null][] = [
    ['one of 16 characters is taken', ['0123456789abcdef'], null],
    ['two are taken', [SECRET, OLDER], null],
    ['none is refused', [], /missing/],
    ['an empty one is refused', [''], /secret 1 is shorter than 16/],
    ['one of 15 characters is refused', ['0123456789abcde'], /secret 1 is shorter than 16/],
    ['blanks do not count', [`short${' '.repeat(30)}`], /secret 1 is shorter than 16/],
    ['a short second one is refused', [SECRET, 'development'], /secret 2 is shorter than 16/],
    ['three are refused', [SECRET, OLDER, SECRET], /more than two/],
  ]
  test.each(table)('%s', (_, secrets, problem) => {
    const problems = webhookSecretProblems(secrets)
    if (problem) expect(problems.join()).toMatch(problem)
    else expect(problems).toEqual([])
    for (const secret of secrets.filter(Boolean)) expect(problems.join()).not.toContain(secret)
  })

  test('the server does not start with a short one', async () => {
    await expect(aServer({ secrets: ['development'] })).rejects.toThrow(/shorter than 16/)
  })
})

const head = (line: string, path = '/api/github/webhooks', signature = '') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\nx-github-delivery: 1\r\nx-hub-signature-256: ${signature}\r\n${line}\r\n\r\n`

/** Sends text as it is, and gives what comes back until the server closes. */
async function raw(port: number, texts: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  for (const text of texts) socket.write(text)
  await once(socket, 'close')
  return answer
}
