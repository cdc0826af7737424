import { Octokit } from '@octokit/rest'
import { verify } from '@octokit/webhooks-methods'
import { Hono } from 'hono'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createDeliveries } from '../../../src/sandbox/github/deliveries.ts'
import { createFaults } from '../../../src/sandbox/github/faults.ts'
import { serve } from '../serve.ts'
import { aJwt, anApp, silent } from './identities.ts'

const START = Date.UTC(2026, 10, 24, 18)
const SECRET = 'a secret of the sandbox'

type Received = { event: string; guid: string; headers: Record<string, string>; body: string; title: string }
type Answer = { status: number; wait?: Promise<void> }

/** A receiver of webhooks; `answer` says what it does with each. */
async function aBot(answer: (title: string) => Answer = () => ({ status: 202 })) {
  const received: Received[] = []
  const app = new Hono()
  app.post('/webhooks', async (c) => {
    const body = await c.req.text()
    const headers = c.req.header()
    const { title } = JSON.parse(body)
    received.push({
      event: headers['x-github-event'] ?? '',
      guid: headers['x-github-delivery'] ?? '',
      headers,
      body,
      title,
    })
    const { status, wait } = answer(title)
    await wait
    return new Response('seen', { status, headers: status === 302 ? { location: '/webhooks' } : {} })
  })
  return { received, url: `${await serve(app)}/webhooks` }
}

async function aGitHub(url: string | undefined, timeoutMs?: number) {
  const { app, bot, ana } = anApp()
  const time = { now: START }
  const faults = createFaults()
  const deliveries = createDeliveries({
    clock: () => time.now,
    hook: () => (url === undefined ? undefined : { url, secret: SECRET }),
    faults: faults.deliveries,
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  onTestFinished(() => deliveries.close())
  app.route('/', deliveries.routes)
  const baseUrl = await serve(app)
  const api = new Octokit({ baseUrl, log: silent })
  const asApp = { authorization: `Bearer ${await aJwt()}` }
  function emit(title: string, number = 1, action = 'opened') {
    deliveries.emit('pull_request', {
      action,
      title,
      installation: { id: 5 },
      repository: { id: 9 },
      pull_request: { number },
    } as { action: string })
  }
  return { api, asApp, bot, ana, time, faults, deliveries, emit }
}

const titles = (received: Received[]) => received.map(({ title }) => title)

/** A promise and the function that ends it. */
function aDoor() {
  return Promise.withResolvers<void>()
}

describe('a delivery', () => {
  it('carries the event, a guid and a signature over exactly the bytes that are sent', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries } = await aGitHub(url)
    emit('Überraschung – ✓')
    await deliveries.settled()
    expect(received).toHaveLength(1)
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = received
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-github-event': 'pull_request',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
      'x-github-hook-id': expect.stringMatching(/^\d+$/),
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
    })
    expect(await verify(SECRET, body, headers['x-hub-signature-256'] ?? '')).toBe(true)
    expect(await verify('another secret', body, headers['x-hub-signature-256'] ?? '')).toBe(false)
    expect(deliveries.log).toMatchObject([
      {
        guid: headers['x-github-delivery'],
        delivered_at: '2026-11-24T18:00:00Z',
        redelivery: false,
        status: 'OK',
        status_code: 202,
        event: 'pull_request',
        action: 'opened',
        installation_id: 5,
        repository_id: 9,
      },
    ])
  })

  it('sends the payload as it was when the event happened', async () => {
    const { received, url } = await aBot()
    const { deliveries } = await aGitHub(url)
    const payload = { title: 'before', repository: { id: 9 } }
    deliveries.emit('push', payload)
    payload.title = 'after'
    await deliveries.settled()
    expect(titles(received)).toEqual(['before'])
  })

  it.each([
    ['the answer is 503', 503, 'Invalid HTTP Response: 503'],
    ['the answer is a redirect, which is not followed', 302, 'Invalid HTTP Response: 302'],
  ])('fails in the log when %s, and is not made again', async (_, code, status) => {
    const { received, url } = await aBot(() => ({ status: code }))
    const { emit, deliveries } = await aGitHub(url)
    emit('one')
    await deliveries.settled()
    expect(deliveries.log).toMatchObject([{ status, status_code: code }])
    expect(received).toHaveLength(1)
  })

  it('fails in the log when nobody listens', async () => {
    const { emit, deliveries } = await aGitHub('http://127.0.0.1:1/webhooks')
    emit('one')
    await deliveries.settled()
    expect(deliveries.log).toMatchObject([{ status: 'failed to connect to host', status_code: 502 }])
  })

  it('gives up on a receiver that takes too long', async () => {
    const door = aDoor()
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url } = await aBot(() => {
      vi.advanceTimersByTime(7_000)
      return { status: 202, wait: door.promise }
    })
    const { emit, deliveries } = await aGitHub(url, 2_000)
    emit('one')
    await deliveries.settled()
    door.resolve()
    expect(deliveries.log).toMatchObject([{ status: 'timed out', status_code: 504, duration: 7 }])
  })

  it('is not made without a hook', async () => {
    const { emit, deliveries } = await aGitHub(undefined)
    emit('one')
    await deliveries.settled()
    expect(deliveries.log).toEqual([])
  })

  it('is not made anymore after close, and one under way is cut off', async () => {
    const door = aDoor()
    const { received, url } = await aBot(() => ({ status: 202, wait: door.promise }))
    const { emit, deliveries } = await aGitHub(url)
    emit('one')
    await expect.poll(() => received.length).toBe(1)
    await deliveries.close()
    emit('two')
    await deliveries.settled()
    door.resolve()
    expect(titles(received)).toEqual(['one'])
    expect(deliveries.log).toEqual([])
  })
})

