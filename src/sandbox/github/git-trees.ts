import type { Git } from './git.ts'
import { entriesIn, type NamedObject, writeLoose } from './git-loose-objects.ts'

export type TreeEntry = {
  mode: string
  type: 'blob' | 'tree' | 'commit'
  sha: string
  path: string
  size?: number
}

/** Entries of a tree, straight from the object, or of all trees below it. */
export async function treeEntries(git: Git, tree: string, recursive: boolean): Promise<TreeEntry[]> {
  return git.remember(`tree ${tree} ${recursive}`, () => entriesBelow(git, tree, recursive, ''))
}

async function entriesBelow(
  git: Git,
  tree: string,
  recursive: boolean,
  folder: string,
): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  for (const { mode, sha, path: name } of await readTree(git, tree)) {
    const path = `${folder}${name}`
    const type = typeOf(mode)
    const size = type === 'blob' ? (await git.read(sha))?.content.length : undefined
    entries.push({ mode, type, sha, path, ...(size !== undefined && { size }) })
    if (recursive && type === 'tree') entries.push(...(await entriesBelow(git, sha, true, `${path}/`)))
  }
  return entries
}

/** What stands at a path of a tree: no link on the way is followed, as git and GitHub do not. */
export async function entryAt(
  git: Git,
  tree: string,
  path: string,
): Promise<Pick<TreeEntry, 'mode' | 'type' | 'sha'> | undefined> {
  let entry = { mode: folderMode, sha: tree }
  for (const name of path.split('/').filter(Boolean)) {
    if (entry.mode !== folderMode) return undefined
    const next = (await readTree(git, entry.sha)).find((one) => one.path === name)
    if (!next) return undefined
    entry = next
  }
  return { ...entry, type: typeOf(entry.mode) }
}

export const linkMode = '120000'

function typeOf(mode: string): TreeEntry['type'] {
  if (mode === folderMode) return 'tree'
  return mode === '160000' ? 'commit' : 'blob'
}

const folderMode = '040000'

async function readTree(git: Git, tree: string): Promise<NamedObject[]> {
  const named = await git.read(tree)
  const object = named?.type === 'commit' ? await git.read(`${tree}^{tree}`) : named
  if (object?.type !== 'tree') throw new Error(`${tree} is not a tree`)
  return entriesIn(object.content)
}

export type TreeChange = { path: string; mode: string; sha: string | null }

/** A tree with some paths changed; a null sha takes the path away, and an empty folder with it. */
export async function changeTree(git: Git, base: string | undefined, changes: TreeChange[]): Promise<string> {
  for (const { sha, mode, path } of changes)
    if (sha && mode !== '160000' && !(await git.read(sha)))
      throw new Error(`invalid object ${mode} ${sha} for '${path}'`)
  return (await changedTree(git, base, changes)) ?? writeTree(git, [])
}

async function changedTree(
  git: Git,
  tree: string | undefined,
  changes: TreeChange[],
): Promise<string | undefined> {
  const entries = new Map<string, NamedObject>()
  for (const entry of tree ? await readTree(git, tree) : []) entries.set(entry.path, entry)
  for (const [name, group] of Map.groupBy(changes, ({ path }) => path.split('/')[0] ?? '')) {
    const entry = await changedEntry(git, entries.get(name), name, group)
    if (entry) entries.set(name, entry)
    else entries.delete(name)
  }
  return entries.size === 0 ? undefined : writeTree(git, [...entries.values()])
}

/** What stands under one name after the changes of it and of what is below it. */
async function changedEntry(
  git: Git,
  before: NamedObject | undefined,
  name: string,
  changes: TreeChange[],
): Promise<NamedObject | undefined> {
  let entry = before
  for (const { path, mode, sha } of changes)
    if (path === name) entry = sha ? { mode, sha, path } : entry?.mode === folderMode ? entry : undefined
  // A file in place of the folder takes with it what came before.
  const file = changes.findLastIndex(({ path, sha }) => path === name && sha !== null)
  const below = changes
    .slice(file + 1)
    .filter(({ path }) => path !== name)
    .map((change) => ({ ...change, path: change.path.slice(name.length + 1) }))
  const folder = entry?.mode === folderMode ? entry.sha : undefined
  if (below.length === 0 || (!folder && below.every(({ sha }) => sha === null))) return entry
  const sha = await changedTree(git, folder, below)
  return sha ? { mode: folderMode, sha, path: name } : undefined
}

/** In git's order, in which a folder's name counts as if it ended with a slash. */
function writeTree(git: Git, entries: NamedObject[]): string {
  const named = entries.map((entry) => ({
    entry,
    key: Buffer.from(entry.mode === folderMode ? `${entry.path}/` : entry.path),
  }))
  const parts = named
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .flatMap(({ entry: { mode, path, sha } }) => [
      Buffer.from(`${mode.replace(/^0/, '')} ${path}\0`),
      Buffer.from(sha, 'hex'),
    ])
  return writeLoose(git.folder, 'tree', Buffer.concat(parts))
}
