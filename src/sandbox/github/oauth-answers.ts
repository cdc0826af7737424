import type { Context } from 'hono'
import type { Hub } from './hub.ts'
import { type Account, ghost, webFlow } from './world.ts'

/** How people sign in with the App under test: what its settings page holds. */
export type SignInSettings = {
  clientId: string
  clientSecret: string
  /** The callback URLs; a redirect must be one of them, character by character. */
  callbackUrls: string[]
  /** "Enable Device Flow". */
  deviceFlow: boolean
  /** Seconds between two polls of the device flow. */
  interval: number
}

export type Refusal = { error: string; error_description: string; error_uri: string; interval?: number }
export type Answer = { userId: number } | Refusal

export type Fields = Record<string, string>

export const oauthDocs = 'https://docs.github.com/apps/managing-oauth-apps'

/** People who can sign in. */
export function people(hub: Hub): Account[] {
  const nobody: number[] = [ghost.id, webFlow.id]
  return [...hub.world.accounts.values()].filter(
    ({ id, type, deleted }) => type === 'User' && !deleted && !nobody.includes(id),
  )
}

/** Fields of a form, of JSON, or of the query, which GitHub takes alike. */
export async function fieldsOf(c: Context): Promise<Fields> {
  const isJson = c.req.header('content-type')?.includes('json')
  const body = isJson ? await c.req.json().catch(() => ({})) : await c.req.parseBody()
  const given = Object.entries({ ...c.req.query(), ...body })
  return Object.fromEntries(
    given.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

/** GitHub answers with a form unless it is asked for JSON, and refuses with 200. */
export function reply(c: Context, fields: Record<string, string | number>): Response {
  if (c.req.header('accept')?.includes('application/json')) return c.json(fields)
  const form = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return c.body(form.toString(), 200, { 'content-type': 'application/x-www-form-urlencoded' })
}

export function refusal(error: string, description: string): Refusal {
  const page = `${oauthDocs}/troubleshooting-oauth-app-access-token-request-errors`
  return { error, error_description: description, error_uri: `${page}/#${error.replaceAll('_', '-')}` }
}

export const badClient = refusal(
  'incorrect_client_credentials',
  'The client_id and/or client_secret passed are incorrect.',
)
