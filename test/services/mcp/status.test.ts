import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { StagingTarget } from '../../../src/services/mcp.ts'
import { openStaging } from '../../../src/services/mcp.ts'
import {
  callOnce,
  causeOf,
  type Exchange,
  opened,
  patient,
  rpcError,
  type Script,
  sendJson,
  startModern,
  startScripted,
  textResult,
} from '../../support/mcp-server.ts'

const told = (message: string, code = -32001) => ({ jsonrpc: '2.0', id: null, error: { code, message } })
const failing = (status: number, message: string) => {
  return ({ response }: Exchange) => sendJson(response, told(message), status)
}

const statuses: [number, string, string][] = [
  [401, 'Unauthorized', 'unauthorized'],
  [403, 'Forbidden', 'unauthorized'],
  [404, 'Session not found', 'not_found'],
  [429, 'Too many requests', 'rate_limited'],
  [502, 'Bad gateway', 'unavailable'],
  [503, 'Service unavailable', 'unavailable'],
  [504, 'Gateway timeout', 'unavailable'],
]

describe('classify apart: 401, 403, 404, 429 and 502 to 504 stay what they are with JSON-RPC in the body', () => {
  test.each(statuses)('%i "%s" of a call', async (status, message, cause) => {
    const outcome = await callOnce({ call: failing(status, message) })
    expect(outcome).toMatchObject({ kind: 'transport_error', cause, status })
  })

  test.each(statuses)(
    '%i "%s" of a call to a server of the 2026 protocol',
    async (status, message, cause) => {
      let broken = false
      const server = await startModern({
        before(_request, response) {
          if (broken) sendJson(response, told(message), status)
          return broken
        },
      })
      const live = await opened(server.url)
      broken = true
      const outcome = await live.callTool('read', {})
      await live.close()
      await server.close()
      expect(causeOf(outcome)).toBe(cause)
    },
  )

  test.each(statuses)('%i "%s" at the beginning of a session', async (status, message, cause) => {
    const server = await startScripted({ initialize: failing(status, message) })
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    await server.close()
    expect(result.ok ? 'opened' : result.fault.cause).toBe(cause)
  })

  test.each(statuses)('%i "%s" of tools/list', async (status, message, cause) => {
    const server = await startScripted({ list: failing(status, message) })
    const live = await opened(server.url)
    const listed = await live.listTools()
    await live.close()
    await server.close()
    expect(listed.ok ? 'listed' : causeOf(listed.outcome)).toBe(cause)
  })

  test.each([400, 422, 500])('%i lets the body speak', async (status) => {
    const call = ({ response }: Exchange) => sendJson(response, told('bad amount', -32602), status)
    expect(await callOnce({ call })).toMatchObject({ kind: 'protocol_error', code: -32602 })
  })

  test('the same words with status 200 are a protocol error', async () => {
    const call = () => {
      throw rpcError(-32001, 'Session not found')
    }
    expect(await callOnce({ call })).toMatchObject({ kind: 'protocol_error', code: -32001 })
  })

  test('a status of one call is not laid upon the next', async () => {
    let calls = 0
    const server = await startScripted({
      call({ response }) {
        calls += 1
        if (calls === 1) return sendJson(response, told('Too many requests'), 429)
        throw rpcError(-32602, 'bad amount')
      },
    })
    const live = await opened(server.url)
    const seen = [causeOf(await live.callTool('read', {})), causeOf(await live.callTool('read', {}))]
    await live.close()
    await server.close()
    expect(seen).toEqual(['rate_limited', 'protocol_error'])
  })

  test('404 with a JSON-RPC body lets the older SSE transport be tried', async () => {
    const server = await startScripted({ initialize: failing(404, 'Not found') })
    await openStaging({ kind: 'http', url: server.url }, patient)
    const methods = server.requests.map(({ method }) => method)
    await server.close()
    expect(methods).toEqual(['POST', 'GET'])
  })
})

describe('an answer that is not a list of tools is not an empty list', () => {
  test.each<[string, Script['list']]>([
    ['nothing', () => ({})],
    ['something else under its name', () => ({ tools: 'none' })],
    [
      'nothing on a later page',
      ({ message }) => (message.params?.cursor ? {} : { tools: [], nextCursor: '2' }),
    ],
  ])('%s', async (_name, list) => {
    const server = await startScripted(list ? { list } : {})
    const live = await opened(server.url)
    const listed = await live.listTools()
    await live.close()
    await server.close()
    expect(listed.ok ? 'listed' : causeOf(listed.outcome)).toBe('malformed')
  })
})

/** The causes that the engine retries: connection errors, 429, 502 to 504. */
const retried = ['connection', 'closed', 'broken_stream', 'rate_limited', 'unavailable']

