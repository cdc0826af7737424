import { LRUCache } from 'lru-cache'
import { sameEntry } from '../../decision/content/file.ts'
import { type BaseMove, type Change, type Footprint, type Tree, treeOf } from '../../decision/content.ts'
import type { GitHub } from './client.ts'
import { type ChangeFacts, changeIn, orIncomparable } from './commits.ts'
import { orAbsent } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** Why there is no footprint: a tree was collected, or GitHub cut it. */
export type NoFootprint = 'unreadable' | 'cut'

/** Trees never change, and the next push needs the ones of this push again. Counted in files. */
const trees = new LRUCache<string, Tree>({
  maxSize: 1_000_000,
  sizeCalculation: (tree) => tree.entries.size + 1,
})

/**
 * Reads what a change touches from its two trees, and not from the list of files that compare gives: that has no modes
 * and stops at 300.
 */
export async function readFootprint(
  github: GitHub,
  repository: RepositoryName,
  { mergeBaseTree, headTree }: ChangeFacts,
): Promise<Footprint | NoFootprint> {
  const [before, after] = await Promise.all([
    readTree(github, repository, mergeBaseTree),
    headTree === undefined ? undefined : readTree(github, repository, headTree),
  ])
  if (!before || !after) return 'unreadable'
  if (!before.complete || !after.complete) return 'cut'
  const footprint: [string, Footprint[string]][] = []
  for (const path of new Set([...before.entries.keys(), ...after.entries.keys()])) {
    const [was, is] = [before.entries.get(path), after.entries.get(path)]
    if (!sameEntry(was, is)) footprint.push([path, { ...(was ? { was } : {}), ...(is ? { is } : {}) }])
  }
  return Object.fromEntries(footprint)
}

/** All files of a root tree. Undefined: git has collected it, or it is out of reach, and nothing is proved by it. */
async function readTree(github: GitHub, repository: RepositoryName, sha: string): Promise<Tree | undefined> {
  const key = `${repository.owner}/${repository.repo}/${sha}`
  const known = trees.get(key)
  if (known) return known
  const answer = await orAbsent(
    github.rest.git.getTree({ ...nameOf(repository), tree_sha: sha, recursive: '1' }),
  )
  if (!answer) return undefined
  const rows = answer.data.tree.map(({ path, mode, sha: id, size }) => ({
    path: path ?? '',
    mode: mode ?? '',
    sha: id ?? '',
    ...(size === undefined ? {} : { size }),
  }))
  const tree = treeOf(rows, answer.data.truncated, sha)
  trees.set(key, tree)
  return tree
}

/** The three-dot difference of two commits. Undefined: one of them is out of reach. */
export async function readChange(
  github: GitHub,
  repository: RepositoryName,
  base: string,
  head: string,
): Promise<ChangeFacts | undefined> {
  const options = { ...nameOf(repository), basehead: `${base}...${head}`, per_page: 100 }
  const answer = await orIncomparable(github.rest.repos.compareCommitsWithBasehead(options))
  if (!answer) return undefined
  const facts = changeIn(answer.data, head)
  if (facts.headTree !== undefined) return facts
  // More than a page of commits: the head's tree stands in the commit itself.
  const commit = await orAbsent(github.rest.git.getCommit({ ...nameOf(repository), commit_sha: head }))
  return commit && { ...facts, headTree: commit.data.tree.sha }
}

/** A change as a proof takes it; its trees hold only the paths that it touches, so both sides must touch the same ones. */
export function changeOf(facts: ChangeFacts, footprint: Footprint | NoFootprint): Change {
  const { base, mergeBase, head, files, filesComplete } = facts
  const change = { base, mergeBase, head, files, filesComplete }
  if (footprint === 'unreadable') return change
  const entries = footprint === 'cut' ? [] : Object.entries(footprint)
  const side = (name: 'was' | 'is', sha: string | undefined): Tree => ({
    ...(sha === undefined ? {} : { sha }),
    entries: new Map(entries.flatMap(([path, { [name]: entry }]) => (entry ? [[path, entry] as const] : []))),
    complete: footprint !== 'cut',
  })
  return {
    ...change,
    mergeBaseTree: side('was', facts.mergeBaseTree),
    headTree: side('is', facts.headTree),
  }
}

/** What the base did from one merge base to the next. */
export async function readBaseMove(
  github: GitHub,
  repository: RepositoryName,
  from: string,
  to: string,
): Promise<BaseMove> {
  if (from === to) return { from, to, files: [], complete: true }
  const change = await readChange(github, repository, from, to)
  if (!change) return { from, to, complete: false }
  return { from: change.mergeBase, to, files: change.files, complete: change.filesComplete }
}
