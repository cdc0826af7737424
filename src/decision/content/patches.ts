import type { ChangedFile, Entry } from './facts.ts'
import { type Edit, readEdits } from './hunks.ts'

/** One of the three differences that a proof by lines reads: its rows by path, and whether GitHub gave them all. */
export type Difference = { rows: ReadonlyMap<string, readonly ChangedFile[]>; complete: boolean }

export type Script =
  | { edits: Edit[] }
  | { missing: 'cut' | 'no row' | 'no patch' | 'no size' | 'contradiction' }

export function differenceOf(files: readonly ChangedFile[] | undefined, complete: boolean): Difference {
  return { rows: Map.groupBy(files ?? [], (file) => file.path), complete: complete && files !== undefined }
}

/**
 * The edit script that leads from one blob to another, out of the patch that a difference gives for the path; `missing` when the
 * patch is not there or contradicts the trees, the counts of its own row or the sizes of the blobs. Sizes matter because a patch
 * is text: GitHub may have cut it, or turned another encoding or other line ends into what we read.
 */
export function scriptOf(difference: Difference, path: string, from: Entry, to: Entry): Script {
  const [row, second] = difference.rows.get(path) ?? []
  if (row === undefined) return { missing: difference.complete ? 'no row' : 'cut' }
  if (second !== undefined || row.status !== 'modified' || row.sha !== to.sha)
    return { missing: 'contradiction' }
  if (row.patch === undefined || row.patch === '') return { missing: 'no patch' }
  if (from.size === undefined || to.size === undefined) return { missing: 'no size' }
  const edits = readEdits(row.patch)
  if (edits === null) return { missing: 'contradiction' }
  const removed = edits.flatMap((edit) => edit.removed)
  const added = edits.flatMap((edit) => edit.added)
  const fits =
    removed.length === row.deletions &&
    added.length === row.additions &&
    to.size - from.size === bytes(added) - bytes(removed)
  return fits ? { edits } : { missing: 'contradiction' }
}

function bytes(lines: readonly string[]): number {
  return new TextEncoder().encode(lines.join('')).length
}

/**
 * Whether the added lines can be nothing but the bytes that they look like: printable ASCII with tabs, carriage returns and form
 * feeds. Anything else may be text that GitHub re-encoded for JSON, where two different byte sequences read alike (the second byte
 * of a Shift JIS character can be a backslash, and end up before a quote).
 */
export function readsAsBytes(edits: readonly Edit[]): boolean {
  return edits.every((edit) => edit.added.every((line) => /^[\t\f\r\x20-\x7e]*\n?$/.test(line)))
}
