import type { BaseMove, Change, Sameness, Tree } from './facts.ts'
import { type Differences, whyNotSame } from './file.ts'
import { differenceOf } from './patches.ts'
import { unprovenReasons } from './sentences.ts'

/**
 * Proves that two changes are one and the same, whatever their commits, dates and messages: a file that is unchanged on the
 * base needs an equal blob id and mode, and a file that changed there needs equal edits, at the positions to which the diff of
 * the base moves them.
 *
 * The change is what the trees say: for each path, what stands at the merge base and what stands at the head. Lists of changed
 * files are read only for their patches, where change and base touched the same file. So 300 files and more are proved too as
 * long as the trees are complete and no patch is needed. What is not proved is answered as not the same, with the reason; an
 * attacker gains nothing by making facts incomplete.
 *
 * It trusts that the facts are GitHub's for the commits that they name. No error is thrown for any input.
 */
export function sameChange(before: Change, after: Change, baseMove: BaseMove): Sameness {
  if (sameEnds(before, after)) return { same: true }
  const trees = fourTrees(before, after)
  if (trees === null) return { same: false, why: unprovenReasons.noTrees(), paths: [] }
  if (!Object.values(trees).every((tree) => tree.complete))
    return { same: false, why: unprovenReasons.treesCut(), paths: [] }
  const differences = differencesOf(before, after, baseMove)
  const doubts = new Map<string, string>()
  for (const path of pathsOf(trees)) {
    const why = whyNotSame(path, cornersAt(path, trees), differences)
    if (why !== null) doubts.set(path, why)
  }
  const paths = [...doubts.keys()].sort()
  const [first] = paths
  if (first === undefined) return { same: true }
  return { same: false, why: unprovenReasons.more(doubts.get(first) ?? '', paths.length - 1), paths }
}

/** The same content at both ends needs no more proof; this holds for trees that GitHub cut, too. */
function sameEnds(before: Change, after: Change): boolean {
  const sameBase = before.mergeBase === after.mergeBase || sameRoot(before.mergeBaseTree, after.mergeBaseTree)
  return sameBase && (before.head === after.head || sameRoot(before.headTree, after.headTree))
}

function sameRoot(one: Tree | undefined, other: Tree | undefined): boolean {
  return one?.sha !== undefined && one.sha === other?.sha
}

type FourTrees = Record<'oldBase' | 'oldHead' | 'newBase' | 'newHead', Tree>

function fourTrees(before: Change, after: Change): FourTrees | null {
  const { mergeBaseTree: oldBase, headTree: oldHead } = before
  const { mergeBaseTree: newBase, headTree: newHead } = after
  return oldBase && oldHead && newBase && newHead ? { oldBase, oldHead, newBase, newHead } : null
}

function pathsOf(trees: FourTrees): Set<string> {
  return new Set(Object.values(trees).flatMap((tree) => [...tree.entries.keys()]))
}

function cornersAt(path: string, { oldBase, oldHead, newBase, newHead }: FourTrees) {
  return {
    oldBase: oldBase.entries.get(path),
    oldHead: oldHead.entries.get(path),
    newBase: newBase.entries.get(path),
    newHead: newHead.entries.get(path),
  }
}

function differencesOf(before: Change, after: Change, baseMove: BaseMove): Differences {
  const fits = baseMove.from === before.mergeBase && baseMove.to === after.mergeBase
  return {
    before: differenceOf(before.files, before.filesComplete),
    after: differenceOf(after.files, after.filesComplete),
    base: fits ? differenceOf(baseMove.files, baseMove.complete) : null,
  }
}
