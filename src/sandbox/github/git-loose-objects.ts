import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
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
  const [, start = '', path] = /^([^:]+?)(?:\^\{tree\}|:(.*))$/s.exec(name) ?? [name, name]
  const object = startingAt(folder, start, known)
  if (start === name || object === undefined || object === 'elsewhere') return object
  return objectAt(folder, object, path === undefined || path === '' ? [] : path.split('/'), known)
}

function startingAt(folder: string, name: string, known: KnownObjects): GitObject | undefined | 'elsewhere' {
  const id = /^[0-9a-f]{40}$/.test(name) ? name : idOf(folder, name)
  if (id === undefined || id === 'elsewhere') return id
  const object = looseObject(folder, id, known)
  const isWanted = object === undefined || object === 'elsewhere' || object.type === 'commit' || name === id
  return isWanted ? object : 'elsewhere'
}

/** The tree of a commit, or what is at a path in it. Undefined: nothing is there. */
function objectAt(
  folder: string,
  from: GitObject,
  path: string[],
  known: KnownObjects,
): GitObject | undefined | 'elsewhere' {
  if (path.some((name) => ['', '.', '..'].includes(name))) return 'elsewhere'
  let object = treeOf(folder, from, known)
  for (const name of path) {
    if (object === undefined || object === 'elsewhere') return object
    const entry = object.type === 'tree' && entriesIn(object.content).find((one) => one.path === name)
    if (!entry) return undefined
    object = entry.mode === submodule ? 'elsewhere' : looseObject(folder, entry.sha, known)
  }
  return object
}

const submodule = '160000'

function treeOf(folder: string, from: GitObject, known: KnownObjects): GitObject | undefined | 'elsewhere' {
  if (from.type !== 'commit') return from.type === 'tree' ? from : 'elsewhere'
  const [, id = ''] = /^tree ([0-9a-f]{40})$/m.exec(from.content.toString('utf8')) ?? []
  return looseObject(folder, id, known)
}

export type NamedObject = { mode: string; sha: string; path: string }

/** The content of a tree: for each entry its mode, a space, its name, a zero byte and the 20 bytes of its id. */
export function entriesIn(content: Buffer): NamedObject[] {
  const entries: NamedObject[] = []
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(0, at)
    const [mode = '', ...name] = content.toString('utf8', at, end).split(' ')
    const sha = content.toString('hex', end + 1, end + 21)
    entries.push({ mode: mode.padStart(6, '0'), path: name.join(' '), sha })
    at = end + 21
  }
  return entries
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

function looseObject(folder: string, id: string, known: KnownObjects): GitObject | undefined | 'elsewhere' {
  const before = known.get(id)
  if (before) return before
  const file = contentOf(join(folder, 'objects', id.slice(0, 2), id.slice(2)))
  if (!file) return hasMore(folder) ? 'elsewhere' : undefined
  const object = objectIn(id, inflateSync(file))
  known.set(id, object)
  return object
}

/** Whether there are objects that have no file of their own here: in packs, or in a repository that it borrows from. */
function hasMore(folder: string): boolean {
  const packs = join(folder, 'objects/pack')
  return (
    existsSync(join(folder, 'objects/info/alternates')) ||
    (existsSync(packs) && readdirSync(packs).length > 0)
  )
}

/** The id that a ref holds, for a name like `refs/heads/main`. */
function idOf(folder: string, name: string): string | undefined {
  const [, ref] = /^(refs\/(?:heads|tags|pull)\/[\w./-]+)(?:\^\{commit\})?$/.exec(name) ?? []
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