describe('the order of deliveries', () => {
  it('is kept for one pull request', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries } = await aGitHub(url)
    const wanted = Array.from({ length: 30 }, (_, index) => `event ${index}`)
    for (const title of wanted) emit(title)
    await deliveries.settled()
    expect(titles(received)).toEqual(wanted)
  })

  it('lets another pull request pass a slow one, eight at a time', async () => {
    const door = aDoor()
    const { received, url } = await aBot(() => ({ status: 202, wait: door.promise }))
    const { emit, deliveries } = await aGitHub(url)
    for (let number = 1; number <= 12; number += 1) emit(`pull ${number}`, number)
    emit('pull 1 again', 1)
    await expect.poll(() => received.length).toBe(8)
    door.resolve()
    await deliveries.settled()
    expect(received).toHaveLength(13)
    expect(titles(received).slice(0, 8).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `pull ${n}`))
  })
})

describe('a fault of a delivery', () => {
  it('drops it: the bot sees nothing and the log shows a failure', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    faults.add({ kind: 'drop', event: 'pull_request', times: 1 })
    emit('one')
    emit('two')
    await deliveries.settled()
    expect(titles(received)).toEqual(['two'])
    expect(deliveries.log.map(({ status }) => status)).toEqual(['failed to connect to host', 'OK'])
  })

  it('loses it without a trace', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    faults.add({ kind: 'lose', times: 1 })
    emit('one')
    emit('two')
    await deliveries.settled()
    expect(titles(received)).toEqual(['two'])
    expect(deliveries.log).toHaveLength(1)
  })

  it('doubles it under one guid', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    faults.add({ kind: 'double', times: 1 })
    emit('one')
    await deliveries.settled()
    expect(titles(received)).toEqual(['one', 'one'])
    expect(received[0]?.guid).toBe(received[1]?.guid)
    expect(deliveries.log.map(({ redelivery }) => redelivery)).toEqual([false, false])
  })

  it('reorders them, newest first', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    const remove = faults.add({ kind: 'reorder', count: 3 })
    for (const title of ['one', 'two', 'three', 'four']) emit(title)
    await deliveries.settled()
    expect(titles(received)).toEqual(['three', 'two', 'one'])
    remove()
    await deliveries.settled()
    expect(titles(received)).toEqual(['three', 'two', 'one', 'four'])
  })

  it('delays it, and others overtake it', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    faults.add({ kind: 'delay', delayMs: 150, action: 'opened', times: 1 })
    emit('one')
    emit('two')
    await deliveries.settled()
    expect(titles(received)).toEqual(['two', 'one'])
  })

  it('holds it until the fault is removed', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    const letGo = faults.add({ kind: 'hold', action: 'closed' })
    emit('one', 1, 'closed')
    emit('two', 1, 'closed')
    emit('three')
    await deliveries.settled()
    expect(titles(received)).toEqual(['three'])
    letGo()
    await deliveries.settled()
    expect(titles(received)).toEqual(['three', 'one', 'two'])
  })

  it('leaves other events and actions alone', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, faults } = await aGitHub(url)
    faults.add({ kind: 'lose', event: 'push' })
    faults.add({ kind: 'lose', event: 'pull_request', action: 'closed' })
    emit('one')
    await deliveries.settled()
    expect(titles(received)).toEqual(['one'])
  })
})

