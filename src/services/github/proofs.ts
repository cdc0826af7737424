import { type BaseMove, type Change, cleanUpdateMerge, sameChange } from '../../decision/content.ts'
import type { Commit } from '../../decision/contributors.ts'
import type { Equality } from '../../decision/snapshot.ts'
import type { FactStore } from '../fact-store.ts'
import type { GitHub } from './client.ts'
import type { ChangeFacts } from './commits.ts'
import { readBaseMove, readChange, withTrees } from './content.ts'

type Repository = { owner: string; repo: string }

export type Prover = { github: GitHub; repository: Repository; repositoryId: number; facts: FactStore }

/**
 * Whether two changes are the same change. Cheap answers come first: equal ends need no request, and neither does a
 * push that changes content where the base stood still; trees are read for the rest.
 */
export async function proveSame(prover: Prover, before: ChangeFacts, after: ChangeFacts): Promise<Equality> {
  const key = ['same', prover.repositoryId, before.mergeBase, before.head, after.mergeBase, after.head].join(
    '/',
  )
  let unproved: Equality | undefined
  const proof = await proved(prover.facts, key, async () => {
    const equality = await prove(prover, before, after)
    if (equality.same) return equality
    unproved = equality
    return undefined
  })
  return proof ?? unproved ?? { same: false, why: 'the change could not be compared', paths: [] }
}

async function prove(prover: Prover, before: ChangeFacts, after: ChangeFacts): Promise<Equality> {
  if (before.mergeBaseTree === after.mergeBaseTree) {
    if (before.headTree !== undefined && before.headTree === after.headTree)
      return { same: true, how: 'the files are the same' }
    const changed = otherContent(before, after)
    if (changed.length > 0) return { same: false, why: changedSince(changed), paths: changed.slice(0, 20) }
  }
  const [one, other, move] = await withBaseMove(prover, before, after)
  const sameness = sameChange(one, other, move)
  return sameness.same
    ? { same: true, how: howSame(before, after) }
    : { ...sameness, paths: sameness.paths.slice(0, 20) }
}

/** The patches of the base's move are read only where blob ids do not decide. */
async function withBaseMove(
  prover: Prover,
  before: ChangeFacts,
  after: ChangeFacts,
): Promise<[Change, Change, BaseMove]> {
  const { github, repository } = prover
  const [one, other] = await Promise.all([
    withTrees(github, repository, before),
    withTrees(github, repository, after),
  ])
  const blind: BaseMove = { from: before.mergeBase, to: after.mergeBase, complete: false }
  if (sameChange(one, other, blind).same || !sharesPaths(one, other)) return [one, other, blind]
  return [one, other, await readBaseMove(github, repository, before.mergeBase, after.mergeBase)]
}

/** Whether the base touched a file of the change, which is where lines have to be compared. */
function sharesPaths(one: Change, other: Change): boolean {
  const [old, now] = [one.mergeBaseTree?.entries, other.mergeBaseTree?.entries]
  if (!old || !now) return false
  const touched = (path: string) => old.get(path)?.sha !== now.get(path)?.sha
  return (one.files ?? []).some(({ path }) => touched(path))
}

/** Paths whose new content differs, where both lists are whole and both changes start from the same files. */
function otherContent(before: ChangeFacts, after: ChangeFacts): string[] {
  if (!before.filesComplete || !after.filesComplete) return []
  const [old, now] = [contents(before), contents(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path)).sort()
}

function contents({ files }: ChangeFacts): Map<string, string> {
  return new Map(files.map(({ path, status, sha }) => [path, status === 'removed' ? 'removed' : String(sha)]))
}

function changedSince(paths: string[]): string {
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : ''
  return `${paths[0]}${more} changed since`
}

function howSame(before: ChangeFacts, after: ChangeFacts): string {
  return before.mergeBase === after.mergeBase
    ? 'the commits are others, the change is the same'
    : 'it came onto a newer base, and the change is the same'
}

/**
 * The update merges of a pull request that are proved to add nothing. The other parent of such a merge is no commit of
 * base..head, and since everything below the head that is not of base..head can be reached from the base, it is the base's.
 */
export async function cleanMergesIn(prover: Prover, commits: Commit[]): Promise<Set<string>> {
  const ours = new Set(commits.map((commit) => commit.sha))
  const candidates = commits.filter(
    ({ parents }) => parents.length === 2 && parents.filter((sha) => ours.has(sha)).length === 1,
  )
  const proved = await Promise.all(
    candidates.map(async (merge) => ((await isClean(prover, merge, ours)) ? [merge.sha] : [])),
  )
  return new Set(proved.flat())
}

async function isClean(prover: Prover, merge: Commit, ours: ReadonlySet<string>): Promise<boolean> {
  const key = ['merge', prover.repositoryId, merge.sha].join('/')
  return (
    (await proved(prover.facts, key, async () => {
      const pullParent = merge.parents.find((sha) => ours.has(sha)) ?? ''
      const baseParent = merge.parents.find((sha) => !ours.has(sha)) ?? ''
      const { github, repository } = prover
      const before = await readChange(github, repository, baseParent, pullParent)
      const after = await readChange(github, repository, baseParent, merge.sha)
      if (!before || !after) return undefined
      const [prParent, merged, baseMove] = await withBaseMove(prover, before, after)
      const isOurs = (sha: string) => ours.has(sha)
      const proof = cleanUpdateMerge(merge, { prParent, merged, baseMove }, isOurs, (sha) => !ours.has(sha))
      return proof.clean ? true : undefined
    })) === true
  )
}

/** Keeps what was proved, for good: every commit that it is about stands in the key. What was not proved may be one day. */
async function proved<Value>(
  facts: FactStore,
  key: string,
  work: () => Promise<Value | undefined>,
): Promise<Value | undefined> {
  const known = await facts.get<Value>(key)
  if (known !== undefined) return known
  const value = await work()
  if (value !== undefined) await facts.put(key, value)
  return value
}
