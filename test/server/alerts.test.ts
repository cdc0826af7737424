import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { alertRoutes } from '../../src/server/alerts.ts'
import { logDrainHandler } from '../../src/server/log-drain.ts'

/** What a sender of alerts is answered where its body cannot be taken. A 4xx is never sent again. */

const secret = 'a-secret-of-the-senders'
const body = JSON.stringify({
  event: {
    id: 'E1',
    event_type: 'incident.triggered',
    occurred_at: '2026-10-19T16:00:00Z',
    data: { id: 'Q1' },
  },
})
const signature = `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
let server: Server
let port: number
let taken: string[] = []

beforeAll(async () => {
  const quiet = { error: () => undefined, info: () => undefined, warn: () => undefined }
  const options = {
    takeIn: async (_: object, delivery: string) => {
      taken.push(delivery)
      return { owner: 'acme', repo: 'incidents' }
    },
    now: () => new Date('2026-10-19T16:00:00Z'),
    log: quiet,
    bodyTime: 50,
  }
  const routes = {
    ...alertRoutes({ ...options, secrets: { pagerduty: secret, datadog: secret, zendesk: secret } }),
    'POST /logs': logDrainHandler({ ...options, secret }),
  }
  server = createServer((request, response) => {
    void routes[`${request.method} ${request.url}` as keyof typeof routes]?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  taken = []
})

/** Sends these bytes and no end, and gives the status of the answer. */
async function statusOf(path: string, length: number, sent: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const headers = [`x-pagerduty-signature: ${signature}`, `x-release-gate-secret: ${secret}`]
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n${headers.join('\r\n')}\r\n\r\n${sent}`,
  )
  const [answer] = await once(socket, 'data')
  socket.destroy()
  return String(answer).slice('HTTP/1.1 '.length, 12)
}

const pagerDuty = '/api/pagerduty/webhooks'

test('202 once it is stored', async () => {
  expect(await statusOf(pagerDuty, Buffer.byteLength(body), body)).toBe('202')
  expect(taken).toEqual(['E1'])
})

test.each([pagerDuty, '/api/datadog/webhooks', '/api/zendesk/webhooks', '/logs'])(
  '503 by %s where the body comes slowly, or the bot was busy, so that it is sent again',
  async (path) => {
    expect(await statusOf(path, Buffer.byteLength(body), body.slice(0, 20))).toBe('503')
    expect(taken).toEqual([])
  },
)

test('413 where it is too large, and 401 where its signature does not match', async () => {
  expect(await statusOf(pagerDuty, 300_000, body)).toBe('413')
  expect(await statusOf(pagerDuty, Buffer.byteLength(body) + 1, `${body} `)).toBe('401')
  expect(taken).toEqual([])
})
