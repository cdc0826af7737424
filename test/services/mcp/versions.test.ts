import { afterEach, describe, expect, test } from 'vitest'
import { createParamHeaders } from '../../../src/services/mcp/param-headers.ts'
import { openStaging, parseJson, type SessionOptions, type StagingTarget } from '../../../src/services/mcp.ts'
import {
  type Handler,
  nodeCommand,
  patient,
  rpcError,
  type Script,
  type Scripted,
  sendJson,
  startModern,
  startScripted,
  stdioServer,
} from '../../support/mcp-server.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function started<Server extends { close: () => Promise<void> }>(starting: Promise<Server>) {
  const server = await starting
  endings.push(() => server.close())
  return server
}

/** A server that answers `initialize` with the version that `choose` names. */
function speaking(choose: (asked: string) => string): Script {
  return {
    initialize: ({ message }) => ({
      protocolVersion: choose(String(message.params?.protocolVersion)),
      serverInfo: { name: 'scripted', version: '1' },
      capabilities: { tools: {} },
    }),
  }
}

const asked = ({ received }: Scripted) =>
  received.filter(({ method }) => method === 'initialize').map(({ params }) => params?.protocolVersion)

/** True, false, or undefined where the server could not be asked. */
async function speaks(target: StagingTarget, protocolVersion: string): Promise<boolean | undefined> {
  const result = await openStaging(target, { ...patient, protocolVersion })
  if (!result.ok) return result.fault.cause === 'refused' ? false : undefined
  await result.session.close()
  return result.session.protocolVersion === protocolVersion
}

describe('server drops the protocol versions that clients use: asked for real', () => {
  test.each<[string, Script, string, boolean | undefined]>([
    ['a server that speaks the version', speaking((version) => version), '2025-06-18', true],
    ['a server that speaks that version alone', speaking(() => '2025-03-26'), '2025-03-26', true],
    ['a server that negotiates down', speaking(() => '2025-03-26'), '2025-06-18', false],
    ['a server that negotiates up', speaking(() => '2025-11-25'), '2025-06-18', false],
    ['a server that answers a version nobody knows', speaking(() => '2031-01-01'), '2025-06-18', false],
    [
      'a server that refuses',
      {
        initialize() {
          throw rpcError(-32602, 'Unsupported protocol version')
        },
      },
      '2025-06-18',
      false,
    ],
    [
      'a server that refuses with HTTP 400',
      { initialize: ({ response }) => void response.writeHead(400).end('Unsupported protocol version') },
      '2025-06-18',
      false,
    ],
    [
      'a server that is overloaded, which says nothing of versions',
      { initialize: ({ response }) => void response.writeHead(503).end() },
      '2025-06-18',
      undefined,
    ],
  ])('%s', async (_name, script, version, answer) => {
    const server = await started(startScripted(script))
    const target: StagingTarget = { kind: 'http', url: server.url }
    expect(await speaks(target, version)).toBe(answer)
    expect(asked(server)).toEqual([version])
  })

  test('a run that names no version asks for the newest', async () => {
    const server = await started(startScripted())
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    if (result.ok) await result.session.close()
    expect(asked(server)).toEqual(['2025-11-25'])
  })

  test('a command is asked as well', async () => {
    const echo = stdioServer('').replace(
      "protocolVersion: '2025-11-25'",
      'protocolVersion: params.protocolVersion',
    )
    expect(await speaks(nodeCommand(echo), '2025-03-26')).toBe(true)
    expect(await speaks(nodeCommand(stdioServer('')), '2025-03-26')).toBe(false)
  })

  test.each<[string, boolean, string, boolean]>([
    ['speaks 2026-07-28 alone', false, '2026-07-28', true],
    ['speaks 2026-07-28 beside the older ones', true, '2026-07-28', true],
    ['still speaks an older one beside it', true, '2025-06-18', true],
    ['speaks no older one anymore', false, '2025-06-18', false],
    ['does not speak a later one', true, '2027-01-01', false],
  ])('a server of the 2026 protocol that %s', async (_name, older, version, answer) => {
    const server = await started(startModern({ older }))
    expect(await speaks({ kind: 'http', url: server.url }, version)).toBe(answer)
  })

  test('a server of 2025 does not speak 2026-07-28', async () => {
    const server = await started(startScripted(speaking(() => '2025-11-25')))
    expect(await speaks({ kind: 'http', url: server.url }, '2026-07-28')).toBe(false)
  })
})

