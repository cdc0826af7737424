import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import {
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js'

/**
 * The login to the staging server. All secrets are set in the environment by the operator; a repository has none. `issuer`
 * names the only authorization server that may see the credentials (a server under test could otherwise advertise one of its
 * own).
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

/** Called with a value that must not be stored or printed from now on. */
export type OnSecret = (secret: string) => void

/** The SDK's provider for a machine's login, telling each token that it obtains; a bearer token needs none. */
export function loginProvider(login: Login, onSecret?: OnSecret): OAuthClientProvider | undefined {
  if (login.kind === 'none' || login.kind === 'bearer') return undefined
  const provider = providerOf(login)
  return onSecret ? tellingTokens(provider, onSecret) : provider
}

type MachineLogin = Exclude<Login, { kind: 'none' | 'bearer' }>

function providerOf(login: MachineLogin): OAuthClientProvider {
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

/** A token is announced before it is saved, and so before it is used: no answer can hold one that is not known. */
function tellingTokens(provider: OAuthClientProvider, onSecret: OnSecret): OAuthClientProvider {
  const save = provider.saveTokens.bind(provider)
  provider.saveTokens = (tokens) => {
    for (const secret of [tokens.access_token, tokens.refresh_token, tokens.id_token]) {
      if (secret) onSecret(secret)
    }
    return save(tokens)
  }
  return provider
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
