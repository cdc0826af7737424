import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import {
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js'

/**
 * How we log in at the staging server. Every secret comes from the operator's environment, never from a repository.
 * `issuer` names the only authorization server that may see the credentials (a server under test could otherwise
 * advertise one of its own).
 */
export type Login =
  | { kind: 'none' }
  | { kind: 'bearer'; token: string }
  | { kind: 'client_credentials'; clientId: string; clientSecret: string; issuer?: string; scope?: string }
  | {
      kind: 'client_credentials_jwt'
      clientId: string
      privateKey: string
      algorithm: string
      issuer?: string
      scope?: string
    }

/** The SDK's provider for a machine's login; a bearer token needs none. */
export function loginProvider(login: Login): OAuthClientProvider | undefined {
  if (login.kind === 'none' || login.kind === 'bearer') return undefined
  const { clientId, issuer, scope } = login
  const shared = {
    clientId,
    ...(issuer ? { expectedIssuer: issuer } : {}),
    ...(scope ? { scope } : {}),
  }
  if (login.kind === 'client_credentials') {
    return new ClientCredentialsProvider({ ...shared, clientSecret: login.clientSecret })
  }
  const { privateKey, algorithm } = login
  return new PrivateKeyJwtProvider({ ...shared, privateKey, algorithm })
}

export function loginHeaders(login: Login): Record<string, string> {
  return login.kind === 'bearer' ? { authorization: `Bearer ${login.token}` } : {}
}

/** The values that must never appear in anything stored or printed. */
export function loginSecrets(login: Login): string[] {
  if (login.kind === 'bearer') return [login.token]
  if (login.kind === 'client_credentials') return [login.clientSecret]
  return login.kind === 'client_credentials_jwt' ? [login.privateKey] : []
}