const answering = (status: number, headers: Record<string, string>, body?: string | Buffer) => {
  return ({ response }: Exchange) => void response.writeHead(status, headers).end(body)
}
const json = { 'content-type': 'application/json' }
const fine = JSON.stringify({ jsonrpc: '2.0', id: 1, result: textResult('fine') })

describe('retry only on connection errors, 429, 502 to 504: nothing else is reported as one of them', () => {
  test.each<[string, Script['call'], string]>([
    ['no answer in time', () => undefined, 'timeout'],
    [
      'headers, and then nothing',
      ({ response }) => void response.writeHead(200, json).flushHeaders(),
      'timeout',
    ],
    [
      'half of the JSON, and then nothing',
      ({ response }) => void response.writeHead(200, json).write('{"js'),
      'timeout',
    ],
    [
      'a stream that stays open without an answer',
      ({ response }) =>
        void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n'),
      'timeout',
    ],
    ['202 instead of an answer', answering(202, {}), 'timeout'],
    ['an answer to another request', answering(200, json, fine.replace('"id":1', '"id":99')), 'timeout'],
    ['404', answering(404, {}, 'gone'), 'not_found'],
    ['401', answering(401, {}), 'unauthorized'],
    ['500', answering(500, {}, 'oops'), 'http'],
    ['408', answering(408, {}), 'http'],
    ['truncated JSON', answering(200, json, fine.slice(0, 20)), 'malformed'],
    ['an empty answer', answering(200, json, ''), 'malformed'],
    ['JSON that is not JSON-RPC', answering(200, json, '[]{}'), 'malformed'],
    ['plain text', answering(200, { 'content-type': 'text/plain' }, 'fine'), 'malformed'],
    ['an answer without a type', answering(200, {}, fine), 'malformed'],
    [
      'JSON that cannot be unpacked',
      answering(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(fine).subarray(4)),
      'malformed',
    ],
    ['a web page', answering(200, { 'content-type': 'text/html' }, '<p>'), 'html'],
    ['a redirect to another host', answering(307, { location: 'https://login.example/' }), 'redirect'],
    [
      'an error of the server that names a closed connection of its own',
      () => {
        throw rpcError(-32000, 'database: Connection closed')
      },
      'protocol_error',
    ],
  ])('%s', async (_name, call, cause) => {
    const limits = cause === 'timeout' ? { timeout: 250 } : {}
    const found = causeOf(await callOnce(call ? { call } : {}, limits))
    expect(found).toBe(cause)
    expect(retried).not.toContain(found)
  })

  test('a server of the 2026 protocol that does not answer in time', async () => {
    const server = await startModern()
    const live = await opened(server.url)
    const outcome = await live.callTool('hang', {}, { timeout: 150 })
    await live.close()
    await server.close()
    expect(causeOf(outcome)).toBe('timeout')
  })

  // Node's own fetch gives up waiting after five minutes: https://github.com/nodejs/undici, `headersTimeout`.
  test.each(['Headers Timeout Error', 'Body Timeout Error'])(
    'the "%s" of fetch is a timeout',
    async (text) => {
      const giveUp: typeof fetch = (url, init) => {
        if (!String(init?.body).includes('tools/call')) return fetch(url, init)
        return Promise.reject(new TypeError('fetch failed', { cause: new Error(text) }))
      }
      expect(causeOf(await callOnce({}, {}, { fetch: giveUp }))).toBe('timeout')
    },
  )

  test('a command that does not answer in time', async () => {
    const command = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }
    const target: StagingTarget = { kind: 'stdio', command }
    const result = await openStaging(target, { ...patient, timeout: 150 })
    expect(result.ok ? 'opened' : result.fault.cause).toBe('timeout')
  })

  test.each<[string, Script['call'], string]>([
    ['429', answering(429, {}), 'rate_limited'],
    ['502', answering(502, {}, '<h1>Bad gateway</h1>'), 'unavailable'],
    ['503', answering(503, {}), 'unavailable'],
    ['504', answering(504, {}), 'unavailable'],
    ['a connection that breaks', ({ response }) => void response.destroy(), 'broken_stream'],
  ])('%s may be retried', async (_name, call, cause) => {
    expect(causeOf(await callOnce(call ? { call } : {}))).toBe(cause)
    expect(retried).toContain(cause)
  })

  test('a server that goes away while a session begins may be asked again', async () => {
    const dying: typeof fetch = (url, init) => {
      if (!String(init?.body).includes('notifications/initialized')) return fetch(url, init)
      return Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
    }
    const server = await startScripted()
    const result = await openStaging({ kind: 'http', url: server.url }, { ...patient, fetch: dying })
    await server.close()
    expect(result.ok ? 'opened' : result.fault.cause).toBe('connection')
  })

  test('nobody there anymore may be retried', async () => {
    const server = await startScripted()
    const live = await opened(server.url)
    await server.close()
    expect(causeOf(await live.callTool('read', {}))).toBe('connection')
    await live.close()
  })
})
