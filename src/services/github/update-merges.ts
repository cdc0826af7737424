import { cleanUpdateMerge } from '../../decision/content.ts'
import type { Commit } from '../../decision/contributors.ts'
import { readChange } from './content.ts'
import { type Parents, parentsOf, standsOn } from './history.ts'
import { compare, type Prover, proofVersion, type Version } from './proofs.ts'

/** What is known already and saves requests: the head itself, and older heads as they were offered to the same base. */
export type KnownVersions = {
  head: Version | undefined
  older: (sha: string) => Promise<Version | undefined>
}

/**
 * The update merges of a pull request that are proved to add nothing. The other parent of such a merge is not a commit of
 * base..head, and since everything below the head that is not of base..head can be reached from the base, it is the
 * base's; so the list of commits must be whole.
 */
export async function cleanMergesIn(
  prover: Prover,
  commits: Commit[],
  known: KnownVersions,
): Promise<Set<string>> {
  const ours = parentsOf(commits)
  const proved = await Promise.all(
    commits.map(async (merge) => ((await isClean(prover, merge, ours, known)) ? [merge.sha] : [])),
  )
  return new Set(proved.flat())
}

async function isClean(prover: Prover, merge: Commit, ours: Parents, known: KnownVersions): Promise<boolean> {
  const [pullParent, ...otherOurs] = merge.parents.filter((sha) => ours.has(sha))
  const [baseParent, ...otherBase] = merge.parents.filter((sha) => !ours.has(sha))
  if (!pullParent || !baseParent || otherOurs.length + otherBase.length > 0) return false
  // Which of the two is the base's depends on the base: the proof holds for this way round only.
  const key = ['merge', proofVersion, prover.repositoryId, merge.sha, baseParent].join('/')
  if ((await prover.facts.get<boolean>(key)) === true) return true
  const before = await beforeMerge(prover, pullParent, baseParent, ours, known)
  const after = await afterMerge(prover, merge.sha, baseParent, known)
  if (!before || !after) return false
  const { facts } = await compare(prover, before, after)
  if (!facts) return false
  const merged = { prParent: facts.before, merged: facts.after, baseMove: facts.baseMove }
  const isOurs = (sha: string) => ours.has(sha)
  if (!cleanUpdateMerge(merge, merged, isOurs, (sha) => !ours.has(sha)).clean) return false
  await prover.facts.put(key, true)
  return true
}

/**
 * What the pull request added to the base's parent before the merge. No request is needed where the older head is
 * remembered and stands on one commit of the base only, while the merge brought the base's very tip: all that the two
 * parents share is then below that commit, which is their merge base.
 */
async function beforeMerge(
  prover: Prover,
  pullParent: string,
  baseParent: string,
  ours: Parents,
  known: KnownVersions,
): Promise<Version | undefined> {
  const older = await known.older(pullParent)
  const [ground, ...others] = standsOn(pullParent, ours)
  const alone = others.length === 0 && ground === older?.change.mergeBase
  if (older && alone && known.head?.change.base === baseParent) {
    return { ...older, change: { ...older.change, base: baseParent } }
  }
  const change = await readChange(prover.github, prover.repository, baseParent, pullParent)
  return change && withFootprintOf(older, change)
}

/** What the merge adds to the base's parent, which is its merge base: the head's own change where the merge is the head. */
async function afterMerge(
  prover: Prover,
  merge: string,
  baseParent: string,
  { head }: KnownVersions,
): Promise<Version | undefined> {
  if (head?.change.head === merge && head.change.mergeBase === baseParent) {
    return { ...head, change: { ...head.change, base: baseParent } }
  }
  const change = await readChange(prover.github, prover.repository, baseParent, merge)
  return change && { change }
}

function withFootprintOf(older: Version | undefined, change: Version['change']): Version {
  const fits = older?.footprint && older.change.mergeBase === change.mergeBase
  return fits && older.footprint ? { change, footprint: older.footprint } : { change }
}
