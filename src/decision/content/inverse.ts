import type { ChangedFile, Entry, Footprint, Sameness } from './facts.ts'
import { sameEntry } from './file.ts'
import { isRegularFile } from './file-mode.ts'

/** The rows of a change in GitHub's compare; `complete` is false where GitHub cut them. */
export type Rows = { files: readonly ChangedFile[]; complete: boolean }

/**
 * Whether a change undoes another one, no less and no more: at each path it finds what the other one left and leaves what the
 * other one found. Only text in plain files counts, without renames and other modes: of anything else a reader could not see that
 * nothing but the old state comes back.
 */
export function exactInverse(released: Footprint, change: Footprint, rows: Rows): Sameness {
  const [theirs, ours] = [Object.keys(released), Object.keys(change)]
  const left = theirs.filter((path) => !Object.hasOwn(change, path))
  const more = ours.filter((path) => !Object.hasOwn(released, path))
  const other = ours.filter((path) => !more.includes(path) && !restores(released[path], change[path]))
  if (left.length > 0) return differs(left, 'is not restored')
  if (more.length > 0) return differs(more, 'was not part of it')
  if (other.length > 0) return differs(other, 'is not restored to what it was before, or was changed since')
  if (ours.length === 0) return { same: false, why: 'nothing is changed', paths: [] }
  const special = ours.filter((path) => !isPlainText(path, change[path], rows))
  return special.length > 0
    ? differs(special, 'is not a plain text file with the same mode and name')
    : { same: true }
}

function restores(released: Footprint[string] = {}, change: Footprint[string] = {}): boolean {
  return sameEntry(released.was, change.is) && sameEntry(released.is, change.was)
}

function isPlainText(path: string, { was, is }: Footprint[string] = {}, { files, complete }: Rows): boolean {
  const isPlain = (entry: Entry | undefined) => !entry || isRegularFile(entry.mode)
  const sameMode = !was || !is || was.mode === is.mode
  const row = files.find((file) => file.path === path)
  const isText = row?.patch !== undefined && ['added', 'removed', 'modified'].includes(row.status)
  return complete && isText && sameMode && isPlain(was) && isPlain(is)
}

function differs(paths: string[], what: string): Sameness {
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : ''
  return { same: false, why: `${paths[0]}${more} ${what}`, paths: paths.slice(0, 20) }
}
