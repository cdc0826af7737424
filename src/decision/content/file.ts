import type { Entry } from './facts.ts'
import { isRegularFile } from './file-mode.ts'
import { type Difference, readsAsBytes, type Script, scriptOf } from './patches.ts'
import { unprovenReasons } from './sentences.ts'
import { rebaseEdits, sameScript } from './shift.ts'

/** One path in the four trees: at the merge base and at the head of the older change and of the newer one. */
export type Corners = Record<'oldBase' | 'oldHead' | 'newBase' | 'newHead', Entry | undefined>

/** The differences that a proof by lines reads; `base` is null when there is none between exactly these two merge bases. */
export type Differences = { before: Difference; after: Difference; base: Difference | null }

/**
 * Why the change of one path is not proved to be the same, or null if it is.
 *
 * A path that the base did not touch: same blob and mode. One that only the base touched: nothing else. One that both touched:
 * both sides exist everywhere as plain files, the change leaves the mode alone, and the lines prove it. Renames are a deletion
 * and an addition here. When the base touched the source of one, the blob ids cannot tell, and it is not proved.
 */
export function whyNotSame(path: string, corners: Corners, differences: Differences): string | null {
  const { oldBase, oldHead, newBase, newHead } = corners
  const wasChanged = !sameEntry(oldBase, oldHead)
  const isChanged = !sameEntry(newBase, newHead)
  if (!wasChanged && !isChanged) return null
  const baseTouched = !sameEntry(oldBase, newBase)
  if (!baseTouched && sameEntry(oldHead, newHead)) return null
  if (!wasChanged) return (baseTouched ? unprovenReasons.besideBase : unprovenReasons.addedToChange)(path)
  if (!isChanged) return leftChange(path, corners, baseTouched)
  if (!baseTouched) return unprovenReasons.differs(path)
  if (!oldBase || !oldHead || !newBase || !newHead) return unprovenReasons.bothAddedOrDeleted(path)
  return doubtAboutBlobs(path, { oldBase, oldHead, newBase, newHead }, differences)
}

function leftChange(path: string, { oldHead, newBase }: Corners, baseTouched: boolean): string {
  if (!baseTouched) return unprovenReasons.leftChange(path)
  return (sameEntry(oldHead, newBase) ? unprovenReasons.baseDidAsMuch : unprovenReasons.leftToBase)(path)
}

type FourEntries = Record<keyof Corners, Entry>

function doubtAboutBlobs(path: string, four: FourEntries, differences: Differences): string | null {
  const { oldBase, oldHead, newBase, newHead } = four
  if (![oldBase, oldHead, newBase, newHead].every(({ mode }) => isRegularFile(mode)))
    return unprovenReasons.notAFile(path)
  if (oldBase.mode !== oldHead.mode || newBase.mode !== newHead.mode) return unprovenReasons.mode(path)
  if (oldBase.sha === newBase.sha) return oldHead.sha === newHead.sha ? null : unprovenReasons.differs(path)
  return doubtAboutLines(path, four, differences)
}

function doubtAboutLines(
  path: string,
  four: FourEntries,
  { before, after, base }: Differences,
): string | null {
  const { oldBase, oldHead, newBase, newHead } = four
  if (base === null) return unprovenReasons.noBaseDiff(path)
  const was = scriptOf(before, path, oldBase, oldHead)
  const is = scriptOf(after, path, newBase, newHead)
  const moved = scriptOf(base, path, oldBase, newBase)
  if (!('edits' in was)) return missing(path, was)
  if (!('edits' in is)) return missing(path, is)
  if (!('edits' in moved)) return missing(path, moved)
  const carried = rebaseEdits(was.edits, moved.edits)
  if (carried === null) return unprovenReasons.overlaps(path)
  if (!sameScript(carried, is.edits)) return unprovenReasons.otherLines(path)
  return readsAsBytes(is.edits) ? null : unprovenReasons.encoding(path)
}

function missing(path: string, script: Extract<Script, { missing: unknown }>): string {
  const sentence = {
    cut: unprovenReasons.cut,
    'no row': unprovenReasons.noRow,
    'no patch': unprovenReasons.noPatch,
    'no size': unprovenReasons.noSize,
    contradiction: unprovenReasons.contradiction,
  }
  return sentence[script.missing](path)
}

export function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.mode === other?.mode && one?.sha === other?.sha
}
