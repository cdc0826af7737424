import { isAncestor } from './git-history.ts'
import { findCommit, noCommit } from './git-reading.ts'
import { changeTree, type TreeChange, treeEntries } from './git-trees.ts'
import { writeBlob, writeCommit } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { moveBranch } from './pushes.ts'
import type { Repository } from './repository-state.ts'
import { type CommitOptions, messageOf, signaturesOf } from './working-copy.ts'
import { pusherOf, refuse } from './working-copy-push.ts'
import type { Account } from './world.ts'

export type NewPush = CommitOptions & {
  branch: string
  /** Where the commit begins, like `origin/main`; where the branch is, when left out, or the default branch. */
  from?: string | undefined
  files?: Record<string, string | Buffer>
  /** Files, or folders with all that is in them. */
  remove?: string[] | undefined
  message: string
  force?: boolean
}

/**
 * One commit that somebody makes and pushes, as from a clone that is thrown away afterwards: most of what people do needs no more, and a
 * clone takes several processes. Answers its sha; throws what git would print where the push is refused.
 */
export function pushCommit(
  hub: Hub,
  repository: Repository,
  account: Account,
  change: NewPush,
): Promise<string> {
  return hub.exclusive(repository, async () => {
    const { git } = repository
    const ref = `refs/heads/${change.branch}`
    const before = (await findCommit(git, ref))?.sha ?? noCommit
    const after = await commitOn(hub, repository, account, change)
    const move = { ref, before, after, by: pusherOf(hub, account) }
    const forced = before !== noCommit && !(await isAncestor(git, before, after))
    if (forced && !change.force)
      throw new Error(`! [rejected] ${change.branch} -> ${change.branch} (non-fast-forward)`)
    refuse(hub, repository, { ...move, forced })
    if (!(await moveBranch(hub, repository, move))) throw new Error(`error: failed to update ref ${ref}`)
    return after
  })
}

async function commitOn(
  hub: Hub,
  repository: Repository,
  account: Account,
  change: NewPush,
): Promise<string> {
  const { git, defaultBranch } = repository
  const { branch, from, amend } = change
  const begin = from?.replace(/^origin\//, '')
  const tip =
    (await findCommit(git, begin ?? `refs/heads/${branch}`)) ??
    (begin === undefined ? await findCommit(git, `refs/heads/${defaultBranch}`) : undefined)
  if (!tip) throw new Error(`fatal: invalid reference: ${from ?? branch}`)
  const tree = await changeTree(git, tip.tree, await changesIn(repository, tip.tree, change))
  const { author, committer } = signaturesOf(account, change, hub.clock())
  return writeCommit(git, {
    tree,
    parents: amend ? tip.parents : [tip.sha],
    message: messageOf(change.message, change),
    author: amend ? tip.author : author,
    committer,
  })
}

async function changesIn(
  { git }: Repository,
  tree: string,
  { files = {}, remove = [] }: NewPush,
): Promise<TreeChange[]> {
  const there = await treeEntries(git, tree, true)
  const removed = there.filter(
    ({ type, path }) => type !== 'tree' && remove.some((one) => path === one || path.startsWith(`${one}/`)),
  )
  const written = Object.entries(files).map(async ([path, content]) => {
    const mode = there.find((entry) => entry.path === path && entry.type === 'blob')?.mode ?? '100644'
    return { path, mode, sha: await writeBlob(git, content) }
  })
  return [...removed.map(({ path, mode }) => ({ path, mode, sha: null })), ...(await Promise.all(written))]
}
