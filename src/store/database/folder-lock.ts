import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A held folder. `release` is safe to call twice. */
export type FolderLock = { release: () => void }

const LOCK = 'folder.lock'
const OWNER = 'folder.owner'

/** The `code` of the error when another process holds the folder. */
export const FOLDER_IN_USE = 'FOLDER_IN_USE'

/**
 * Takes `folder` for this process alone, and makes it readable by its owner only (0700).
 *
 * Two processes on one PGlite folder corrupt it silently, so the lock must be one that the
 * kernel holds: it goes with the process however that ends, is never stolen from a live one, and does not mistake a
 * reused pid for the holder. Node has no `flock`; SQLite's exclusive transaction is the same kernel lock behind a
 * kept door. A file with a pid and a start time was the alternative; it fails between two containers on one volume.
 *
 * @throws an Error that names the folder and the holder's pid when another holder lives.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const lock = new DatabaseSync(join(folder, LOCK), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw isBusy(error) ? Object.assign(new Error(refusal(folder)), { code: FOLDER_IN_USE }) : error
  }
  const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() }
  writeFileSync(join(folder, OWNER), JSON.stringify(owner), { mode: 0o600 })
  return { release: () => lock.isOpen && lock.close() }
}

function refusal(folder: string): string {
  return (
    `The data folder ${folder} is in use by ${describeOwner(folder)}. Two processes on one folder would corrupt it: ` +
    'stop the other one, choose another DATA_DIR, or set DATABASE_URL to share a Postgres.'
  )
}

function describeOwner(folder: string): string {
  try {
    const owner = JSON.parse(readFileSync(join(folder, OWNER), 'utf8'))
    return `process ${owner.pid} on ${owner.host} since ${owner.since}`
  } catch {
    return 'another process'
  }
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
