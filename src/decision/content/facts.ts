/** One row of a git tree, as GitHub's recursive trees API gives it. */
export type TreeEntry = {
  path: string
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule), `040000` (directory). */
  mode: string
  sha: string
  /** Bytes of a blob; a proof by lines needs it. GitHub leaves it out for submodules and directories. */
  size?: number
}

/** What stands at a path: two entries are the same when mode and object id are. */
export type Entry = { mode: string; sha: string; size?: number }

/** What stands at each path that a change touches, before and after it: all of its two trees that a proof needs. */
export type Footprint = Record<string, { was?: Entry; is?: Entry }>

/**
 * All files of one commit. `complete` is false when GitHub cut the answer (`truncated: true`): then nothing is proved by it.
 * A directory whose id is the same in all four trees of a comparison may be left out of all four.
 */
export type Tree = {
  /** Object id of the root tree, where known: two equal ids are two equal contents, cut or not. */
  sha?: string
  entries: ReadonlyMap<string, Entry>
  complete: boolean
}

/** One row of `files` in GitHub's compare: no mode, no blob of the old side, and at times no patch. */
export type ChangedFile = {
  path: string
  previousPath?: string
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed' | 'unchanged'
  /** Blob on the head's side. */
  sha: string | null
  additions: number
  deletions: number
  /** Hunks only, from the first `@@`; absent when the file is binary, too large or marked `-diff`. */
  patch?: string
}

/** What a head adds to a base: the difference between their merge base and the head (three-dot). */
export type Change = {
  /** Tip of the base that the head was compared with. */
  base: string
  mergeBase: string
  head: string
  mergeBaseTree?: Tree
  headTree?: Tree
  files?: readonly ChangedFile[]
  /** False when GitHub cut `files` (at most 300 in a compare). */
  filesComplete: boolean
}

/** The base's own difference, from the merge base of the older change to the merge base of the newer one. */
export type BaseMove = {
  /**
   * The `merge_base_commit` that compare answered with, not what it was asked: compare is always three-dot, so between two bases
   * of which neither contains the other it shows some other difference, and its patches must not be used here.
   */
  from: string
  to: string
  files?: readonly ChangedFile[]
  /** False when GitHub cut `files`. */
  complete: boolean
}

/** The answer of a proof: `why` is written for the reader of the check, `paths` are the files that stand in its way. */
export type Sameness = { same: true } | { same: false; why: string; paths: string[] }

/**
 * A tree out of the rows of GitHub's recursive answer. Directories are dropped: their files are listed too. Two rows of one path
 * (names that are not UTF-8 may look alike once they are JSON) make the tree incomplete, since one would hide the other.
 */
export function treeOf(rows: readonly TreeEntry[], truncated: boolean, sha?: string): Tree {
  const files = rows.filter((row) => row.mode !== '040000')
  const entries = new Map(files.map(({ path, ...entry }) => [path, entry]))
  return {
    ...(sha === undefined ? {} : { sha }),
    entries,
    complete: !truncated && entries.size === files.length,
  }
}
