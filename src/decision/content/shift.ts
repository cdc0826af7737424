import type { Edit } from './hunks.ts'
import { slidingRange } from './reach.ts'

/**
 * Carries an edit script over what the base did to the same file: the script that makes the same change to the base's new lines.
 * Null when an edit of the base overlaps or adjoins one of the script, as in git's own merge, which wants at least one untouched
 * line between two changes; or when it would do so drawn in another way.
 *
 * Why edit scripts, and not hunks compared as text. Let E be the older change and D the base's edits, both scripts on the lines of
 * the old merge base. D and E have an untouched line between any two of their steps, so "E and D together" is one text, and E
 * carried over D is the script that leads to it from the base's new lines. If the newer change *is* that script, line for line and
 * at those very positions, then its head holds exactly what was approved and what the base did, and nothing else: scripts are
 * applied, never searched for. Context lines say nothing more (they are the base's lines, and may differ where the base changed
 * them); and hunks found by their context say less, since the same three lines stand in many places: that is how an added line
 * moves out of one `if` block and into its twin.
 */
export function rebaseEdits(script: readonly Edit[], base: readonly Edit[]): Edit[] | null {
  const reaches = base.map(slidingRange)
  const carried: Edit[] = []
  let above = 0
  let shift = 0
  for (const edit of script) {
    const reach = slidingRange(edit)
    if (reaches.some((other) => reach.from <= other.to && other.from <= reach.to)) return null
    for (let other = base[above]; other !== undefined && other.at < edit.at; other = base[++above]) {
      shift += other.added.length - other.removed.length
    }
    carried.push({ ...edit, at: edit.at + shift })
  }
  return carried
}

/** Whether two scripts remove the same lines and add the same lines at the same positions. */
export function sameScript(one: readonly Edit[], other: readonly Edit[]): boolean {
  return one.length === other.length && one.every((edit, index) => sameEdit(edit, other[index]))
}

function sameEdit(one: Edit, other: Edit | undefined): boolean {
  return (
    other !== undefined &&
    one.at === other.at &&
    sameLines(one.removed, other.removed) &&
    sameLines(one.added, other.added)
  )
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index])
}
