import { generateKeyPairSync } from 'node:crypto'
import { Hono } from 'hono'
import { SignJWT } from 'jose'
import { createTokens } from '../../../src/sandbox/github/auth.ts'
import type { GitHubContext } from '../../../src/sandbox/github/context.ts'

export const APP_ID = 7

export function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    privateKey,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

export const appKeys = keyPair()

const seconds = () => Math.floor(Date.now() / 1000)

/** An App's JWT; what is not given is as octokit would send it. */
export function aJwt({
  iss = APP_ID as number | string,
  iat = seconds() - 30,
  exp = (seconds() + 570) as number | undefined,
  key = appKeys.privateKey,
} = {}): Promise<string> {
  const claims = { iss: String(iss), iat, ...(exp !== undefined && { exp }) }
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(key)
}

/** Tokens of the App, an installation and a person, and an app that asks for them. */
export function anApp() {
  const tokens = createTokens({ appId: APP_ID, publicKey: appKeys.publicPem })
  const app = new Hono<GitHubContext>()
  app.use(tokens.middleware)
  const bot = { authorization: `token ${tokens.forInstallation(APP_ID, 1).token}` }
  const ana = { authorization: `token ${tokens.forUser({ id: 11, login: 'ana' })}` }
  return { app, tokens, bot, ana }
}

const nothing = () => undefined

/** A log for octokit in tests that expect errors. */
export const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
