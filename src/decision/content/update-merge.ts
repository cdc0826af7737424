import type { BaseMove, Change } from './facts.ts'
import { sameChange } from './same-change.ts'
import { unprovenReasons } from './sentences.ts'

export type MergeCommit = { sha: string; parents: readonly string[] }

export type UpdateMergeFacts = {
  /** What the pull request's parent adds to the base's parent (compare `base parent...pull parent`). */
  prParent: Change
  /** What the merge adds to the base's parent (compare `base parent...merge`): its merge base is the base's parent itself. */
  merged: Change
  /** From the merge base of the two parents to the base's parent. */
  baseMove: BaseMove
}

export type MergeProof =
  | { clean: true; pullParent: string; baseParent: string }
  | { clean: false; why: string; paths: string[] }

/**
 * Proves that a merge commit only brings the base into the branch, so that nobody becomes a contributor by it: one parent
 * belongs to the pull request and the other to the base, and merging does not alter the change against the base. The order of
 * the parents does not matter; an octopus is never clean. `isPullCommit` tells whether a commit is one of base..head,
 * `isBaseCommit` whether it can be reached from the base's tip.
 */
export function cleanUpdateMerge(
  merge: MergeCommit,
  facts: UpdateMergeFacts,
  isPullCommit: (sha: string) => boolean,
  isBaseCommit: (sha: string) => boolean,
): MergeProof {
  const { parents } = merge
  if (parents.length !== 2) return notClean(unprovenReasons.notTwoParents(parents.length))
  const pullParent = parents.find((sha) => isPullCommit(sha) && !isBaseCommit(sha))
  const baseParent = parents.find((sha) => isBaseCommit(sha) && !isPullCommit(sha))
  if (pullParent === undefined || baseParent === undefined) return notClean(unprovenReasons.notOneOfEach())
  if (!isAbout(facts, merge.sha, pullParent, baseParent)) return notClean(unprovenReasons.otherCommits())
  const sameness = sameChange(facts.prParent, facts.merged, facts.baseMove)
  return sameness.same
    ? { clean: true, pullParent, baseParent }
    : notClean(unprovenReasons.changed(sameness.why), sameness.paths)
}

/** The change is compared with the base's parent both times: with any other commit the proof would be about something else. */
function isAbout(
  { prParent, merged }: UpdateMergeFacts,
  merge: string,
  pullParent: string,
  baseParent: string,
): boolean {
  return (
    prParent.base === baseParent &&
    prParent.head === pullParent &&
    merged.base === baseParent &&
    merged.mergeBase === baseParent &&
    merged.head === merge
  )
}

function notClean(why: string, paths: string[] = []): MergeProof {
  return { clean: false, why, paths }
}
