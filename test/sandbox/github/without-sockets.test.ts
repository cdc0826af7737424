import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerWithoutSockets } from '../../support/without-sockets.ts'
import { buildHouse, type House } from './house.ts'

let house: House
let token: string
let twoPages: string
let etag: string
beforeAll(async () => {
  house = await buildHouse()
  token = house.github.tokenFor('wim')
  const one = await house.openPull('wim', 'one', { 'one.txt': 'one\n' })
  await house.openPull('wanda', 'two', { 'two.txt': 'two\n' })
  const repository = [...house.github.world.repositories.values()][0]
  if (!repository) throw new Error('There is no repository')
  repository.movedIssues = new Map([[77, { repository, number: one }]])
  twoPages = '/repos/acme/shop/pulls?per_page=1'
  etag = (await answered(twoPages)).headers?.etag ?? ''
})
afterAll(() => house.github.close())

type Seen = {
  status?: number
  url?: string
  headers?: Record<string, string>
  body?: string
  isDated?: boolean
}
type Rejection = { name?: string; message?: string; cause?: { code?: string; message: string } | undefined }

/** Of an answer, what does not depend on the connection or on how many came before it; or what the request is rejected with. */
async function answered(path: string, init: RequestInit = {}): Promise<Seen & Rejection> {
  const headers = { authorization: `token ${token}`, ...init.headers }
  try {
    const response = await fetch(house.github.url + path, { ...init, headers })
    const { date = '', ...shown } = Object.fromEntries(response.headers)
    for (const name of ofConnection) delete shown[name]
    const isDated = Math.abs(Date.parse(date) - Date.now()) < 60_000
    return {
      status: response.status,
      url: response.url,
      isDated,
      headers: shown,
      body: await response.text(),
    }
  } catch (error) {
    const { name, message, cause } = error as Error & Rejection
    return {
      name,
      message,
      cause: cause && { ...(cause.code && { code: cause.code }), message: cause.message },
    }
  }
}

const ofConnection = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'x-ratelimit-used',
  'x-ratelimit-remaining',
]

/** The same request over a socket and without one. */
async function bothWays(path: string, init?: RequestInit) {
  const over = await answered(path, init)
  const useSockets = answerWithoutSockets(house.github.url, house.github.answer)
  try {
    return { over, without: await answered(path, init) }
  } finally {
    useSockets()
  }
}

describe('a request is answered without a socket as over one', () => {
  const cases: [string, () => string, RequestInit][] = [
    ['a page with links to the others', () => twoPages, {}],
    ['one that is not there', () => '/repos/acme/shop/pulls/99', {}],
    ['a query', () => '/search/nothing?q=%C3%A4+b#part', {}],
    ['one that has not changed', () => twoPages, { headers: {} }],
    ['the answer at the new place of an issue that was moved', () => '/repos/acme/shop/issues/77', {}],
    ['a redirect that is not followed', () => '/repos/acme/shop/issues/77', { redirect: 'manual' }],
    ['a body that is not JSON', () => '/repos/acme/shop/issues', { method: 'POST', body: '{"title"' }],
  ]
  test.each(cases)('%s', async (_what, path, init) => {
    const headers = 'headers' in init ? { 'if-none-match': etag } : {}
    const { over, without } = await bothWays(path(), { ...init, headers })
    expect(without).toEqual(over)
    expect(over).toMatchObject({ isDated: true })
  })

  test('what is written is there afterwards, once', async () => {
    const { over, without } = await bothWays('/repos/acme/shop/issues', {
      method: 'POST',
      body: JSON.stringify({ title: 'Written' }),
    })
    expect([over.status, without.status]).toEqual([201, 201])
    const numbers = [over, without].map(({ body }) => JSON.parse(body ?? '').number)
    expect(numbers[1]).toBe(numbers[0] + 1)
  })
})

describe('a request is rejected without a socket as over one', () => {
  test.each(['reset', 'lost-reply'] as const)('where the connection is cut: %s', async (kind) => {
    house.github.faults.add({ kind, path: /pulls$/, times: 2 })
    const { over, without } = await bothWays(twoPages)
    expect(without).toEqual(over)
    expect(over).toMatchObject({ message: 'fetch failed', cause: { code: 'UND_ERR_SOCKET' } })
  })

  test('where the caller does not wait', async () => {
    const remove = house.github.faults.add({ kind: 'latency', latencyMs: 400, path: /pulls$/ })
    const over = await answered(twoPages, { signal: AbortSignal.timeout(100) })
    const useSockets = answerWithoutSockets(house.github.url, house.github.answer)
    expect(await answered(twoPages, { signal: AbortSignal.timeout(100) })).toEqual(over)
    expect(await answered(twoPages, { signal: AbortSignal.abort() })).toMatchObject({ name: 'AbortError' })
    useSockets()
    remove()
    expect(over).toMatchObject({ name: 'TimeoutError' })
  })

  test('where it may not be redirected', async () => {
    const { over, without } = await bothWays('/repos/acme/shop/issues/77', { redirect: 'error' })
    expect(without).toMatchObject({ name: over.name, message: over.message })
    expect(over.message).toBe('fetch failed')
  })
})

test('only the address itself is answered without a socket, for as long as that was asked for', async () => {
  const stop = answerWithoutSockets('http://127.0.0.1:9', async () => new Response('here'))
  expect(await (await fetch('http://127.0.0.1:9/path')).text()).toBe('here')
  await expect(fetch('http://127.0.0.1:10/path')).rejects.toThrow()
  stop()
  await expect(fetch('http://127.0.0.1:9/path')).rejects.toThrow()
})
