import { z } from 'zod'
import type { LedgerOptions } from '../services/ledger.ts'
import { type Login, loginSecrets } from '../services/mcp.ts'
import { httpAddress } from '../settings/servers.ts'

/**
 * A staging server's settings from the operator's environment. Addresses and credentials come from here, never from a
 * repository.
 */
const text = z.string().trim().min(1).optional()
const operatorEnvironment = z.object({
  STAGING_TOKEN: text.describe('A bearer token.'),
  STAGING_CLIENT_ID: text.describe('For the OAuth client-credentials login.'),
  STAGING_CLIENT_SECRET: text,
  STAGING_PRIVATE_KEY: text.describe('PEM, for the client-credentials login with a signed JWT.'),
  STAGING_KEY_ALGORITHM: text,
  STAGING_ISSUER: httpAddress
    .optional()
    .describe('The only authorization server that may see the credentials.'),
  STAGING_SCOPE: text,
  LEDGER_URL: httpAddress.optional(),
  LEDGER_KEY: text.describe('The least privileged key that can read the ledger.'),
  RECEIPTS_URL: httpAddress.optional().describe('A JSON-RPC endpoint of the Base chain.'),
})

export type Operator = {
  login: Login
  ledger?: Pick<LedgerOptions, 'url' | 'key'>
  /** The ledger's keys of other tenants, by their names. */
  ledgerKeysAs: ReadonlyMap<string, string>
  receipts?: { url: string }
  /** Values that must never be stored or printed. */
  secrets: string[]
}

export type OperatorResult = { ok: true; operator: Operator } | { ok: false; message: string }

export function readOperator(environment: Record<string, string | undefined>): OperatorResult {
  const filled = Object.entries(environment).filter(([, value]) => value !== '')
  const parsed = operatorEnvironment.safeParse(Object.fromEntries(filled))
  if (!parsed.success) {
    return {
      ok: false,
      message: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    }
  }
  const { LEDGER_URL: url, LEDGER_KEY: key, RECEIPTS_URL: receipts } = parsed.data
  if ((url === undefined) !== (key === undefined))
    return { ok: false, message: 'set LEDGER_URL and LEDGER_KEY together' }
  const login = loginOf(parsed.data)
  if (typeof login === 'string') return { ok: false, message: login }
  const ledgerKeysAs = keysAs(Object.fromEntries(filled))
  const secrets = [
    ...loginSecrets(login),
    ...(key ? [key] : []),
    ...ledgerKeysAs.values(),
    ...(receipts ? urlSecrets(receipts) : []),
  ]
  return {
    ok: true,
    operator: {
      login,
      secrets,
      ledgerKeysAs,
      ...(url && key ? { ledger: { url, key } } : {}),
      ...(receipts ? { receipts: { url: receipts } } : {}),
    },
  }
}

/** `LEDGER_KEY_AS_TENANTB` is the key of `tenantb`. */
const keyAs = /^LEDGER_KEY_AS_([A-Z][A-Z0-9]{0,29})$/

function keysAs(environment: Record<string, string | undefined>): Map<string, string> {
  return new Map(
    Object.entries(environment).flatMap(([name, key]) => {
      const tenant = keyAs.exec(name)?.[1]?.toLowerCase()
      return tenant !== undefined && key ? [[tenant, key.trim()] as const] : []
    }),
  )
}

function loginOf(given: z.output<typeof operatorEnvironment>): Login | string {
  if (given.STAGING_TOKEN) return { kind: 'bearer', token: given.STAGING_TOKEN }
  const {
    STAGING_CLIENT_ID: clientId,
    STAGING_CLIENT_SECRET: clientSecret,
    STAGING_PRIVATE_KEY: privateKey,
  } = given
  if (!clientId) return clientSecret || privateKey ? 'set STAGING_CLIENT_ID' : { kind: 'none' }
  const shared = {
    clientId,
    ...(given.STAGING_ISSUER ? { issuer: given.STAGING_ISSUER } : {}),
    ...(given.STAGING_SCOPE ? { scope: given.STAGING_SCOPE } : {}),
  }
  if (clientSecret) return { kind: 'client_credentials', ...shared, clientSecret }
  if (!privateKey) return 'set STAGING_CLIENT_SECRET or STAGING_PRIVATE_KEY'
  const algorithm = given.STAGING_KEY_ALGORITHM ?? 'ES256'
  return { kind: 'client_credentials_jwt', ...shared, privateKey, algorithm }
}

/** Node providers put their keys into the path or the query of the URL. */
function urlSecrets(url: string): string[] {
  const { pathname, search, password } = new URL(url)
  return [...pathname.split('/'), ...search.slice(1).split(/[&=]/), password].filter(
    (part) => part.length >= 16,
  )
}
