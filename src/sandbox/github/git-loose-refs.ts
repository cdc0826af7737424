import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { readLoose } from './git-loose-objects.ts'
import { noCommit } from './git-reading.ts'

/** Names about which git has nothing to say: letters, digits, `-`, `_`, and single dots within. */
const plain = /^refs\/(?:heads|tags|pull)(?:\/[A-Za-z0-9_][\w-]*(?:\.[\w-]+)*)+$/

/**
 * Does what `git update-ref` does where a ref is a file of its own, with the lock that git takes. `elsewhere`: git must do it, since
 * refs are packed, the name needs its judgment, or something stands in the way.
 *
 * @param before where the ref must be, all zeros for nowhere; undefined: wherever it is
 * @returns false if it is not there
 */
export function moveLooseRef(
  folder: string,
  ref: string,
  after: string,
  before: string | undefined,
): boolean | 'elsewhere' {
  const path = join(folder, ref)
  const isPlain = plain.test(ref) && !ref.includes('.lock')
  if (!isPlain || existsSync(join(folder, 'packed-refs')) || existsSync(join(folder, 'logs')))
    return 'elsewhere'
  if (after !== noCommit && !isCommit(folder, after)) return 'elsewhere'
  const lock = locked(path)
  if (lock === undefined) return 'elsewhere'
  try {
    const now = idIn(path)
    if (now === undefined || (now === noCommit && after === noCommit)) return 'elsewhere'
    if (before !== undefined && before !== now) return false
    if (after === noCommit) unlinkSync(path)
    else {
      writeSync(lock, `${after}\n`)
      renameSync(`${path}.lock`, path)
    }
    return true
  } finally {
    closeSync(lock)
    if (existsSync(`${path}.lock`)) unlinkSync(`${path}.lock`)
    removeEmpty(dirname(path), folder)
  }
}

function isCommit(folder: string, id: string): boolean {
  const object = readLoose(folder, id)
  return typeof object === 'object' && object.type === 'commit'
}

/** Undefined: another one holds it, or a name above or below is a ref. */
function locked(path: string): number | undefined {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined
    mkdirSync(dirname(path), { recursive: true })
    return openSync(`${path}.lock`, 'wx')
  } catch {
    return undefined
  }
}

/** All zeros: there is none. Undefined: it is not an id. */
function idIn(path: string): string | undefined {
  if (!existsSync(path)) return noCommit
  const text = readFileSync(path, 'utf8').trim()
  return /^[0-9a-f]{40}$/.test(text) ? text : undefined
}

/** A folder that is left without refs would stand in the way of one with its name. */
function removeEmpty(from: string, folder: string): void {
  const kept = ['heads', 'tags', 'pull'].map((kind) => join(folder, 'refs', kind))
  for (let path = from; !kept.includes(path); path = dirname(path)) {
    try {
      rmdirSync(path)
    } catch {
      return
    }
  }
}
