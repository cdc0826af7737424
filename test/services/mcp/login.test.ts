import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRedactor } from '../../../src/regression/redaction.ts'
import { type Login, openStaging, type StagingTarget, textOf } from '../../../src/services/mcp.ts'
import {
  opened,
  patient,
  type Script,
  sendJson,
  startModern,
  startScripted,
  textResult,
} from '../../support/mcp-server.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** An authorization server beside MCP on one address: whoever has no valid token must fetch one. */
function guarded(more: Record<string, string> = {}) {
  const tokens: string[] = []
  const valid = new Set<string | undefined>()
  let refused = false
  const issue = () => {
    const token = `opaque-token-number-${tokens.length + 1}`
    tokens.push(token)
    valid.add(`Bearer ${token}`)
    return { access_token: token, token_type: 'Bearer', expires_in: 60, ...more }
  }
  const before = (request: IncomingMessage, response: ServerResponse): boolean => {
    const issuer = `http://${request.headers.host}`
    if (request.url === '/token') {
      if (refused) sendJson(response, { error: 'invalid_client' }, 401)
      else sendJson(response, issue())
      return true
    }
    if (request.url?.startsWith('/.well-known/oauth-authorization-server')) {
      sendJson(response, { issuer, token_endpoint: `${issuer}/token`, ...metadata(issuer) })
      return true
    }
    if (request.url?.startsWith('/.well-known/')) return Boolean(response.writeHead(404).end())
    if (valid.has(request.headers.authorization)) return false
    return Boolean(response.writeHead(401, { 'www-authenticate': 'Bearer' }).end())
  }
  return {
    before,
    tokens,
    /** Every token so far runs out. */
    expire: () => valid.clear(),
    refuse: () => {
      refused = true
    },
  }
}

