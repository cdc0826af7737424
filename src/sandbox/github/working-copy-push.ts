import { noCommit, shaOf } from './git-reading.ts'
import type { Hub } from './hub.ts'
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
    const app = hub.world.apps.find(({ botId }) => botId === account.id)
    const by = { userId: account.id, appId: app?.id ?? null }
    const forced = force && before !== noCommit && !(await contains(run, before, after))
    const refused = pushRefusal(hub, repository, { ref, before, after, by, forced })
    if (refused) throw new Error(`remote: error: ${refused}`)
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
