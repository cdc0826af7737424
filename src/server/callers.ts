import { isSameSecret } from '../settings/same-secret.ts'
import type { Database } from '../store/database.ts'
import { type Viewer, viewerOf } from './board/session.ts'

/** Who a request of the command line comes from: a person who is signed in, or a script with the operator's token. */
export type Caller = { kind: 'person'; viewer: Viewer } | { kind: 'operator' }

/** The caller that a bearer token belongs to. Cookies count for nothing here, so no other site can send such a request. */
export async function callerOf(
  { database, operatorToken }: { database: Database; operatorToken: string | undefined },
  request: Request,
): Promise<Caller | undefined> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (!token) return undefined
  if (operatorToken && isSameSecret(token, operatorToken)) return { kind: 'operator' }
  const viewer = await viewerOf({ database }, token, 'command line')
  return viewer && { kind: 'person', viewer }
}
