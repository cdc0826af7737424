import type { Git } from './git.ts'
import { type Commit, findCommit, type Signature } from './git-reading.ts'
import { writeCommit } from './git-writing.ts'

/** The tree of merging two commits, or the paths in conflict. */
export function mergeTrees(
  git: Git,
  ours: string,
  theirs: string,
): Promise<{ tree?: string; conflicts: string[] }> {
  return git.remember(`merge ${ours} ${theirs}`, async () => {
    const { code, stdout, stderr } = await git.attempt([
      'merge-tree',
      '--write-tree',
      '--name-only',
      '--no-messages',
      '--allow-unrelated-histories',
      ours,
      theirs,
    ])
    if (code > 1) throw new Error(`git merge-tree left with ${code}: ${stderr.trim()}`)
    const [tree = '', ...conflicts] = stdout.trim().split('\n')
    return code === 0 ? { tree, conflicts: [] } : { conflicts }
  })
}

/**
 * Puts commits one after the other on another commit, as "Rebase and merge" does: author kept, merges left out.
 * The three-way merge of each step is git's own, between two stand-ins whose only ancestor holds the parent's tree.
 */
export async function replay(
  git: Git,
  commits: Commit[],
  onto: string,
  committer: Signature,
): Promise<{ head?: string; shas: string[] }> {
  const shas: string[] = []
  let head = onto
  for (const commit of commits.filter(({ parents }) => parents.length < 2)) {
    const tree = await replayedTree(git, commit, head)
    if (!tree) return { shas: [] }
    head = await writeCommit(git, { ...commit, tree, parents: [head], committer })
    shas.push(head)
  }
  return { head, shas }
}

async function replayedTree(git: Git, commit: Commit, onto: string): Promise<string | undefined> {
  const parent = commit.parents[0] ? await findCommit(git, commit.parents[0]) : undefined
  const target = await findCommit(git, onto)
  if (!parent || !target) return undefined
  const same = { message: 'stand-in', author: commit.author, committer: commit.author }
  const base = await writeCommit(git, { ...same, tree: parent.tree, parents: [] })
  const ours = await writeCommit(git, { ...same, tree: target.tree, parents: [base] })
  const theirs = await writeCommit(git, { ...same, tree: commit.tree, parents: [base] })
  return (await mergeTrees(git, ours, theirs)).tree
}
