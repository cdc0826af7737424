import { LRUCache } from 'lru-cache'
import { type BaseMove, type Change, type Tree, treeOf } from '../../decision/content.ts'
import { type GitHub, orAbsent } from './client.ts'
import { type ChangeFacts, changeIn } from './commits.ts'

type Repository = { owner: string; repo: string }

/** Trees never change, and the next push needs the ones of this push again. Counted in files. */
const trees = new LRUCache<string, Tree>({
  maxSize: 1_000_000,
  sizeCalculation: (tree) => tree.entries.size + 1,
})

/** All files of a root tree. Undefined: git has collected it, or it is out of reach, and nothing is proved by it. */
export async function readTree(
  github: GitHub,
  repository: Repository,
  sha: string,
): Promise<Tree | undefined> {
  const key = `${repository.owner}/${repository.repo}/${sha}`
  const known = trees.get(key)
  if (known) return known
  const answer = await orAbsent(github.rest.git.getTree({ ...repository, tree_sha: sha, recursive: '1' }))
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
  repository: Repository,
  base: string,
  head: string,
): Promise<ChangeFacts | undefined> {
  const answer = await orAbsent(
    github.rest.repos.compareCommitsWithBasehead({
      ...repository,
      basehead: `${base}...${head}`,
      per_page: 100,
    }),
  )
  if (!answer) return undefined
  const facts = changeIn(answer.data, head)
  if (facts.headTree !== undefined) return facts
  // A head that adds nothing to the base, or more than a page of commits: its tree stands in the commit itself.
  const commit = await orAbsent(github.rest.git.getCommit({ ...repository, commit_sha: head }))
  return commit && { ...facts, headTree: commit.data.tree.sha }
}

/** A change with the trees that a proof reads. */
export async function withTrees(github: GitHub, repository: Repository, facts: ChangeFacts): Promise<Change> {
  const [mergeBaseTree, headTree] = await Promise.all([
    readTree(github, repository, facts.mergeBaseTree),
    facts.headTree === undefined ? undefined : readTree(github, repository, facts.headTree),
  ])
  const { base, mergeBase, head, files, filesComplete } = facts
  return {
    base,
    mergeBase,
    head,
    files,
    filesComplete,
    ...(mergeBaseTree ? { mergeBaseTree } : {}),
    ...(headTree ? { headTree } : {}),
  }
}

/** What the base did from one merge base to the next. */
export async function readBaseMove(
  github: GitHub,
  repository: Repository,
  from: string,
  to: string,
): Promise<BaseMove> {
  if (from === to) return { from, to, files: [], complete: true }
  const change = await readChange(github, repository, from, to)
  if (!change) return { from, to, complete: false }
  return { from: change.mergeBase, to, files: change.files, complete: change.filesComplete }
}
