import { createHash } from 'node:crypto'
import { z } from 'zod'
import { boundedFetch } from './bounded-fetch.ts'
import { errorForPeople } from './errors.ts'
import { webUrl } from './web-url.ts'

/** Where GitHub sends the browser back to, behind the address of the board: the App's callback URL. */
export const callbackPath = '/sign-in/callback'

/** The App as people sign in with it. */
export type SignInApp = { clientId: string; clientSecret: string; apiUrl: string }

/** Why GitHub gave no token: its error code (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app). */
export type TokenRefused = { error: string; description: string; interval?: number | undefined }

/** What a person types on GitHub to let a command line in. `interval` is in seconds. */
export type DeviceCode = {
  deviceCode: string
  userCode: string
  verificationUri: string
  expiresIn: number
  interval: number
}

/** Where to send a browser to sign in. */
export function authorizeUrl(
  { clientId, apiUrl }: SignInApp,
  { redirectUri, state, verifier }: { redirectUri: string; state: string; verifier: string },
): string {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return `${webUrl(apiUrl)}/login/oauth/authorize?${query}`
}

/** The token for a code of the web flow. The code works once, with the verifier and the redirect that it was requested with. */
export function tokenForCode(
  app: SignInApp,
  { code, verifier, redirectUri }: { code: string; verifier: string; redirectUri: string },
): Promise<{ token: string } | TokenRefused> {
  return requestToken(app, { code, redirect_uri: redirectUri, code_verifier: verifier })
}

/** The token for a device code, once the person has confirmed it; `authorization_pending` before. */
export function tokenForDevice(
  app: SignInApp,
  deviceCode: string,
): Promise<{ token: string } | TokenRefused> {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  return requestToken(app, { device_code: deviceCode, grant_type: grant })
}

export async function startDevice(app: SignInApp): Promise<DeviceCode | TokenRefused> {
  const answer = await post(app, '/login/device/code', { client_id: app.clientId }, deviceAnswer)
  if ('error' in answer) return refusedBy(answer)
  return {
    deviceCode: answer.device_code,
    userCode: answer.user_code,
    verificationUri: answer.verification_uri,
    expiresIn: answer.expires_in,
    interval: answer.interval,
  }
}

/** Ends a token on GitHub. One that has ended already is not an error. */
export async function revokeToken(
  { clientId, clientSecret, apiUrl }: SignInApp,
  token: string,
): Promise<void> {
  const response = await boundedFetch()(`${apiUrl}/applications/${encodeURIComponent(clientId)}/token`, {
    method: 'DELETE',
    redirect: 'error',
    headers: {
      ...headers,
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    },
    body: JSON.stringify({ access_token: token }),
  })
  if (![204, 404, 422].includes(response.status))
    throw new Error(`GitHub answered ${response.status} when it was asked to end a token.`)
}

const headers = {
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'release-gate',
}

const failure = z.object({
  error: z.string(),
  error_description: z.string().default(''),
  interval: z.number().optional(),
})
const tokenAnswer = z.union([z.object({ access_token: z.string().min(1) }), failure])
const deviceAnswer = z.union([
  z.object({
    device_code: z.string(),
    user_code: z.string(),
    verification_uri: z.url(),
    expires_in: z.number(),
    interval: z.number(),
  }),
  failure,
])

async function requestToken(
  app: SignInApp,
  parameters: Record<string, string>,
): Promise<{ token: string } | TokenRefused> {
  const { clientId, clientSecret } = app
  const body = { client_id: clientId, client_secret: clientSecret, ...parameters }
  const answer = await post(app, '/login/oauth/access_token', body, tokenAnswer)
  return 'error' in answer ? refusedBy(answer) : { token: answer.access_token }
}

function refusedBy({ error, error_description, interval }: z.output<typeof failure>): TokenRefused {
  return { error, description: error_description, interval }
}

/** GitHub refuses with 200 and an `error`. Anything else that is not as documented is an outage, never an answer. */
async function post<Answer>(
  { apiUrl }: SignInApp,
  path: string,
  body: object,
  shape: z.ZodType<Answer>,
): Promise<Answer> {
  const url = `${webUrl(apiUrl)}${path}`
  const request = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' } as const
  const response = await boundedFetch()(url, request).catch((error: unknown) => {
    throw errorForPeople(`GitHub cannot be reached at ${new URL(url).origin}.`, { cause: error })
  })
  const parsed = shape.safeParse(await response.json().catch(() => undefined))
  if (parsed.success) return parsed.data
  throw errorForPeople(`GitHub answered ${path} with ${response.status}, not as documented.`)
}
