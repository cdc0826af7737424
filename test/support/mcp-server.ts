import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CallLimits,
  type Outcome,
  openStaging,
  type SessionOptions,
  type StagingSession,
  type StagingTarget,
} from '../../src/services/mcp.ts'

export type RpcMessage = { id?: number | string; method: string; params?: Record<string, unknown> }
export type Exchange = { message: RpcMessage; request: IncomingMessage; response: ServerResponse }

/** Gives a result, throws an `rpcError`, or answers on the response by itself and gives undefined. */
export type Handler = (exchange: Exchange) => unknown

export type Scripted = {
  url: string
  /** Every message that came, in order. */
  received: RpcMessage[]
  requests: IncomingMessage[]
  /** The text of every message that came, in order. */
  bodies: string[]
  /** Sockets that are open right now. */
  open: () => number
  close: () => Promise<void>
}

export type Script = {
  tools?: unknown[]
  version?: string
  call?: Handler
  list?: Handler
  initialize?: Handler
  discover?: Handler
  /** Answers before anything else; true where it did. */
  before?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** A tool as small as the protocol allows, reading only unless it says otherwise. */
export function aTool(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, inputSchema: { type: 'object' }, annotations: { readOnlyHint: true }, ...more }
}

export function textResult(text: string, more: Record<string, unknown> = {}) {
  return { content: [{ type: 'text', text }], ...more }
}

export function rpcError(code: number, message: string): Error {
  return Object.assign(new Error(message), { rpc: { code, message } })
}

/** An MCP server over Streamable HTTP written by hand, so that it can break in any way. */
export async function startScripted(script: Script = {}): Promise<Scripted> {
  const received: RpcMessage[] = []
  const requests: IncomingMessage[] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    requests.push(request)
    if (script.before?.(request, response)) return
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const body = await bodyOf(request)
    bodies.push(body)
    const message = JSON.parse(body) as RpcMessage
    received.push(message)
    if (message.id === undefined) return void response.writeHead(202).end()
    await answer(script, { message, request, response })
  })
  let open = 0
  server.on('connection', (socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  return { received, requests, bodies, open: () => open, ...(await listening(server)) }
}

async function listening(server: Server): Promise<Pick<Scripted, 'url' | 'close'>> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export type Modern = {
  /** Whether clients of 2025 and older are served, too. */
  older?: boolean
  /** Answers before anything else; true where it did. */
  before?: Script['before']
}

/** A server of the 2026-07-28 protocol, with a tool that answers, one that asks for input and one that hangs. */
export async function startModern({ older = false, before }: Modern = {}) {
  const { createMcpHandler, McpServer, inputRequired } = await import('@modelcontextprotocol/server')
  const { toNodeHandler } = await import('@modelcontextprotocol/node')
  const { z } = await import('zod')
  const ask = { type: 'object', properties: { name: { type: 'string' } } } as const
  const question = inputRequired.elicit({ message: 'Who?', requestedSchema: ask })
  const mcp = () => {
    const server = new McpServer({ name: 'modern', version: '9.9.9' })
    const inputSchema = z.object({})
    server.registerTool('read', { inputSchema }, () => ({ content: [{ type: 'text', text: 'fine' }] }))
    server.registerTool('ask', { inputSchema }, () => inputRequired({ inputRequests: { name: question } }))
    server.registerTool('hang', { inputSchema }, () => new Promise(() => undefined))
    return server
  }
  const handle = toNodeHandler(
    createMcpHandler(mcp, { legacy: older ? 'stateless' : 'reject' }),
  ) as RequestListener
  return listening(
    createServer((request, response) => {
      if (!before?.(request, response)) void handle(request, response)
    }),
  )
}

async function answer(script: Script, exchange: Exchange): Promise<void> {
  const { message, response } = exchange
  try {
    const result = await handlerOf(script, message.method)(exchange)
    if (result !== undefined) sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  } catch (error) {
    const rpc = (error as { rpc?: unknown }).rpc ?? { code: -32603, message: String(error) }
    sendJson(response, { jsonrpc: '2.0', id: message.id, error: rpc })
  }
}

function handlerOf(script: Script, method: string): Handler {
  const { tools = [aTool('read')], version = '1.0.0', call = () => textResult('fine') } = script
  if (method === 'initialize') {
    const result = {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'scripted', version },
      capabilities: { tools: {} },
    }
    return script.initialize ?? (() => result)
  }
  if (method === 'tools/list') return script.list ?? (() => ({ tools }))
  if (method === 'tools/call') return call
  if (method === 'server/discover' && script.discover) return script.discover
  return () => ({})
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Longer than a test may take: one that is about a timeout sets its own, and another one never meets it. */
export const patient: SessionOptions = { timeout: 600_000, maxBytes: 1024 * 1024 }

/** Opens a session that must open. */
export async function opened(
  target: StagingTarget | string,
  options: Partial<SessionOptions> = {},
): Promise<StagingSession> {
  const given: StagingTarget = typeof target === 'string' ? { kind: 'http', url: target } : target
  const result = await openStaging(given, { ...patient, ...options })
  if (!result.ok) throw new Error(`${result.fault.cause}: ${result.fault.message} ${result.stderr}`)
  return result.session
}

/** What becomes of one call of the tool `read`. */
export async function callOnce(
  script: Script,
  limits: CallLimits = {},
  options: Partial<SessionOptions> = {},
): Promise<Outcome> {
  const server = await startScripted(script)
  const session = await opened(server.url, options)
  const outcome = await session.callTool('read', {}, limits)
  await session.close()
  await server.close()
  return outcome
}

export function causeOf(outcome: Outcome): string {
  return outcome.kind === 'transport_error' ? outcome.cause : outcome.kind
}

/** A script for `node -e` as a command that speaks on stdio. */
export function nodeCommand(code: string, env?: Record<string, string>): StagingTarget {
  return { kind: 'stdio', command: { file: process.execPath, args: ['-e', code], ...(env ? { env } : {}) } }
}

/** The lines of a stdio server that answers initialize and tools/list, and calls with `onCall` (JavaScript). */
export function stdioServer(onCall: string, start = ''): string {
  return `
    const say = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
    ${start}
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      if (method === 'initialize') say(id, { protocolVersion: '2025-11-25', serverInfo: { name: 'stdio', version: '1' }, capabilities: { tools: {} } });
      else if (method === 'tools/list') say(id, { tools: [{ name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
      else if (method === 'ping') say(id, {});
      else if (method === 'tools/call') { ${onCall} }
    });`
}
