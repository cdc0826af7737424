import { createHmac } from 'node:crypto'
import { parseSigned, serialize, serializeSigned } from 'hono/utils/cookie'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { SignedInPerson } from '../../services/github/user-access.ts'
import { keyNamed } from '../../store/keys.ts'
import {
  endSession,
  findSession,
  keepSession,
  type Session,
  type SessionClient,
} from '../../store/sessions.ts'
import { hashOfSecret, newSecret } from '../secrets.ts'
import type { BoardShell } from './shell.ts'

/** Who is signed in, as GitHub says. The id decides; the login is for display and for requests about the person. */
export type Viewer = { id: number; login: string; name?: string; session: ViewerSession }

/** `token` proves the session and opens the encrypted token of GitHub; it is never stored. */
export type ViewerSession = Omit<Session, 'userId' | 'login' | 'name' | 'client'> & { token: string }

/** What every page behind the sign-in knows: who asks, and the ids of the repositories that they can read on GitHub. */
export type BoardContext = { Variables: { viewer: Viewer; readable: Set<number> } }

type SessionShell = Pick<BoardShell, 'database' | 'base'>

/** How long a session lasts. GitHub's own token ends after the same time. */
export const sessionHours = 8

/** Over https, the prefix keeps other hosts of the domain from setting the cookie. */
function cookieName(base: string): string {
  return base.startsWith('https:') ? '__Host-release-gate' : 'release-gate'
}

/** Who sent a request of the board, by its signed cookie. Undefined: nobody is signed in, or no longer. */
export async function signedIn(shell: SessionShell, request: Request): Promise<Viewer | undefined> {
  const token = await readCookie(shell, request, 'session')
  return token ? viewerOf(shell, token, 'board') : undefined
}

/** Who a token belongs to, where it is used by the client that it was given to. */
export async function viewerOf(
  { database }: Pick<SessionShell, 'database'>,
  token: string,
  client: SessionClient,
): Promise<Viewer | undefined> {
  const session = await findSession(database, { id: hashOfSecret(token), client }, new Date())
  if (!session) return undefined
  const { userId, login, name, client: _, ...rest } = session
  return { id: userId, login, ...(name === null ? {} : { name }), session: { ...rest, token } }
}

/** Starts a session with a token of its own, whatever was sent before, and returns that token. */
export async function startSession(
  { database }: Pick<SessionShell, 'database'>,
  person: SignedInPerson,
  session: { client: SessionClient; githubToken: string; readable: number[] },
): Promise<{ token: string; expiresAt: Date }> {
  const token = newSecret()
  const now = new Date()
  const expiresAt = new Date(now.getTime() + sessionHours * 3_600_000)
  const { client, githubToken, readable } = session
  const row = {
    id: hashOfSecret(token),
    client,
    userId: person.id,
    login: person.login,
    name: person.name ?? null,
    csrf: newSecret(),
    githubToken: await encrypted(token, githubToken),
    readable,
    readableAt: now,
    expiresAt,
  }
  await keepSession(database, row, now)
  return { token, expiresAt }
}

/** Ends a session: its token is refused from now on, whoever has it. */
export async function endViewerSession({ database }: Pick<SessionShell, 'database'>, { session }: Viewer) {
  await endSession(database, session.id)
}

/** The person's own token of GitHub. */
export async function githubTokenOf({ session }: Viewer): Promise<string> {
  const { plaintext } = await compactDecrypt(session.githubToken, encryptionKey(session.token))
  return new TextDecoder().decode(plaintext)
}

async function encrypted(token: string, text: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(encryptionKey(token))
}

function encryptionKey(token: string): Uint8Array {
  return createHmac('sha256', token).update('the token of GitHub').digest()
}

/** `session`: who is signed in. `state`: which sign-in this browser began. */
type CookieKind = 'session' | 'state'

/** The value of one of our cookies; undefined where it is missing or not signed by us. */
export async function readCookie(
  { database, base }: SessionShell,
  request: Request,
  kind: CookieKind,
): Promise<string | undefined> {
  const header = request.headers.get('cookie')
  const name = nameOfCookie(base(), kind)
  if (!header?.includes(`${name}=`)) return undefined
  const cookies = await parseSigned(header, await keyNamed(database, 'sessions'), name)
  return cookies[name] || undefined
}

/** A `Set-Cookie` that scripts cannot read and other sites' forms do not send. */
export async function signedCookie(
  { database, base }: SessionShell,
  kind: CookieKind,
  value: string,
  maxAge: number,
): Promise<string> {
  const options = { ...cookieOptions(base()), maxAge }
  return serializeSigned(nameOfCookie(base(), kind), value, await keyNamed(database, 'sessions'), options)
}

export function clearedCookie({ base }: Pick<SessionShell, 'base'>, kind: CookieKind): string {
  return serialize(nameOfCookie(base(), kind), '', { ...cookieOptions(base()), maxAge: 0 })
}

function nameOfCookie(base: string, kind: CookieKind): string {
  return kind === 'session' ? cookieName(base) : `${cookieName(base)}-state`
}

function cookieOptions(base: string) {
  return { path: '/', httpOnly: true, secure: base.startsWith('https:'), sameSite: 'Lax' } as const
}
