import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { decodeJwt, errors, jwtVerify } from 'jose'
import type { Actor, GitHubContext } from './context.ts'

export type Tokens = {
  /** A personal access token (`ghp_…`) that never expires. Each call mints another one. */
  forUser(user: { id: number; login: string }): string
  /** The token (`ghu_…`) that an App gets for a person who signs in with it, valid for eight hours of real time. */
  forUserOfApp(user: { id: number; login: string }, appId: number): string
  /** Ends a token. False: there is none, or it is another App's. */
  revokeUserOfApp(token: string, appId: number): boolean
  /** An installation token (`ghs_…`), valid for an hour of real time. `expiresAt` is ISO 8601 in UTC, to the second. */
  forInstallation(appId: number, installationId: number): { token: string; expiresAt: string }
  /** The App was uninstalled: every token of this installation answers 401 from now on. */
  revokeInstallation(installationId: number): void
  /** While suspended, the installation's tokens answer 403; they work again afterwards. */
  suspendInstallation(installationId: number, suspended?: boolean): void
  /** Another App whose JWTs are accepted. `publicKey` is PEM. */
  addApp(appId: number, publicKey: string): void
  /** Sets `c.var.actor`, or answers 401, 403 or 404 as GitHub does. Without an Authorization header: anonymous. */
  middleware: MiddlewareHandler<GitHubContext>
}

type Refusal = { status: 401 | 403 | 404; message: string }
type Outcome = { actor: Actor } | { refusal: Refusal }
type TokenActor = Extract<Actor, { token: string }>
type MintedToken = { actor: TokenActor; expiresAt: number }

const HOUR = 3_600_000
const LONGEST_JWT_SECONDS = 600
const UNDECODABLE = 'A JSON web token could not be decoded'
const EXPIRED =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
const TOO_FAR_AHEAD = "'Expiration time' claim ('exp') is too far in the future"
const ISSUED_LATER =
  "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"

/**
 * The sandbox's identities: App JWTs are verified, tokens are minted. All of it follows the real clock and never the
 * story's, since the clients (octokit) sign and renew by the real one. `publicKey` is PEM.
 */
export function createTokens(options: { appId: number; publicKey: string }): Tokens {
  const keys = new Map<number, KeyObject>([[options.appId, createPublicKey(options.publicKey)]])
  const minted = new Map<string, MintedToken>()
  const suspended = new Set<number>()

  function mint(
    prefix: 'ghp_' | 'ghs_' | 'ghu_',
    expiresAt: number,
    actor: (token: string) => TokenActor,
  ): string {
    const token = prefix + randomBytes(18).toString('hex')
    minted.set(token, { actor: actor(token), expiresAt })
    return token
  }

  function identify(token: string): Outcome {
    const found = minted.get(token)
    if (!found || found.expiresAt <= Date.now()) return refused(401, 'Bad credentials')
    const { actor } = found
    if (actor.kind === 'installation' && suspended.has(actor.installationId)) {
      return refused(403, 'This installation has been suspended')
    }
    return { actor }
  }

  return {
    forUser: ({ id, login }) =>
      mint('ghp_', Number.POSITIVE_INFINITY, (token) => ({ kind: 'user', userId: id, login, token })),
    forUserOfApp: ({ id, login }, appId) =>
      mint('ghu_', Date.now() + 8 * HOUR, (token) => ({ kind: 'user', userId: id, login, token, appId })),
    revokeUserOfApp(token, appId) {
      const actor = minted.get(token)?.actor
      return actor?.kind === 'user' && actor.appId === appId && minted.delete(token)
    },
    forInstallation(appId, installationId) {
      const expiresAt = Math.floor((Date.now() + HOUR) / 1000) * 1000
      const token = mint('ghs_', expiresAt, (token) => ({
        kind: 'installation',
        appId,
        installationId,
        token,
      }))
      return { token, expiresAt: new Date(expiresAt).toISOString().replace('.000', '') }
    },
    revokeInstallation(installationId) {
      for (const [token, { actor }] of minted) {
        if (actor.kind === 'installation' && actor.installationId === installationId) minted.delete(token)
      }
    },
    suspendInstallation(installationId, suspend = true) {
      if (suspend) suspended.add(installationId)
      else suspended.delete(installationId)
    },
    addApp: (appId, publicKey) => void keys.set(appId, createPublicKey(publicKey)),
    async middleware(c, next) {
      const outcome = await readCredentials(c.req.header('authorization'), keys, identify)
      if ('refusal' in outcome) return refuse(c, outcome.refusal)
      c.set('actor', outcome.actor)
      await next()
    },
  }
}

/** Lets an App's JWT pass only: installations' and people's tokens get GitHub's 401, as do anonymous calls. */
export function jwtOnly(): MiddlewareHandler<GitHubContext> {
  return async (c, next) => {
    if (c.var.actor.kind !== 'app') return refuse(c, { status: 401, message: UNDECODABLE })
    await next()
  }
}

/** True for the App itself and its installations, false for people and anonymous calls. */
export function isAppActor(actor: Actor): boolean {
  return actor.kind === 'app' || actor.kind === 'installation'
}

async function readCredentials(
  header: string | undefined,
  keys: Map<number, KeyObject>,
  identify: (token: string) => Outcome,
): Promise<Outcome> {
  if (header === undefined) return { actor: { kind: 'anonymous' } }
  const [scheme = '', credential = ''] = header.trim().split(/\s+/)
  switch (scheme.toLowerCase()) {
    case 'basic': // git over HTTP sends the token as the password
      return identify(Buffer.from(credential, 'base64').toString().split(':').slice(1).join(':'))
    case 'bearer':
    case 'token':
      return credential.includes('.') ? verifyAppJwt(credential, keys) : identify(credential)
    default:
      return refused(401, 'Bad credentials')
  }
}

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
async function verifyAppJwt(jwt: string, keys: Map<number, KeyObject>): Promise<Outcome> {
  try {
    const appId = Number(decodeJwt(jwt).iss)
    const key = keys.get(appId)
    if (!key) return refused(404, 'Integration not found')
    const { payload } = await jwtVerify(jwt, key, { algorithms: ['RS256'], requiredClaims: ['iss', 'exp'] })
    const now = Math.floor(Date.now() / 1000)
    if ((payload.exp ?? Number.POSITIVE_INFINITY) > now + LONGEST_JWT_SECONDS)
      return refused(401, TOO_FAR_AHEAD)
    if (payload.iat !== undefined && payload.iat > now) return refused(401, ISSUED_LATER)
    return { actor: { kind: 'app', appId } }
  } catch (error) {
    if (error instanceof errors.JWTExpired) return refused(401, EXPIRED)
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'exp')
      return refused(401, EXPIRED)
    return refused(401, UNDECODABLE)
  }
}

function refused(status: Refusal['status'], message: string): Outcome {
  return { refusal: { status, message } }
}

function refuse(c: Context, { status, message }: Refusal) {
  return c.json(
    { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
    status,
  )
}
