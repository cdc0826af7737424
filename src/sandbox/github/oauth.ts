import { createHash, randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Tokens } from './auth.ts'
import { accountByLogin, appById, clientIdOf, type Hub } from './hub.ts'
import {
  type Answer,
  badClient,
  type Fields,
  fieldsOf,
  oauthDocs,
  people,
  refusal,
  reply,
  type SignInSettings,
} from './oauth-answers.ts'
import { type Device, deviceAnswer, deviceRoutes } from './oauth-device.ts'
import { authorizePage, messagePage } from './oauth-pages.ts'

type Code = { userId: number; redirectUri: string; challenge: string | undefined; expiresAt: number }

const MINUTE = 60_000

/**
 * GitHub's pages and endpoints for signing in with an App: the web flow with PKCE, and the device flow. Like all tokens they follow the
 * real clock. https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */
export function createOAuth(hub: Hub, tokens: Tokens): { settings: SignInSettings; routes: Hono } {
  const settings: SignInSettings = {
    clientId: clientIdOf(hub.appId),
    clientSecret: randomBytes(20).toString('hex'),
    callbackUrls: [],
    deviceFlow: true,
    interval: 5,
  }
  const codes = new Map<string, Code>()
  const devices = new Map<string, Device>()
  const routes = new Hono()
  webFlowRoutes(hub, { settings, codes }, routes)
  deviceRoutes(hub, { settings, devices }, routes)
  routes.post('/login/oauth/access_token', async (c) => {
    const asked = await fieldsOf(c)
    const answer = tokenAnswer({ settings, codes, devices }, asked)
    if ('error' in answer) return reply(c, answer)
    const account = hub.world.accounts.get(answer.userId)
    if (!account || account.deleted) return reply(c, badCode)
    return reply(c, issued(tokens.forUserOfApp(account, hub.appId)))
  })
  routes.delete('/applications/:client/token', (c) => revoke(c, hub, tokens, settings))
  return { settings, routes }
}

function issued(token: string) {
  return {
    access_token: token,
    expires_in: 28_800,
    refresh_token: `ghr_${randomBytes(18).toString('hex')}`,
    refresh_token_expires_in: 15_897_600,
    scope: '',
    token_type: 'bearer',
  }
}

type Issuer = { settings: SignInSettings; codes: Map<string, Code>; devices: Map<string, Device> }
function tokenAnswer({ settings, codes, devices }: Issuer, asked: Fields): Answer {
  if (asked.client_id !== settings.clientId) return badClient
  if (asked.grant_type !== undefined && asked.device_code !== undefined)
    return asked.grant_type === 'urn:ietf:params:oauth:grant-type:device_code'
      ? deviceAnswer(devices, asked)
      : refusal(
          'unsupported_grant_type',
          'The grant type must be urn:ietf:params:oauth:grant-type:device_code.',
        )
  if (asked.client_secret !== settings.clientSecret) return badClient
  return codeAnswer(codes, asked)
}

/** A code works once, whatever comes of it. */
function codeAnswer(codes: Map<string, Code>, asked: Fields): Answer {
  const code = codes.get(asked.code ?? '')
  codes.delete(asked.code ?? '')
  if (!code || code.expiresAt <= Date.now()) return badCode
  if (asked.redirect_uri !== undefined && asked.redirect_uri !== code.redirectUri)
    return refusal(
      'redirect_uri_mismatch',
      'The redirect_uri MUST match the registered callback URL for this application.',
    )
  const proof = createHash('sha256')
    .update(asked.code_verifier ?? '')
    .digest('base64url')
  return code.challenge === undefined || proof === code.challenge ? { userId: code.userId } : badCode
}

function webFlowRoutes(
  hub: Hub,
  { settings, codes }: Pick<Issuer, 'settings' | 'codes'>,
  routes: Hono,
): void {
  routes.get('/login/oauth/authorize', (c) => {
    const asked = c.req.query()
    if (asked.client_id !== settings.clientId)
      return c.html(messagePage('404: no App has this client ID.'), 404)
    const back = redirectIn(settings, asked)
    if ('refused' in back)
      return back.refused ? c.redirect(back.refused, 302) : c.html(messagePage(noCallback), 400)
    return c.html(authorizePage(appById(hub, hub.appId).name, people(hub), asked))
  })
  routes.post('/login/oauth/authorize', async (c) => {
    const asked = await fieldsOf(c)
    const back = redirectIn(settings, asked)
    if ('refused' in back || asked.client_id !== settings.clientId)
      return c.html(messagePage(noCallback), 400)
    const account = asked.login === undefined ? undefined : accountByLogin(hub, asked.login)
    const state = asked.state === undefined ? {} : { state: asked.state }
    if (!account) return c.redirect(withQuery(back.to, { ...denied, ...state }), 302)
    const code = randomBytes(10).toString('hex')
    codes.set(code, {
      userId: account.id,
      redirectUri: back.to,
      challenge: asked.code_challenge,
      expiresAt: Date.now() + 10 * MINUTE,
    })
    return c.redirect(withQuery(back.to, { code, ...state }), 302)
  })
}

/** Where the browser goes back to. A redirect that is not registered ends at the first one that is, with the error. */
function redirectIn(
  { callbackUrls }: SignInSettings,
  asked: Fields,
): { to: string } | { refused: string | undefined } {
  const [first] = callbackUrls
  if (asked.redirect_uri === undefined) return first ? { to: first } : { refused: undefined }
  if (callbackUrls.includes(asked.redirect_uri)) return { to: asked.redirect_uri }
  const state = asked.state === undefined ? {} : { state: asked.state }
  return { refused: first && withQuery(first, { ...mismatch, ...state }) }
}

async function revoke(c: Context, hub: Hub, tokens: Tokens, settings: SignInSettings): Promise<Response> {
  const { clientId, clientSecret } = settings
  const expected = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  const isApp = c.req.header('authorization') === expected && c.req.param('client') === clientId
  if (!isApp) return c.json({ message: 'Not Found' }, 404)
  const { access_token = '' } = await fieldsOf(c)
  return tokens.revokeUserOfApp(access_token, hub.appId)
    ? c.body(null, 204)
    : c.json({ message: 'Not Found' }, 404)
}

function withQuery(address: string, fields: Record<string, string>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}

const badCode = refusal('bad_verification_code', 'The code passed is incorrect or expired.')
const authorizing = `${oauthDocs}/troubleshooting-authorization-request-errors`
const denied = {
  error: 'access_denied',
  error_description: 'The user has denied your application access.',
  error_uri: `${authorizing}/#access-denied`,
}
const mismatch = {
  error: 'redirect_uri_mismatch',
  error_description: 'The redirect_uri MUST match the registered callback URL for this application.',
  error_uri: `${authorizing}/#redirect-uri-mismatch`,
}
const noCallback = 'The redirect_uri is not associated with this application.'