describe('a server that answers initialize with a version of the newer era', () => {
  const answer = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    result: {
      protocolVersion: '2026-07-28',
      serverInfo: { name: 'forward', version: '1' },
      capabilities: { tools: {} },
    },
  })
  /** SDK 1.x begins with the id 0, and sends no such header. */
  const answeringForward: NonNullable<Script['before']> = (request, response) => {
    if (request.method !== 'POST' || request.headers['mcp-method'] !== undefined) return false
    sendJson(response, answer(0))
    return true
  }

  test('is met with the newer client', async () => {
    const server = await started(startModern({ before: answeringForward }))
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    if (!result.ok) throw new Error(result.fault.message)
    const listed = await result.session.listTools()
    expect([result.session.era, result.session.protocolVersion]).toEqual(['2026', '2026-07-28'])
    expect(listed.ok && listed.listing.tools.length).toBeGreaterThan(0)
    await result.session.close()
  })

  test('does not speak an older one for that', async () => {
    const server = await started(startModern({ before: answeringForward }))
    expect(await speaks({ kind: 'http', url: server.url }, '2025-06-18')).toBe(false)
  })

  test('and speaks none of it, has refused', async () => {
    const server = await started(startScripted(speaking(() => '2026-07-28')))
    const result = await openStaging({ kind: 'http', url: server.url }, patient)
    expect(result).toMatchObject({
      ok: false,
      fault: { cause: 'refused', message: expect.stringContaining('2026-07-28') },
    })
  })
})

describe('arguments that a tool wants to see in headers', () => {
  test('are sent there by the newer client, as they were written', () => {
    const headers = createParamHeaders()
    const inputSchema = {
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        amount: { type: 'integer', 'x-mcp-header': 'Amount' },
        dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
        note: { type: 'string' },
        at: { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } },
        odd: { type: 'string', 'x-mcp-header': 'no header\r\n' },
      },
    }
    headers.learn({ tools: [{ name: 'pay', inputSchema }, null, { name: 'bare' }] })
    const args = parseJson(
      '{"region":" us","amount":9007199254740993,"dry":null,"note":"n","at":{"city":"Zürich"},"odd":"x"}',
    )
    expect(headers.of({ name: 'pay', arguments: args })).toEqual({
      'Mcp-Param-Region': '=?base64?IHVz?=',
      'Mcp-Param-Amount': '9007199254740993',
      'Mcp-Param-City': '=?base64?WsO8cmljaA==?=',
    })
    expect(headers.of({ name: 'bare', arguments: args })).toEqual({})
    expect(headers.of({ name: 'unknown' })).toEqual({})
  })
})

describe('a server that refuses to begin is reported from one that cannot be reached', () => {
  const causeOf = async (script: Script, options: Partial<SessionOptions>) => {
    const server = await started(startScripted(script))
    const result = await openStaging({ kind: 'http', url: server.url }, { ...patient, ...options })
    return result.ok ? 'opened' : result.fault.cause
  }
  const limits = (cause: string) => (cause === 'timeout' ? { timeout: 500 } : {})
  const refusing = (status: number, code: number): Handler => {
    return ({ response, message: { id } }) =>
      sendJson(response, { jsonrpc: '2.0', id, error: { code, message: 'no' } }, status)
  }

  test.each<[string, Script, string]>([
    ['a JSON-RPC error', { initialize: refusing(200, -32602) }, 'refused'],
    ['a JSON-RPC error with HTTP 400', { initialize: refusing(400, -32000) }, 'refused'],
    ['HTTP 400', { initialize: ({ response }) => void response.writeHead(400).end() }, 'refused'],
    ['a version nobody knows', speaking(() => '2031-01-01'), 'refused'],
    ['HTTP 500 with a JSON-RPC error', { initialize: refusing(500, -32603) }, 'http'],
    ['HTTP 503 with a JSON-RPC error', { initialize: refusing(503, -32000) }, 'unavailable'],
    ['HTTP 429 with a JSON-RPC error', { initialize: refusing(429, -32000) }, 'rate_limited'],
    ['no answer', { initialize: () => undefined }, 'timeout'],
  ])('%s', async (_name, script, cause) => {
    expect(await causeOf(script, limits(cause))).toBe(cause)
  })

  test.each<[string, Script, string]>([
    [
      'a server of 2025',
      {
        discover: () => {
          throw rpcError(-32601, 'Method not found')
        },
      },
      'refused',
    ],
    ['a server of 2025 that wants a session first', { discover: refusing(400, -32000) }, 'refused'],
    ['a server that is unavailable', { discover: refusing(503, -32000) }, 'unavailable'],
    ['a server that hangs', { discover: () => undefined }, 'timeout'],
  ])('asked for 2026-07-28: %s', async (_name, script, cause) => {
    expect(await causeOf(script, { ...limits(cause), protocolVersion: '2026-07-28' })).toBe(cause)
  })
})