describe('the delivery log of the App', () => {
  const LIST = 'GET /app/hook/deliveries'
  const ATTEMPT = 'POST /app/hook/deliveries/{delivery_id}/attempts'

  function pagesOf(api: Octokit, perPage: number, headers: Record<string, string>) {
    const request = { method: 'GET', url: '/app/hook/deliveries', per_page: perPage, headers } as const
    return api.paginate.iterator<{ id: number }>(request)
  }

  it('lists the newest first, page by page, through octokit', async () => {
    const { url } = await aBot()
    const { emit, deliveries, api, asApp } = await aGitHub(url)
    for (let index = 0; index < 7; index += 1) emit(`event ${index}`)
    await deliveries.settled()
    const pages: number[][] = []
    for await (const { data } of pagesOf(api, 3, asApp)) {
      pages.push(data.map(({ id }) => id))
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
    expect(pages.flat()).toEqual(deliveries.log.map(({ id }) => id).reverse())
  })

  it('keeps its place in the pages while new deliveries arrive', async () => {
    const { url } = await aBot()
    const { emit, deliveries, api, asApp } = await aGitHub(url)
    for (let index = 0; index < 4; index += 1) emit(`event ${index}`)
    await deliveries.settled()
    const ids = deliveries.log.map(({ id }) => id)
    const seen: number[] = []
    for await (const { data } of pagesOf(api, 2, asApp)) {
      seen.push(...data.map(({ id }) => id))
      if (seen.length === 2) {
        emit('late')
        await deliveries.settled()
      }
    }
    expect(seen).toEqual(ids.reverse())
  })

  it('lists only what failed when asked, without the contents', async () => {
    const { url } = await aBot((title) => ({ status: title === 'bad' ? 500 : 202 }))
    const { emit, deliveries, api, asApp } = await aGitHub(url)
    emit('good')
    emit('bad')
    await deliveries.settled()
    const { data } = await api.request(LIST, { status: 'failure', headers: asApp })
    expect(data).toMatchObject([{ status: 'Invalid HTTP Response: 500', throttled_at: null }])
    expect(data[0]).not.toHaveProperty('request')
    await expect(api.request(LIST, { cursor: 'x', headers: asApp })).rejects.toMatchObject({ status: 422 })
  })

  it('shows one with its request and response, and 404 for one that does not exist', async () => {
    const { url } = await aBot()
    const { emit, deliveries, api, asApp } = await aGitHub(url)
    emit('one')
    await deliveries.settled()
    const path = 'GET /app/hook/deliveries/{delivery_id}'
    const id = deliveries.log[0]?.id ?? 0
    const { data } = await api.request(path, { delivery_id: id, headers: asApp })
    expect(data).toMatchObject({
      id,
      url,
      request: { headers: { 'x-github-event': 'pull_request' }, payload: { title: 'one' } },
      response: { payload: 'seen' },
    })
    for (const missing of [path, ATTEMPT]) {
      await expect(api.request(missing, { delivery_id: 1, headers: asApp })).rejects.toMatchObject({
        status: 404,
      })
    }
  })

  it('redelivers the same bytes under the same guid with a new id, and the failed row stays', async () => {
    let broken = true
    const { received, url } = await aBot(() => ({ status: broken ? 500 : 202 }))
    const { emit, deliveries, api, asApp, time } = await aGitHub(url)
    emit('one')
    await deliveries.settled()
    broken = false
    time.now += 3_600_000
    const failed = deliveries.log[0]
    const { status } = await api.request(ATTEMPT, { delivery_id: failed?.id ?? 0, headers: asApp })
    expect(status).toBe(202)
    await deliveries.settled()
    expect(deliveries.log).toMatchObject([
      { id: failed?.id, status_code: 500, redelivery: false, delivered_at: '2026-11-24T18:00:00Z' },
      { guid: failed?.guid, status_code: 202, redelivery: true, delivered_at: '2026-11-24T19:00:00Z' },
    ])
    expect(deliveries.log[1]?.id).not.toBe(failed?.id)
    expect(received[1]?.body).toBe(received[0]?.body)
    expect(received[1]?.guid).toBe(received[0]?.guid)
  })

  it('is closed to installations, people and anonymous calls', async () => {
    const { received, url } = await aBot()
    const { emit, deliveries, api, bot, ana } = await aGitHub(url)
    emit('one')
    await deliveries.settled()
    const delivery_id = deliveries.log[0]?.id ?? 0
    for (const headers of [bot, ana, {}]) {
      for (const route of [LIST, 'GET /app/hook/config', 'PATCH /app/hook/config', ATTEMPT]) {
        await expect(api.request(route, { delivery_id, headers })).rejects.toMatchObject({ status: 401 })
      }
    }
    await deliveries.settled()
    expect(received).toHaveLength(1)
  })
})

describe('the configuration of the hook', () => {
  it('never shows the secret, and a new address and secret take effect', async () => {
    const first = await aBot()
    const second = await aBot()
    const { emit, deliveries, api, asApp } = await aGitHub(first.url)
    const { data } = await api.request('GET /app/hook/config', { headers: asApp })
    expect(data).toEqual({ content_type: 'json', insecure_ssl: '0', secret: '********', url: first.url })
    const changed = { url: second.url, secret: 'a new secret of the sandbox' }
    const answer = await api.request('PATCH /app/hook/config', { data: changed, headers: asApp })
    expect(answer.data).toMatchObject({ url: second.url, secret: '********' })
    emit('one')
    await deliveries.settled()
    expect(first.received).toEqual([])
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = second.received
    expect(await verify(changed.secret, body, headers['x-hub-signature-256'] ?? '')).toBe(true)
  })
})
