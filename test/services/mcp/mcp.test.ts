import { spawnSync } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import {
  duplicateNames,
  type Outcome,
  openStaging,
  type StagingSession,
  type StagingTarget,
} from '../../../src/services/mcp.ts'
import {
  aTool,
  causeOf,
  nodeCommand,
  opened,
  patient,
  rpcError,
  type Script,
  sendJson,
  startModern,
  startScripted,
  stdioServer,
  textResult,
} from '../../support/mcp-server.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function scripted(script: Script = {}) {
  const server = await startScripted(script)
  endings.push(() => server.close())
  return server
}

async function session(target: StagingTarget | string, options = {}): Promise<StagingSession> {
  const result = await opened(target, options)
  endings.push(() => result.close())
  return result
}

async function callOnce(script: Script, options = {}): Promise<Outcome> {
  const server = await scripted(script)
  return (await session(server.url, options)).callTool('read', {})
}

describe('trap 1: tools/list has pages', () => {
  test('all pages are read, following the cursors', async () => {
    const pages: Record<string, unknown> = {
      first: { tools: [aTool('a')], nextCursor: 'second' },
      second: { tools: [aTool('b')] },
    }
    const server = await scripted({ list: ({ message }) => pages[String(message.params?.cursor ?? 'first')] })
    const listed = await (await session(server.url)).listTools()
    expect(listed.ok && listed.listing.tools.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a repeated cursor ends the reading, and the list is none', async () => {
    const server = await scripted({ list: () => ({ tools: [aTool('a')], nextCursor: 'again' }) })
    const listed = await (await session(server.url)).listTools()
    expect(listed).toEqual({
      ok: false,
      outcome: {
        kind: 'transport_error',
        cause: 'malformed',
        message: 'tools/list does not end: it repeats the cursor "again"',
      },
    })
    expect(server.received.filter(({ method }) => method === 'tools/list')).toHaveLength(2)
  })

  test('a server that never ends is read for two hundred pages only, and the list is none', async () => {
    let page = 0
    const server = await scripted({ list: () => ({ tools: [], nextCursor: String(++page) }) })
    const listed = await (await session(server.url)).listTools()
    expect(listed).toMatchObject({ ok: false, outcome: { cause: 'malformed' } })
    expect(page).toBe(200)
  })
})

describe('trap 2: one bad tool does not kill the list', () => {
  test('a tool with an odd schema stays, with all its unknown keys, and so do its neighbours', async () => {
    const odd = { name: 'odd', inputSchema: 'not a schema', annotations: 'none', future: { key: 1 } }
    const server = await scripted({ tools: [aTool('a'), odd, aTool('b')] })
    const listed = await (await session(server.url)).listTools()
    expect(listed.ok && listed.listing.tools).toEqual([aTool('a'), odd, aTool('b')])
  })

  test('an entry without a name is left out and reported', async () => {
    const server = await scripted({ tools: [{ title: 'who?' }, aTool('a')] })
    const listed = await (await session(server.url)).listTools()
    expect(listed.ok && listed.listing.tools).toHaveLength(1)
    expect(listed.ok && listed.listing.notes).toEqual([
      'tools/list contains an entry without a name, which was left out',
    ])
  })
})

describe('trap 3: an error with mismatched structuredContent does not throw', () => {
  test('the answer comes back raw as a tool error', async () => {
    const tools = [aTool('read', { outputSchema: { type: 'object', required: ['total'] } })]
    const result = textResult('no total', { isError: true, structuredContent: { other: 1 } })
    const server = await scripted({ tools, call: () => result })
    const live = await session(server.url)
    await live.listTools()
    expect(await live.callTool('read', {})).toEqual({ kind: 'tool_error', result, unknownTool: false })
  })
})

describe('trap 4: every call has its own timeout and a total cap', () => {
  test('a call ends at its own timeout, not after 60 s', async () => {
    const server = await scripted({ call: () => undefined })
    const live = await session(server.url)
    expect(causeOf(await live.callTool('read', {}, { timeout: 150 }))).toBe('timeout')
  })

  /** Reports progress every 100 ms, so many times before it answers. */
  function reporting(times: number): NonNullable<Script['call']> {
    return ({ message: { id, params }, response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const send = (body: object) =>
        response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...body })}\n\n`)
      const { progressToken } = (params?._meta ?? {}) as { progressToken?: unknown }
      let progress = 0
      const timer = setInterval(() => {
        progress += 1
        if (progress > times) send({ id, result: textResult('done') })
        else send({ method: 'notifications/progress', params: { progressToken, progress } })
      }, 100)
      response.on('close', () => clearInterval(timer))
    }
  }

  test('progress prolongs the timeout', async () => {
    const server = await scripted({ call: reporting(30) })
    const live = await session(server.url)
    expect(causeOf(await live.callTool('read', {}, { timeout: 2_000, maxTotal: 600_000 }))).toBe('ok')
  })

  test('progress does not prolong it past the total', async () => {
    const server = await scripted({ call: reporting(Number.POSITIVE_INFINITY) })
    const live = await session(server.url)
    expect(causeOf(await live.callTool('read', {}, { timeout: 400, maxTotal: 500 }))).toBe('timeout')
  })
})

describe('trap 5: a broken stream is not a timeout', () => {
  const start = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
    return response
  }

  test.each<[string, Script['call']]>([
    ['the stream ends without an answer', ({ response }) => void start(response).end()],
    [
      'the connection breaks in the middle of the stream',
      ({ response }) => {
        start(response)
        setTimeout(() => response.destroy(), 20)
      },
    ],
    ['the connection breaks before any answer', ({ response }) => void response.destroy()],
  ])('%s', async (_name, call) => {
    const server = await scripted({ call: call ?? (() => undefined) })
    const live = await session(server.url)
    expect(causeOf(await live.callTool('read', {}))).toBe('broken_stream')
  })

  test('the next call on the same session is not blamed for it', async () => {
    let calls = 0
    const server = await scripted({
      call({ response }) {
        calls += 1
        if (calls > 1) return textResult('fine')
        start(response)
        response.end()
      },
    })
    const live = await session(server.url)
    expect(causeOf(await live.callTool('read', {}))).toBe('broken_stream')
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
  })
})

describe('trap 6: nothing stays behind a timeout', () => {
  test('the socket of a call that timed out is closed without closing the session', async () => {
    let gone = false
    const server = await scripted({
      call({ response }) {
        response.on('close', () => {
          gone = true
        })
      },
    })
    const live = await session(server.url)
    await live.callTool('read', {}, { timeout: 100 })
    await expect.poll(() => gone).toBe(true)
    expect(await live.probe()).toBe(true)
  })

  test('a command that ignores SIGTERM is killed with its children', async () => {
    const child = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
    const code = stdioServer(
      '',
      `
      process.on('SIGTERM', () => {});
      const kid = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' });
      process.stderr.write('kid ' + kid.pid + '\\n');
      setInterval(() => {}, 1000);`,
    )
    const live = await session(nodeCommand(code))
    await expect.poll(() => live.stderr()).toMatch(/kid \d+/)
    const pid = Number(/kid (\d+)/.exec(live.stderr())?.[1])
    await live.close()
    await expect
      .poll(() =>
        spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
          .stdout.toString()
          .replace(/Z.*/, '')
          .trim(),
      )
      .toBe('')
  })

  test('a command that floods stderr is not stopped by a full pipe', async () => {
    const code = stdioServer(
      `process.stderr.write('x'.repeat(1_000_000) + 'end', () => say(id, { content: [{ type: 'text', text: 'done' }] }))`,
    )
    const live = await session(nodeCommand(code))
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
    expect(live.stderr().length).toBeLessThanOrEqual(4096)
  })
})

describe('trap 7: what is not MCP is reported apart, and none of it is a tool error', () => {
  const respond =
    (status: number, headers: Record<string, string>, body: string): Script['call'] =>
    ({ response }) =>
      void response.writeHead(status, headers).end(body)

  test.each<[string, Script['call'], string]>([
    ['HTML with status 200', respond(200, { 'content-type': 'text/html' }, '<h1>Sign in</h1>'), 'html'],
    [
      'truncated JSON',
      respond(200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":'),
      'malformed',
    ],
    [
      'JSON that is not JSON-RPC',
      respond(200, { 'content-type': 'application/json' }, '{"hello":1}'),
      'malformed',
    ],
    [
      'JSON cut by the connection',
      ({ response }) => {
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': '999' })
          .write('{"jsonrpc"')
        setTimeout(() => response.destroy(), 10)
      },
      'broken_stream',
    ],
    [
      'unreadable JSON in an event',
      respond(200, { 'content-type': 'text/event-stream' }, 'data: {"jsonrpc"\n\n'),
      'malformed',
    ],
    ['a redirect to another host', respond(307, { location: 'https://login.example/start' }, ''), 'redirect'],
    ['401', respond(401, {}, 'who?'), 'unauthorized'],
    ['403', respond(403, {}, 'no'), 'unauthorized'],
    ['404', respond(404, {}, 'gone'), 'not_found'],
    ['429', respond(429, {}, 'slow down'), 'rate_limited'],
    ['500', respond(500, {}, 'oops'), 'http'],
    ['502', respond(502, {}, '<h1>Bad gateway</h1>'), 'unavailable'],
    ['503', respond(503, {}, ''), 'unavailable'],
    ['504', respond(504, {}, ''), 'unavailable'],
  ])('%s', async (_name, call, cause) => {
    expect(causeOf(await callOnce(call ? { call } : {}))).toBe(cause)
  })

  test('a redirect within the host is followed', async () => {
    const script: Script = {
      before(request, response) {
        if (request.url !== '/mcp') return false
        response.writeHead(307, { location: '/moved' }).end()
        return true
      },
    }
    expect(causeOf(await callOnce(script))).toBe('ok')
  })

  test('a bearer token is not sent to where a redirect leads', async () => {
    const other = await scripted()
    const server = await scripted({
      call: ({ response }) => void response.writeHead(307, { location: other.url }).end(),
    })
    const live = await session({
      kind: 'http',
      url: server.url,
      login: { kind: 'bearer', token: 'secret-token' },
    })
    expect(causeOf(await live.callTool('read', {}))).toBe('redirect')
    expect(other.requests).toHaveLength(0)
  })

  test.each<[string, Script['initialize'], string]>([
    ['HTML', respond(200, { 'content-type': 'text/html' }, '<p>hi'), 'html'],
    ['401', respond(401, {}, ''), 'unauthorized'],
    ['502', respond(502, {}, ''), 'unavailable'],
  ])('%s already at the beginning is a fault of the session', async (_name, initialize, cause) => {
    const server = await scripted(initialize ? { initialize } : {})
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    expect(result.ok ? 'opened' : result.fault.cause).toBe(cause)
  })

  test('a server that is not there is a connection fault', async () => {
    const server = await startScripted()
    await server.close()
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    expect(result.ok ? 'opened' : result.fault.cause).toBe('connection')
  })
})

describe('trap 8: an answer may have so many bytes and no more', () => {
  test('60 MB in one JSON answer are cut off early', async () => {
    let sent = 0
    const outcome = await callOnce({
      call({ response }) {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .write('{"jsonrpc":"2.0","id":1,"result":"')
        const chunk = 'x'.repeat(64 * 1024)
        const more = () => {
          while (sent < 60 * 1024 * 1024 && !response.destroyed) {
            sent += chunk.length
            if (!response.write(chunk)) return void response.once('drain', more)
          }
          response.end('"}')
        }
        more()
      },
    })
    expect(causeOf(outcome)).toBe('too_large')
    expect(sent).toBeLessThan(20 * 1024 * 1024)
  })

  test('the cap holds for events and for a command as well', async () => {
    const big = `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: textResult('x'.repeat(2_000_000)) })}\n\n`
    const events = await callOnce({
      call: ({ response }) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(big),
    })
    expect(causeOf(events)).toBe('too_large')
    const live = await session(
      nodeCommand(stdioServer(`say(id, { content: [{ type: 'text', text: 'x'.repeat(2_000_000) }] })`)),
    )
    expect(causeOf(await live.callTool('read', {}))).toBe('too_large')
  })

  test('an answer just below the cap passes', async () => {
    expect(causeOf(await callOnce({ call: () => textResult('x'.repeat(1_000_000)) }))).toBe('ok')
  })
})

describe('trap 9: tools/list varies with capabilities and credentials', () => {
  test('both are pinned and can be stored beside a baseline', async () => {
    const server = await scripted()
    const target: StagingTarget = {
      kind: 'http',
      url: server.url,
      login: { kind: 'bearer', token: 'secret-token' },
    }
    const live = await session(target, { elicitation: 'defaults' })
    const capabilities = { elicitation: { form: { applyDefaults: true } } }
    expect(live.pinned).toEqual({ capabilities, login: 'bearer' })
    expect(server.received[0]?.params?.capabilities).toEqual(capabilities)
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret-token')
    expect(JSON.stringify(live.pinned)).not.toContain('secret-token')
  })

  test('duplicate names are found', async () => {
    const server = await scripted({ tools: [aTool('a'), aTool('b'), aTool('a')] })
    const listed = await (await session(server.url)).listTools()
    expect(listed.ok && duplicateNames(listed.listing.tools)).toEqual(['a'])
  })
})

describe('trap 10: a server of the 2026-07-28 protocol only', () => {
  async function modern(): Promise<string> {
    const server = await startModern()
    endings.push(() => server.close())
    return server.url
  }

  test('is met with the newer client, and the session looks the same', async () => {
    const live = await session(await modern())
    expect([live.era, live.protocolVersion, live.server]).toEqual([
      '2026',
      '2026-07-28',
      { name: 'modern', version: '9.9.9' },
    ])
    const listed = await live.listTools()
    expect(listed.ok && listed.listing.tools.map(({ name }) => name)).toEqual(['read', 'ask', 'hang'])
    expect(await live.callTool('read', {})).toMatchObject({ kind: 'ok', result: textResult('fine') })
    expect(await live.probe()).toBe(true)
  })

  test('input_required is "needs input", not an error', async () => {
    const live = await session(await modern(), { elicitation: 'defaults' })
    expect(await live.callTool('ask', {})).toEqual({
      kind: 'needs_input',
      message: 'the tool asks for input before it answers',
    })
  })

  test('an unknown tool is one there, too', async () => {
    const live = await session(await modern())
    expect(await live.callTool('nope', {})).toMatchObject({ kind: 'protocol_error', unknownTool: true })
  })

  test('a command is never started with the newer client', async () => {
    const code = stdioServer('').replace(
      "if (method === 'initialize')",
      `if (method === 'initialize') process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32022, message: 'Unsupported protocol version' } }) + '\\n'); else if (false)`,
    )
    const result = await openStaging(nodeCommand(code), patient)
    expect(result.ok ? 'opened' : result.fault.message).toMatch(/Unsupported protocol version \(-32022\)/)
  })
})

describe('trap 11: an unknown tool comes back in three shapes', () => {
  test.each<[string, Script['call']]>([
    ['isError', () => textResult('MCP error -32602: Tool read not found', { isError: true })],
    [
      '-32602',
      () => {
        throw rpcError(-32602, 'Tool read not found')
      },
    ],
    [
      '-32603',
      () => {
        throw rpcError(-32603, 'Unknown tool: read')
      },
    ],
  ])('%s is reported as an unknown tool', async (_name, call) => {
    expect(await callOnce(call ? { call } : {})).toMatchObject({ unknownTool: true })
  })

  test.each<[string, Script['call']]>([
    ['a diner that is not found', () => textResult('diner not found', { isError: true })],
    [
      'wrong arguments',
      () => {
        throw rpcError(-32602, 'diner_wallet is required')
      },
    ],
  ])('%s is not', async (_name, call) => {
    expect(await callOnce(call ? { call } : {})).toMatchObject({ unknownTool: false })
  })
})

describe('login', () => {
  test('a failed login is reported as such', async () => {
    const server = await scripted({ before: (_request, response) => Boolean(response.writeHead(401).end()) })
    const login = { kind: 'client_credentials', clientId: 'bot', clientSecret: 'wrong-secret' } as const
    const result = await openStaging({ kind: 'http', url: server.url, login }, patient)
    expect(result.ok ? 'opened' : result.fault.cause).toBe('unauthorized')
    expect(JSON.stringify(result)).not.toContain('wrong-secret')
  })
})

describe('the older SSE transport', () => {
  function sse(script: {
    call: (id: unknown, send: (message: unknown) => void, end: () => void) => void
  }): Script['before'] {
    let stream: ServerResponse | undefined
    const send = (message: unknown) =>
      void stream?.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
    return (request, response) => {
      if (request.method === 'GET') {
        stream = response.writeHead(200, { 'content-type': 'text/event-stream' })
        stream.write('event: endpoint\ndata: /post\n\n')
        return true
      }
      if (request.url !== '/post') return Boolean(response.writeHead(405).end())
      let body = ''
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          response.writeHead(202).end()
          const { id, method } = JSON.parse(body)
          const serverInfo = { name: 'older', version: '1' }
          if (method === 'initialize')
            send({
              jsonrpc: '2.0',
              id,
              result: { protocolVersion: '2024-11-05', serverInfo, capabilities: {} },
            })
          if (method === 'tools/call') script.call(id, send, () => stream?.destroy())
        })
      return true
    }
  }

  test('is fallen back to where Streamable HTTP is not known', async () => {
    const before = sse({ call: (id, send) => send({ jsonrpc: '2.0', id, result: textResult('fine') }) })
    const server = await scripted(before ? { before } : {})
    const live = await session(server.url)
    expect([live.transport, live.protocolVersion]).toEqual(['sse', '2024-11-05'])
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
  })

  test('a stream that breaks during a call is not a timeout', async () => {
    const before = sse({ call: (_id, _send, end) => end() })
    const server = await scripted(before ? { before } : {})
    const live = await session({ kind: 'http', url: server.url, transport: 'sse' })
    expect(causeOf(await live.callTool('read', {}))).toBe('broken_stream')
  })

  test('the cap on bytes counts for each call', async () => {
    const before = sse({
      call: (id, send) => send({ jsonrpc: '2.0', id, result: textResult('x'.repeat(700_000)) }),
    })
    const server = await scripted(before ? { before } : {})
    const live = await session({ kind: 'http', url: server.url, transport: 'sse' })
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
    expect(causeOf(await live.callTool('read', {}))).toBe('ok')
  })
})

test('a session can be stopped from outside at any moment', async () => {
  const stop = new AbortController()
  const server = await scripted({ call: () => void setTimeout(() => stop.abort(), 20) })
  const live = await session(server.url, { signal: stop.signal })
  expect(causeOf(await live.callTool('read', {}))).toBe('aborted')
})

test('a command that dies at the start says why', async () => {
  const result = await openStaging(nodeCommand(`console.error('no database'); process.exit(3)`), patient)
  const told = result.ok ? {} : { ...result.fault, stderr: result.stderr }
  expect(told).toStrictEqual({
    cause: 'closed',
    message: 'the server went away (it ended with exit code 3)',
    stderr: 'no database\n',
  })
})

test('a command that does not exist is a fault, not a crash', async () => {
  const result = await openStaging(
    { kind: 'stdio', command: { file: '/no/such/program', args: [] } },
    patient,
  )
  expect(result.ok ? 'opened' : result.fault.cause).toBe('connection')
})

test('a command that dies during a call is reported immediately', async () => {
  const live = await session(nodeCommand(stdioServer('process.exit(7)')))
  expect(await live.callTool('read', {})).toMatchObject({
    cause: 'closed',
    message: 'the server went away (it ended with exit code 7)',
  })
})

test('a long error page does not hold us up', async () => {
  // Long enough that looking for the end of an error from each of its starts does not end before the test's timeout.
  const page = '{"error"'.repeat(1_000_000)
  const outcome = await callOnce(
    { call: ({ response }) => void response.writeHead(500).end(page) },
    { maxBytes: 2 * page.length },
  )
  expect(causeOf(outcome)).toBe('http')
})

test('a JSON-RPC error inside an HTTP error is a protocol error', async () => {
  const outcome = await callOnce({
    call: ({ message, response }) =>
      sendJson(
        response,
        { jsonrpc: '2.0', id: message.id, error: { code: -32602, message: 'bad amount' } },
        400,
      ),
  })
  expect(outcome).toEqual({ kind: 'protocol_error', code: -32602, message: 'bad amount', unknownTool: false })
})
