import { z } from 'zod'
import { CLIENT, type Connection, isModern, type RequestLimits, watchClosing } from './connection.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { type Login, loginHeaders, loginProvider, type OnSecret } from './login.ts'
import { createParamHeaders, paramHeaderIssues } from './param-headers.ts'
import { type Check, type Strict, strictBy } from './strict.ts'
import { currentTrace, noteError } from './trace.ts'

const anything = z.looseObject({})

export type ModernOptions = {
  url: URL
  login: Login
  fetch: typeof fetch
  capabilities: Record<string, unknown>
  limits: RequestLimits
  /** The only version to accept, where it is one of these protocols; any otherwise. */
  protocolVersion?: string | undefined
  onSecret?: OnSecret | undefined
}

/**
 * Connects with SDK 2.x to a server that speaks only the 2026-07-28 protocol. Loaded only when such a server is met.
 * `input_required` is handed back as it is: nobody sits here to answer.
 */
export async function connectModern(options: ModernOptions): Promise<Connection> {
  const { Client, specTypeSchemas, StreamableHTTPClientTransport } = await import(
    '@modelcontextprotocol/client'
  )
  const { url, login, capabilities, limits, protocolVersion } = options
  const client = new Client(CLIENT, {
    capabilities,
    versionNegotiation: { mode: isModern(protocolVersion) ? { pin: protocolVersion } : 'auto' },
    inputRequired: { autoFulfill: false },
  })
  const authProvider = loginProvider(login, options.onSecret)
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: loginHeaders(login) },
    fetch: guardedFetch(options.fetch),
    ...(authProvider ? { authProvider } : {}),
  })
  const closing = watchClosing(transport)
  transport.onerror = (error) => {
    if (!closing()) noteError(error, currentTrace())
  }
  await client.connect(transport, requestOptions(limits))
  const { name = '', version = '' } = client.getServerVersion() ?? {}
  const paramHeaders = createParamHeaders()
  const request: Connection['request'] = async (method, params, given) => {
    const headers = method === 'tools/call' ? paramHeaders.of(params) : {}
    const result = await client.request({ method, params }, anything, { ...requestOptions(given), headers })
    if (method === 'tools/list') paramHeaders.learn(result)
    return result
  }
  return {
    era: '2026',
    server: { name, version },
    protocolVersion: client.getNegotiatedProtocolVersion() ?? '',
    capabilities: client.getServerCapabilities() ?? {},
    request,
    probe: (given) => client.discover(requestOptions(given)).then(Boolean, () => false),
    // Announcements come only to those who subscribe to them; the list is read again instead.
    announced: () => 0,
    strict: strictModern(specTypeSchemas),
    close: () => client.close(),
  }
}

type Schemas = typeof import('@modelcontextprotocol/client').specTypeSchemas

/** What the client of SDK 2.x refuses, or leaves out of the list. It compiles no schema before a tool is called. */
function strictModern(schemas: Schemas): Strict {
  const by =
    (name: keyof Schemas): Check =>
    (value) => {
      const result = schemas[name]['~standard'].validate(value)
      if (result instanceof Promise) return undefined
      return result.issues?.map(({ path = [], message }) => ({
        path: path.map((step) => (typeof step === 'object' ? step.key : step)),
        message,
      }))
    }
  const blocks = {
    text: by('TextContent'),
    image: by('ImageContent'),
    audio: by('AudioContent'),
    resource_link: by('ResourceLink'),
    resource: by('EmbeddedResource'),
  }
  const tool: Check = (value) =>
    by('Tool')(value) ?? paramHeaderIssues((value as { inputSchema?: unknown }).inputSchema)
  const checks = { tool, page: by('ListToolsResult'), result: by('CallToolResult'), blocks }
  return strictBy(checks, () => undefined)
}

/** The same, without a connection. */
export async function strictModernOf(): Promise<Strict> {
  const { specTypeSchemas } = await import('@modelcontextprotocol/client')
  return strictModern(specTypeSchemas)
}

function requestOptions({ timeout, maxTotal, signal }: RequestLimits) {
  return {
    timeout,
    maxTotalTimeout: maxTotal,
    resetTimeoutOnProgress: true,
    onprogress: () => undefined,
    signal,
    allowInputRequired: true,
  }
}
