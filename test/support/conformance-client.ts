import { type Login, openStaging, type StagingSession } from '../../src/services/mcp.ts'

/** What the conformance suites of MCP start: our session, doing what the named scenario asks of a client. */
const url = process.argv.at(-1) ?? ''
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const protocolVersion = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION
type Call = { name: string; arguments: Record<string, unknown> }
type Context = Record<string, string> & { toolCalls?: Call[] }
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Context

function login(): Login {
  const {
    client_id: clientId = '',
    client_secret: clientSecret = '',
    private_key_pem: privateKey = '',
  } = context
  if (scenario.endsWith('basic')) return { kind: 'client_credentials', clientId, clientSecret }
  if (!scenario.endsWith('jwt')) return { kind: 'none' }
  const algorithm = context.signing_algorithm ?? 'ES256'
  return { kind: 'client_credentials_jwt', clientId, privateKey, algorithm }
}

const calls: Record<string, Call> = {
  tools_call: { name: 'add_numbers', arguments: { a: 5, b: 3 } },
  'sse-retry': { name: 'test_reconnection', arguments: {} },
  'elicitation-sep1034-client-defaults': { name: 'test_client_elicitation_defaults', arguments: {} },
  'http-standard-headers': { name: 'test_headers', arguments: {} },
  'http-invalid-tool-headers': { name: 'valid_tool', arguments: { region: 'us-west1' } },
}

async function callsOf(session: StagingSession): Promise<Call[]> {
  const listed = await session.listTools()
  if (!listed.ok) throw new Error(JSON.stringify(listed.outcome))
  const { tools } = listed.listing
  if (scenario === 'json-schema-2020-12-preservation') {
    const focal = tools.find(({ name }) => name !== 'json_schema_echo')
    return [{ name: 'json_schema_echo', arguments: { schema: focal?.inputSchema } }]
  }
  return context.toolCalls ?? (calls[scenario] ? [calls[scenario]] : [])
}

const opened = await openStaging(
  { kind: 'http', url, login: login() },
  {
    timeout: 10_000,
    maxBytes: 1024 * 1024,
    elicitation: 'defaults',
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
  },
)
if (!opened.ok) throw new Error(opened.fault.message)
for (const { name, arguments: args } of await callsOf(opened.session)) {
  const outcome = await opened.session.callTool(name, args)
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome))
}
await opened.session.close()
