import { handOver, isLoose, writeRef } from './clone.ts'
import type { By } from './context.ts'
import type { Git } from './git.ts'
import { isAncestor } from './git-history.ts'
import { noCommit, shaOf } from './git-reading.ts'
import { moveRef } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { branchOf, type Move } from './push-event.ts'
import { pushRefusal } from './push-refusals.ts'
import { branchMoved } from './pushes.ts'
import type { Repository } from './repository-state.ts'
import type { Account } from './world.ts'

type PushOptions = { branch: string; force: boolean; remove: boolean }
type Clone = { git: Git; run: (args: string[]) => Promise<string>; head: (ref: string) => Promise<string> }

export function pushBranch(
  hub: Hub,
  repository: Repository,
  account: Account,
  clone: Clone,
  { branch, force, remove }: PushOptions,
): Promise<string> {
  return hub.exclusive(repository, async () => {
    const ref = `refs/heads/${branch}`
    const before = (await shaOf(repository.git, ref)) ?? noCommit
    const after = remove ? noCommit : await clone.head(branch)
    if (before === after) return after
    const by = pusherOf(hub, account)
    const forced = before !== noCommit && !remove && !(await isAncestor(clone.git, before, after))
    refuse(hub, repository, { ref, before, after, by, forced: force && (remove || forced) })
    const move = { ref, before, after, by }
    if (remove || !isLoose(clone.git.folder)) await pushByGit(clone, { branch, force, remove })
    else await pushLoose(repository, clone.git, move, forced && !force)
    await branchMoved(hub, repository, move)
    return after
  })
}

async function pushByGit({ run }: Clone, { branch, force, remove }: PushOptions): Promise<void> {
  const ref = `refs/heads/${branch}`
  const what = remove ? `:${ref}` : `${branch}:${ref}`
  await run(['push', '--quiet', ...(force ? ['--force'] : []), 'origin', what])
}

/** What `git push` does, without the seven processes that it takes. */
async function pushLoose(
  { git }: Repository,
  clone: Git,
  { ref, before, after }: Move,
  rejected: boolean,
): Promise<void> {
  const branch = branchOf(ref)
  if (rejected) throw new Error(`! [rejected] ${branch} -> ${branch} (non-fast-forward)`)
  handOver(clone.folder, git.folder, after)
  if (!(await moveRef(git, ref, after, before))) throw new Error(`error: failed to update ref ${ref}`)
  writeRef(clone.folder, `refs/remotes/origin/${branch}`, after)
}

/** Who pushes: a person, or an App's bot with the App. */
export function pusherOf(hub: Hub, account: Account): By {
  const app = hub.world.apps.find(({ botId }) => botId === account.id)
  return { userId: account.id, appId: app?.id ?? null }
}

/** Throws the words that git shows where the rules of the branch refuse a push. */
export function refuse(hub: Hub, repository: Repository, move: Move & { forced: boolean }): void {
  const refused = pushRefusal(hub, repository, move)
  if (refused) throw new Error(`remote: error: ${refused}`)
}
