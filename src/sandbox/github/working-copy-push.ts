import type { By } from './context.ts'
import { noCommit, shaOf } from './git-reading.ts'
import type { Hub } from './hub.ts'
import type { Move } from './push-event.ts'
import { pushRefusal } from './push-refusals.ts'
import { branchMoved } from './pushes.ts'
import type { Repository } from './repository-state.ts'
import type { Account } from './world.ts'

type PushOptions = { branch: string; force: boolean; remove: boolean }

export function pushBranch(
  hub: Hub,
  repository: Repository,
  account: Account,
  run: (args: string[]) => Promise<string>,
  { branch, force, remove }: PushOptions,
): Promise<string> {
  return hub.exclusive(repository, async () => {
    const ref = `refs/heads/${branch}`
    const before = (await shaOf(repository.git, ref)) ?? noCommit
    const after = remove ? noCommit : await run(['rev-parse', branch])
    if (before === after) return after
    const by = pusherOf(hub, account)
    const forced = force && before !== noCommit && !(await contains(run, before, after))
    refuse(hub, repository, { ref, before, after, by, forced })
    await run([
      'push',
      '--quiet',
      ...(force ? ['--force'] : []),
      'origin',
      remove ? `:${ref}` : `${branch}:${ref}`,
    ])
    await branchMoved(hub, repository, { ref, before, after, by })
    return after
  })
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

/** False too when the clone does not know the older commit. */
async function contains(
  run: (args: string[]) => Promise<string>,
  older: string,
  newer: string,
): Promise<boolean> {
  return run(['merge-base', '--is-ancestor', older, newer]).then(
    () => true,
    () => false,
  )
}
