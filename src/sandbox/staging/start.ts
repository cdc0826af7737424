import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { answerChain } from './chain.ts'
import { openLedgerDatabase } from './ledger-database.ts'
import type { ModeState, StagingModes } from './modes.ts'
import { answerRest } from './rest.ts'
import { rewardServer } from './tools.ts'

export { sandboxDiner } from './ledger-database.ts'
export type { StagingModes } from './modes.ts'

export type StagingOptions = {
  /** 0, the default, takes any free port. */
  port?: number
  modes?: StagingModes
  /** A PGlite to keep the ledger in; one of its own in memory otherwise. */
  database?: PGlite
  /** The head that is deployed at the start. */
  version?: string
}

export type Staging = {
  /** Where MCP is spoken. */
  url: string
  /** For supabase-js. */
  ledger: { url: string; key: string }
  /** JSON-RPC of the chain. */
  receiptsUrl: string
  database: PGlite
  /** Replaces the modes; `{}` fixes everything, and starts a server again that went away. */
  setModes: (modes: StagingModes) => void
  /** Deploys another head: the server then reports it as its version. */
  deploy: (version: string) => void
  close: () => Promise<void>
}

/** What a careless server could leak. Shaped like a real key, so that redaction is tried on the real thing. */
const serviceKey = `sb_secret_${'sandbox0'.repeat(4)}`
const ledgerKey = 'sb_publishable_sandbox_ledger_reader'

/** Starts the sandbox's staging server: MCP, the ledger's read endpoint and the chain, on one port of 127.0.0.1. */
export async function startStaging(options: StagingOptions = {}): Promise<Staging> {
  const database = await openLedgerDatabase(options.database)
  const state: ModeState = { current: options.modes ?? {}, calls: 0 }
  const deployed = { version: options.version ?? '0000000000000000000000000000000000000000' }
  const server = createServer((request, response) => {
    serve({ request, response, database, state, deployed, die }).catch(() => response.destroy())
  })
  let ended = false
  function die(): void {
    server.close()
    server.closeAllConnections()
  }
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    url: `${origin}/mcp`,
    ledger: { url: origin, key: ledgerKey },
    receiptsUrl: `${origin}/chain`,
    database,
    setModes(modes) {
      state.current = modes
      state.calls = 0
      if (!server.listening && !ended) server.listen(port, '127.0.0.1')
    },
    deploy(version) {
      deployed.version = version
    },
    async close() {
      ended = true
      await closed(server)
      if (!options.database) await database.close()
    },
  }
}

type Exchange = {
  request: IncomingMessage
  response: ServerResponse
  database: PGlite
  state: ModeState
  deployed: { version: string }
  die: () => void
}

async function serve(exchange: Exchange): Promise<void> {
  const { request, response, database } = exchange
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox')
  if (pathname === '/mcp') return serveMcp(exchange)
  if (pathname === '/chain') return send(response, 200, await answerChain(database, await json(request)))
  if (!pathname.startsWith('/rest/v1/')) return send(response, 404, { message: 'not found' })
  const { status, headers, body } = await answerRest(database, ledgerKey, {
    method: request.method ?? 'GET',
    path: pathname,
    query: searchParams,
    apiKey: String(request.headers.apikey ?? ''),
    prefer: String(request.headers.prefer ?? ''),
  })
  send(response, status, body, headers)
}

/** One server and one transport for each request, without sessions: any number of clients, and nothing to forget. */
async function serveMcp({ request, response, database, state, deployed, die }: Exchange): Promise<void> {
  const { hung, html, dying } = state.current
  if (hung) return
  if (html) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>')
  if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
  const mcp = rewardServer({
    db: database,
    modes: state,
    version: deployed.version,
    serviceKey,
    dropReply: () => response.destroy(),
    onCall() {
      if (dying === undefined) return
      state.current.dying = dying - 1
      if (dying <= 0) die()
    },
  })
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  response.on('close', () => void mcp.close())
  await mcp.connect(transport as Parameters<typeof mcp.connect>[0])
  await transport.handleRequest(request, response)
}

async function json(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  const gone = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await gone
}
