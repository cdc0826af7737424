import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { CLIENT, type Connection, type RequestLimits, watchClosing } from './connection.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { type Login, loginHeaders, loginProvider, type OnSecret } from './login.ts'
import type { Command } from './stdio.ts'
import type { Line } from './stdio-lines.ts'
import { strictLegacy } from './strict-legacy.ts'
import { currentTrace, noteError, type Trace } from './trace.ts'

const anything = z.looseObject({})

export type LegacyTarget =
  | { kind: 'http' | 'sse'; url: URL; login: Login; fetch: typeof fetch }
  | { kind: 'stdio'; command: Command }

export type LegacyOptions = {
  target: LegacyTarget
  capabilities: Record<string, unknown>
  maxBytes: number
  limits: RequestLimits
  /** The exchange under way: what arrives on a stream shared by many calls belongs to it. */
  inFlight: () => Trace | undefined
  /** Called immediately with a command's stderr, since a command may exit before it is connected. */
  onStderr?: (stderr: () => string) => void
  /** The version to ask for; the newest that the SDK knows otherwise. */
  protocolVersion?: string | undefined
  onSecret?: OnSecret | undefined
}

/** Connects with SDK 1.x, which speaks the protocols up to 2025-11-25. Rejects with whatever the SDK rejects with. */
export async function connectLegacy(options: LegacyOptions): Promise<Connection> {
  const { target, capabilities, limits, inFlight } = options
  const client = new Client(CLIENT, { capabilities })
  if (capabilities.elicitation)
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }))
  let announced = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    announced += 1
  })
  let noise = 0
  const onLine = (line: Buffer, read: Line) => {
    const trace = inFlight()
    trace?.heard?.push({ events: false, chunks: [line] })
    if (read.kind === 'malformed' && trace)
      trace.fail({ cause: 'malformed', message: `the answer is not well-formed JSON-RPC: ${read.reason}` })
    // A stray line on stdout is a nuisance of that command; the answer may still come on the next line.
    else if (read.kind !== 'message') noise += 1
  }
  const { transport, stderr, ended } = await transportTo(target, options, onLine)
  if (options.protocolVersion) askFor(transport, options.protocolVersion)
  if (stderr) options.onStderr?.(stderr)
  // A stream or a pipe that all calls share belongs to the call under way; with HTTP each call has a stream of its own.
  const traceNow = target.kind === 'http' ? currentTrace : inFlight
  const closing = watchClosing(transport)
  transport.onerror = (error) => {
    if (!closing()) noteError(error, traceNow())
  }
  transport.onclose = () => {
    if (closing()) return
    const reason = ended?.()
    inFlight()?.fail({ cause: 'closed', message: `the server went away${reason ? ` (it ${reason})` : ''}` })
  }
  let protocolVersion = ''
  const announce = transport.setProtocolVersion?.bind(transport)
  transport.setProtocolVersion = (version) => {
    protocolVersion = version
    announce?.(version)
  }
  try {
    await client.connect(transport, requestOptions(limits))
  } catch (error) {
    await transport.close().catch(() => undefined)
    throw error
  }
  const { name = '', version = '' } = client.getServerVersion() ?? {}
  return {
    era: '2025',
    server: { name, version },
    protocolVersion,
    capabilities: client.getServerCapabilities() ?? {},
    request: (method, params, given) => client.request({ method, params }, anything, requestOptions(given)),
    probe: (given) =>
      client.ping(requestOptions(given)).then(Boolean, (error) => 'code' in error && error.code === -32601),
    noise: () => noise,
    announced: () => announced,
    strict: strictLegacy,
    async close() {
      if (transport instanceof StreamableHTTPClientTransport) await endSession(transport)
      await client.close()
    },
  }
}

/** The SDK always asks for the newest version; here another one stands in its place. */
function askFor(transport: Transport, protocolVersion: string): void {
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!('method' in message) || message.method !== 'initialize') return send(message, options)
    return send({ ...message, params: { ...message.params, protocolVersion } }, options)
  }
}

/** Tells the server that the session is over, without waiting for one that hangs. */
async function endSession(transport: StreamableHTTPClientTransport): Promise<void> {
  const patience = new Promise<void>((resolve) => setTimeout(resolve, 100).unref())
  await Promise.race([transport.terminateSession().catch(() => undefined), patience])
}

async function transportTo(
  target: LegacyTarget,
  { maxBytes, inFlight, onSecret }: LegacyOptions,
  onLine: (line: Buffer, read: Line) => void,
) {
  if (target.kind === 'stdio') {
    const { stdioTransport } = await import('./stdio.ts')
    const transport = stdioTransport(target.command, maxBytes, onLine)
    return { transport: transport as Transport, stderr: transport.stderr, ended: transport.ended }
  }
  const { url, login } = target
  const authProvider = loginProvider(login, onSecret)
  const shared = { requestInit: { headers: loginHeaders(login) }, ...(authProvider ? { authProvider } : {}) }
  if (target.kind === 'sse') {
    const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js')
    const transport = new SSEClientTransport(url, { ...shared, fetch: guardedFetch(target.fetch, inFlight) })
    return { transport: transport as Transport }
  }
  const transport = new StreamableHTTPClientTransport(url, { ...shared, fetch: guardedFetch(target.fetch) })
  return { transport: transport as Transport }
}

/** The SDK alone would wait 60 s, and without end where progress is reported. */
function requestOptions({ timeout, maxTotal, signal }: RequestLimits) {
  return {
    timeout,
    maxTotalTimeout: maxTotal,
    resetTimeoutOnProgress: true,
    onprogress: () => undefined,
    signal,
  }
}
