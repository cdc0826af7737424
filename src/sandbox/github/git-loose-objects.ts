import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'

export type GitObject = { id: string; type: 'commit' | 'tree' | 'blob' | 'tag'; content: Buffer }

/**
 * What `git cat-file` would answer, read from the files of a bare repository where git keeps it in files of its own, as it does
 * with the few objects of a push. `elsewhere`: git must say, since it may be in a pack.
 */
export function readLoose(
  folder: string,
  name: string,
  known = noneKnown,
): GitObject | undefined | 'elsewhere' {
  const id = /^[0-9a-f]{40}$/.test(name) ? name : idOf(folder, name)
  if (id === undefined || id === 'elsewhere') return id
  const object = known.get(id) ?? looseObject(folder, id)
  if (!object) return 'elsewhere'
  known.set(id, object)
  return object.type === 'commit' || name === id ? object : 'elsewhere'
}

/** What was read of one repository, by its id, which no other content has. */
export type KnownObjects = {
  get: (id: string) => GitObject | undefined
  set: (id: string, object: GitObject) => void
}

export function knownObjects(): KnownObjects {
  const objects = new Map<string, GitObject>()
  return {
    get: (id) => objects.get(id),
    set(id, object) {
      if (objects.size >= mostKnown) objects.clear()
      if (object.content.length <= largestKnown) objects.set(id, object)
    },
  }
}

const noneKnown: KnownObjects = { get: () => undefined, set: () => undefined }
const mostKnown = 500
const largestKnown = 100_000

function looseObject(folder: string, id: string): GitObject | undefined {
  const file = contentOf(join(folder, 'objects', id.slice(0, 2), id.slice(2)))
  return file && objectIn(id, inflateSync(file))
}

/** The id that a ref holds, for a name like `refs/heads/main^{commit}`. */
function idOf(folder: string, name: string): string | undefined {
  const [, ref] = /^(refs\/(?:heads|tags|pull)\/[\w./-]+)\^\{commit\}$/.exec(name) ?? []
  if (!ref || ref.includes('..')) return 'elsewhere'
  const text = contentOf(join(folder, ref))?.toString('utf8').trim()
  if (text !== undefined) return /^[0-9a-f]{40}$/.test(text) ? text : 'elsewhere'
  return existsSync(join(folder, 'packed-refs')) ? 'elsewhere' : undefined
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** A header like `blob 12`, a zero byte, and the content. */
function objectIn(id: string, bytes: Buffer): GitObject {
  const end = bytes.indexOf(0)
  const [type] = bytes.subarray(0, end).toString('utf8').split(' ')
  return { id, type: type as GitObject['type'], content: bytes.subarray(end + 1) }
}

/** Writes an object into a file of its own, as `git hash-object -w` does, and answers its id. */
export function writeLoose(folder: string, type: GitObject['type'], content: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
  const id = createHash('sha1').update(bytes).digest('hex')
  const place = join(folder, 'objects', id.slice(0, 2))
  const file = join(place, id.slice(2))
  if (existsSync(file)) return id
  mkdirSync(place, { recursive: true })
  const partial = join(folder, 'objects', `tmp_obj_${randomUUID()}`)
  writeFileSync(partial, deflateSync(bytes), { mode: 0o444 })
  renameSync(partial, file)
  return id
}
