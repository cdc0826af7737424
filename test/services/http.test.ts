import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callJson, isRefused } from '../../src/services/http.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'

/** Calls of PagerDuty, Jira and Datadog: what is tried again, what is not, and what an error says. */

let server: Server
let base: string
let calls: string[] = []
let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 200 }

beforeAll(async () => {
  server = createServer((request, response) => {
    calls.push(request.url ?? '')
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const now = new Date('2026-10-19T16:00:00Z')
const call = (how: typeof answer) => {
  answer = how
  calls = []
  return callJson({
    system: 'PagerDuty',
    url: `${base}/v2/enqueue?routing=secret-in-query`,
    method: 'POST',
    headers: { authorization: 'Basic secret-in-header' },
    body: { routing_key: 'secret-in-body' },
    signal: new AbortController().signal,
    now: () => now,
  })
}
const failureOf = (how: typeof answer): Promise<Error> =>
  call(how).then(
    () => {
      throw new Error('It did not fail')
    },
    (error: Error) => error,
  )

test('gives the JSON of the answer, or undefined where it is empty', async () => {
  expect(await call({ status: 202, body: '{"status":"success"}' })).toEqual({ status: 'success' })
  expect(await call({ status: 204 })).toBeUndefined()
})

test.each([400, 404, 409, 422])(
  '%i is refused: the same call again would be refused again',
  async (status) => {
    expect(isRefused(await failureOf({ status }))).toBe(true)
  },
)

test.each([401, 403, 408, 425, 500, 502, 503, 504])('%i is tried again', async (status) => {
  const error = await failureOf({ status })
  expect(isRefused(error)).toBe(false)
  expect(error.message).toContain(`PagerDuty answered POST /v2/enqueue with ${status}`)
})

test.each([
  ['the seconds that it names', { 'retry-after': '7' }, 7],
  ['no more than five minutes, whatever it names', { 'retry-after': '86400' }, 300],
  ['five minutes where it names a number that no date has', { 'retry-after': '1e300' }, 300],
  ['five minutes where it names no end', { 'retry-after': 'Infinity' }, 300],
  ['a minute where it names a time that has passed', { 'retry-after': '-5' }, 60],
  ['a minute where it names none', {}, 60],
  ['a minute where it names a date', { 'retry-after': 'Mon, 19 Oct 2026 17:00:00 GMT' }, 60],
])('429 waits for %s', async (_, headers, seconds) => {
  const error = await failureOf({ status: 429, headers: headers as Record<string, string> })
  expect(retryTimeOf(error)).toEqual(new Date(now.getTime() + seconds * 1_000))
})

test('a redirect is not followed: the key would go to another place', async () => {
  const error = await failureOf({ status: 307, headers: { location: `${base}/elsewhere` } })
  expect(isRefused(error)).toBe(false)
  expect(calls.map((url) => url.split('?')[0])).toEqual(['/v2/enqueue'])
})

test('an answer that is not JSON is an error', async () => {
  expect((await failureOf({ status: 200, body: '<html>' })).message).toContain('which is not JSON')
})

test.each([302, 400, 401, 429, 500])('an error after %i names no key', async (status) => {
  const { message, stack } = await failureOf({ status, body: 'secret-in-answer' })
  expect(`${message} ${stack}`).not.toContain('secret-in')
})
