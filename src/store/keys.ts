import { randomBytes } from 'node:crypto'
import type { Queryable } from './database.ts'

/** The random keys that all processes of the bot share. */
export type KeyName = 'sessions' | 'calendar'

/** The key of that name; made at its first use. */
export async function keyNamed(db: Queryable, name: KeyName): Promise<string> {
  const [found] = await db.query<{ key: string }>('SELECT key FROM release_gate.keys WHERE name = $1', [name])
  if (found) return found.key
  // Another process may have made it meanwhile: then that one counts.
  const [made] = await db.query<{ key: string }>(
    `INSERT INTO release_gate.keys AS kept (name, key) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET key = kept.key RETURNING key`,
    [name, newKey()],
  )
  if (!made) throw new Error(`The key "${name}" could not be stored.`)
  return made.key
}

/** Replaces a key: whatever the old one signed is no longer valid. */
export async function replaceKey(db: Queryable, name: KeyName): Promise<string> {
  const key = newKey()
  await db.query(
    `INSERT INTO release_gate.keys (name, key) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET key = excluded.key, created_at = now()`,
    [name, key],
  )
  return key
}

function newKey(): string {
  return randomBytes(32).toString('base64url')
}
