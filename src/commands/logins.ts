import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** Who is signed in at this command line, at one bot. */
export type Login = { token: string; login: string; expiresAt: string }

const logins = z.record(
  z.string(),
  z.object({ token: z.string(), login: z.string(), expiresAt: z.iso.datetime() }),
)

/** The file that keeps the logins of this user, by the address of the bot. */
export function loginFile(): string {
  const folder = process.env.XDG_CONFIG_HOME || process.env.APPDATA || join(homedir(), '.config')
  return join(folder, 'release-gate', 'logins.json')
}

/** The login at a bot. Undefined: nobody is signed in there, or the eight hours are over. */
export function loginAt(origin: string): Login | undefined {
  const login = readLogins()[origin]
  return login && Date.parse(login.expiresAt) > Date.now() ? login : undefined
}

/** Keeps a login, or forgets it. Only this user can read the file. */
export function keepLogin(origin: string, login: Login | undefined): void {
  const { [origin]: _, ...others } = readLogins()
  const file = loginFile()
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const handle = openSync(`${file}.new`, 'w', 0o600)
  try {
    fchmodSync(handle, 0o600)
    writeSync(handle, `${JSON.stringify({ ...others, ...(login && { [origin]: login }) })}\n`)
  } finally {
    closeSync(handle)
  }
  renameSync(`${file}.new`, file)
}

function readLogins(): z.output<typeof logins> {
  let text: string
  try {
    text = readFileSync(loginFile(), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
  const parsed = logins.safeParse(asJson(text))
  if (parsed.success) return parsed.data
  throw new Error(`${loginFile()} is damaged. Delete it, then run \`release-gate login\`.`)
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
