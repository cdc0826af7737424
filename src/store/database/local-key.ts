import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The key beside the embedded database. While the bot holds the folder, a command asks the bot instead of opening the folder, and the
 * key shows that it could have: only who can read the folder has it.
 */
export function keyBesideDatabase(dataDir: string): string {
  const found = readKeyBesideDatabase(dataDir)
  if (found) return found
  const key = randomBytes(32).toString('base64url')
  writeFileSync(fileIn(dataDir), `${key}\n`, { mode: 0o600 })
  return key
}

/** Undefined: no bot has run on this folder yet, or only an older one. */
export function readKeyBesideDatabase(dataDir: string): string | undefined {
  try {
    return readFileSync(fileIn(dataDir), 'utf8').trim() || undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'local-key')
}
