import { type Login, openStaging } from '../../src/services/mcp.ts'

/** What the conformance suite of MCP starts: our session, doing what the named scenario asks of a client. */
const url = process.argv.at(-1) ?? ''
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Record<string, string>

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

const calls: Record<string, [string, Record<string, unknown>]> = {
  tools_call: ['add_numbers', { a: 5, b: 3 }],
  'sse-retry': ['test_reconnection', {}],
  'elicitation-sep1034-client-defaults': ['test_client_elicitation_defaults', {}],
}

const opened = await openStaging(
  { kind: 'http', url, login: login() },
  { timeout: 10_000, maxBytes: 1024 * 1024, elicitation: 'defaults' },
)
if (!opened.ok) throw new Error(opened.fault.message)
const listed = await opened.session.listTools()
if (!listed.ok) throw new Error(JSON.stringify(listed.outcome))
const call = calls[scenario]
const outcome = call ? await opened.session.callTool(...call) : undefined
await opened.session.close()
if (outcome && outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome))
