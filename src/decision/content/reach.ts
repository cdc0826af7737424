import type { Edit } from './hunks.ts'

/**
 * The old lines that an edit may take up when it is drawn in another way, as boundaries between lines (0 is before the first).
 *
 * A block that was added or removed beside lines equal to its own can be drawn one line higher or lower, and git's diff and git's
 * merge do not always choose alike. Suppose the base adds a `}` to a row of them, and the change a line in the middle of the row: it
 * depends on the drawing which block that line ends up in. So an edit reaches as far as it can be slid. Where it can be slid over
 * every line that the hunk shows, there is no telling where it stops: its reach has no end on that side.
 */
export function slidingRange({ at, removed, added, above, below }: Edit): { from: number; to: number } {
  const upwards = above.toReversed()
  const up = Math.max(slide(removed.toReversed(), upwards), slide(added.toReversed(), upwards))
  const down = Math.max(slide(removed, below), slide(added, below))
  return { from: Math.max(0, at - up), to: at + removed.length + down }
}

/** Over how many of the lines that follow it a block can be slid: each that it passes leaves at its one end and joins at the other. */
function slide(block: readonly string[], following: readonly string[]): number {
  if (block.length === 0) return 0
  const stop = following.findIndex((line, index) => line !== block[index % block.length])
  return stop < 0 ? Number.POSITIVE_INFINITY : stop
}