const metadata = (issuer: string) => ({
  authorization_endpoint: `${issuer}/authorize`,
  response_types_supported: ['code'],
  grant_types_supported: ['client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['ES256'],
})

const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

const basic = { kind: 'client_credentials', clientId: 'bot', clientSecret: 'the-client-secret' } as const
const jwt = { kind: 'client_credentials_jwt', clientId: 'bot', privateKey, algorithm: 'ES256' } as const

/** The login for a server: its own address is the only issuer that may see the credentials. */
const loggedIn = (url: string, login: Login): StagingTarget => {
  return { kind: 'http', url, login: { ...login, issuer: new URL(url).origin } as Login }
}

async function scripted(script: Script) {
  const server = await startScripted(script)
  endings.push(() => server.close())
  return server
}

describe('secrets come back in answers: redact before anything is stored', () => {
  test.each<[string, Login]>([
    ['client credentials, basic', basic],
    ['client credentials, signed JWT', jwt],
  ])('a token that the run obtained is reported immediately (%s)', async (_name, login) => {
    const { before, tokens } = guarded()
    const redactor = createRedactor()
    const call: Script['call'] = ({ request }) => textResult(`you sent ${request.headers.authorization}`)
    const server = await scripted({ before, call })
    const live = await opened(loggedIn(server.url, login), { onSecret: redactor.hide })
    const outcome = await live.callTool('read', {})
    await live.close()
    const answer = outcome.kind === 'ok' ? textOf(outcome.result) : outcome.kind
    expect(tokens).toHaveLength(1)
    expect(answer).toContain(tokens[0])
    expect(redactor.text(answer)).not.toContain('opaque-token')
  })

  test('every kind of token in the answer is reported', async () => {
    const { before, tokens } = guarded({ refresh_token: 'the-refresh-token', id_token: 'the-id-token' })
    const onSecret = vi.fn()
    const server = await scripted({ before })
    const live = await opened(loggedIn(server.url, basic), { onSecret })
    await live.close()
    expect(onSecret.mock.calls.flat()).toEqual([...tokens, 'the-refresh-token', 'the-id-token'])
  })

  test('a token is reported before it is used', async () => {
    const { before, tokens } = guarded()
    const seen: string[] = []
    const told: string[] = []
    const server = await scripted({
      before(request, response) {
        const answered = before(request, response)
        if (!answered && request.headers.authorization) seen.push(`${told.length} told`)
        return answered
      },
    })
    const live = await opened(loggedIn(server.url, basic), { onSecret: (secret) => told.push(secret) })
    await live.close()
    expect(told).toEqual(tokens)
    expect(new Set(seen)).toEqual(new Set(['1 told']))
  })

  test('a token that replaces one that ran out is reported as well', async () => {
    const { before, expire, tokens } = guarded()
    const told: string[] = []
    const server = await scripted({ before })
    const live = await opened(loggedIn(server.url, basic), { onSecret: (secret) => told.push(secret) })
    expire()
    expect((await live.callTool('read', {})).kind).toBe('ok')
    await live.close()
    expect(tokens.length).toBeGreaterThan(1)
    expect(told).toEqual(tokens)
  })

  test('a server of the 2026 protocol', async () => {
    const { before, tokens } = guarded()
    const told: string[] = []
    const server = await startModern({ before })
    endings.push(() => server.close())
    const live = await opened(loggedIn(server.url, basic), { onSecret: (secret) => told.push(secret) })
    expect(live.era).toBe('2026')
    await live.close()
    expect(told).toEqual(tokens)
  })

  test.each<[string, Login]>([
    ['no login', { kind: 'none' }],
    ['a bearer token, which the operator gave', { kind: 'bearer', token: 'a-given-token' }],
  ])('%s obtains none', async (_name, login) => {
    const onSecret = vi.fn()
    const server = await scripted({})
    const live = await opened({ kind: 'http', url: server.url, login }, { onSecret })
    await live.callTool('read', {})
    await live.close()
    expect(onSecret).not.toHaveBeenCalled()
  })
})

describe('a failed login is inconclusive', () => {
  test('at the beginning', async () => {
    const { before, refuse } = guarded()
    refuse()
    const server = await scripted({ before })
    const result = await openStaging(loggedIn(server.url, basic), patient)
    expect(result.ok ? 'opened' : result.fault.cause).toBe('unauthorized')
  })

  test('in the middle of a run', async () => {
    const { before, refuse, expire } = guarded()
    const server = await scripted({ before })
    const live = await opened(loggedIn(server.url, basic))
    expire()
    refuse()
    expect(await live.callTool('read', {})).toMatchObject({ kind: 'transport_error', cause: 'unauthorized' })
    await live.close()
  })
})

describe('a server under test that names another place for its login', () => {
  /** Something inside of the network that must not be called. */
  async function inside() {
    let connections = 0
    const server = createServer((socket) => {
      socket.destroy()
      connections += 1
    }).listen(0)
    await once(server, 'listening')
    endings.push(async () => server.close())
    const { port } = server.address() as AddressInfo
    return { connections: () => connections, url: `http://127.0.0.1:${port}/` }
  }

  const refusing = (named: () => string): Script => ({
    before: (request, response) => {
      if (request.url?.startsWith('/.well-known/oauth-protected-resource')) {
        const resource = `http://${request.headers.host}/mcp`
        sendJson(response, { resource, authorization_servers: [named()] })
        return true
      }
      if (request.url?.startsWith('/.well-known/')) return Boolean(response.writeHead(404).end())
      return Boolean(response.writeHead(401, { 'www-authenticate': 'Bearer' }).end())
    },
  })

  /** A server at a public address; in the test it is on this machine. */
  async function elsewhere(script: Script) {
    const server = await scripted(script)
    const staging = 'https://staging.example'
    const reach: typeof fetch = (input, init) =>
      fetch(String(input).replace(staging, new URL(server.url).origin), init)
    return { target: { kind: 'http', url: `${staging}/mcp`, login: basic } as const, fetch: reach }
  }

  const missing = (response: ServerResponse) => Boolean(response.writeHead(404).end())
  const unauthorized = (response: ServerResponse, more = '') =>
    Boolean(response.writeHead(401, { 'www-authenticate': `Bearer${more}` }).end())

  test.each<[string, (url: string) => Script]>([
    [
      'in the header of its answer',
      (url) => ({
        before: (request, response) =>
          request.url?.startsWith('/.well-known/')
            ? missing(response)
            : unauthorized(response, ` resource_metadata="${url}"`),
      }),
    ],
    ['in its metadata', (url) => refusing(() => url)],
    [
      'by a redirect',
      (url) => ({
        before: (request, response) =>
          request.url?.startsWith('/.well-known/')
            ? Boolean(response.writeHead(307, { location: url }).end())
            : unauthorized(response),
      }),
    ],
    [
      'as the address of its tokens',
      (url) => ({
        before: (request, response) => {
          if (request.url?.startsWith('/.well-known/oauth-authorization-server')) {
            const issuer = 'https://staging.example'
            sendJson(response, { issuer, token_endpoint: url, ...metadata(issuer) })
            return true
          }
          return request.url?.startsWith('/.well-known/') ? missing(response) : unauthorized(response)
        },
      }),
    ],
    [
      'by a redirect of the address of its tokens',
      (url) => ({
        before: (request, response) => {
          if (request.url === '/token') return Boolean(response.writeHead(307, { location: url }).end())
          return request.url?.startsWith('/.well-known/') ? missing(response) : unauthorized(response)
        },
      }),
    ],
  ])('cannot have the bot call into its own network, %s', async (_name, script) => {
    for (const protocol of ['http', 'https'])
      for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '[::ffff:127.0.0.1]']) {
        const hidden = await inside()
        const named = hidden.url.replace('http://127.0.0.1', `${protocol}://${host}`)
        const { target, fetch } = await elsewhere(script(named))
        const result = await openStaging(target, { ...patient, fetch })
        expect(result.ok ? 'opened' : 'fault').toBe('fault')
        expect(hidden.connections()).toBe(0)
      }
  })

  test('is followed to the issuer that the operator set', async () => {
    const { before, tokens } = guarded()
    const issuer = await scripted({ before })
    const { origin } = new URL(issuer.url)
    const own = refusing(() => origin)
    const server = await scripted({
      before: (request, response) =>
        request.headers.authorization === `Bearer ${tokens[0]}`
          ? false
          : (own.before?.(request, response) ?? false),
    })
    const live = await opened({ kind: 'http', url: server.url, login: { ...basic, issuer: origin } })
    await live.close()
    expect(tokens).toHaveLength(1)
  })
})
