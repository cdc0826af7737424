import pLimit from 'p-limit'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { runAll } from '../merges/run-all.ts'
import { type ListedRepository, listRepositories } from '../services/github/bulk.ts'
import { isGone } from '../services/github/gone.ts'
import { readOpenPulls } from '../services/github/open-pulls.ts'
import { requestRunByButton } from '../staging/requests.ts'
import { keepStanding } from '../store/policies.ts'
import { closeAll, excludeGreensFromRevocation, markPullsChanged } from '../store/verdicts/changes.ts'
import { knownPulls, storedOpenPulls } from '../store/verdicts/open-pulls.ts'
import { coveredRepositories, openPulls, repositoriesAffectedByPolicyPush } from './covered-repositories.ts'
import type { Lookup } from './events/reading.ts'
import type { Parts } from './parts.ts'

/** Asks GitHub which pull requests an event concerns that names none, and enqueues their evaluation. `guid`: the delivery of the event. */
export async function lookUp(parts: Parts, lookup: Lookup, guid: string): Promise<void> {
  const { shell, serves } = parts
  const { github } = shell
  switch (lookup.of) {
    case 'policy': {
      const { repository } = lookup
      if (!serves(repository.owner)) return
      const app = await github(repository.installationId)
      for await (const covered of repositoriesAffectedByPolicyPush(
        { ...shell, github: app, serves },
        repository,
      ))
        await evaluateAll(parts, covered.repository, covered.numbers, guid)
      return
    }
    case 'repository': {
      const { repository } = lookup
      if (!serves(repository.owner)) return
      const open = await openPulls(await github(repository.installationId), repository)
      return evaluateAll(parts, repository, open, guid)
    }
    case 'installation': {
      const app = await github(lookup.installationId)
      for await (const covered of coveredRepositories(app, lookup.installationId, serves)) {
        await keepStanding(shell.database, covered.repository, 'current')
        await evaluateAll(parts, covered.repository, covered.numbers, guid)
      }
      return
    }
    case 'reach':
      return checkReach(parts, lookup, guid)
    case 'retargeted':
      return evaluateRetargeted(parts, lookup, guid)
    case 'regression': {
      const { repository, sha, requestedBy } = lookup
      if (serves(repository.owner)) await requestRunByButton(shell, repository, sha, requestedBy)
    }
  }
}

/**
 * What an event says is out of reach is so only where GitHub says it too: without access, nothing has to be revoked in time,
 * and in an archived or deleted repository nothing is open. Everything else is evaluated.
 */
async function checkReach(
  parts: Parts,
  { installationId, repositoryIds, deleted = false }: Lookup & { of: 'reach' },
  guid: string,
): Promise<void> {
  const { database, github } = parts.shell
  let listed: ListedRepository[] | undefined
  try {
    listed = await listRepositories(await github(installationId))
  } catch (error) {
    if (!isGone(error)) throw error
    await keepStanding(database, { installationId }, 'out of reach')
    return excludeGreensFromRevocation(database, { installationId })
  }
  if (!listed) throw new Error('The list of repositories changed while it was read')
  if (!repositoryIds) return lookUp(parts, { of: 'installation', installationId }, guid)
  const oneByOne = pLimit(1)
  await runAll(
    repositoryIds.map((repositoryId) =>
      oneByOne(async () => {
        const scope = { installationId, repositoryId }
        const found = listed.find((one) => one.repositoryId === repositoryId)
        if (found && !found.archived) {
          const repository = { ...scope, owner: found.owner, repo: found.repo }
          return lookUp(parts, { of: 'repository', repository }, guid)
        }
        await keepStanding(database, scope, 'out of reach')
        if (found || deleted) await database.transaction((tx) => closeAll(tx, scope))
        else await excludeGreensFromRevocation(database, scope)
      }),
    ),
  )
}

/**
 * Evaluates the open pull requests that GitHub has at another base or head than we do, and those that we do not know and that
 * are based on the default branch or one where we know others.
 */
async function evaluateRetargeted(
  { shell, serves }: Parts,
  { repository, defaultBranch }: Lookup & { of: 'retargeted' },
  guid: string,
): Promise<void> {
  if (!serves(repository.owner)) return
  const open = await readOpenPulls(await shell.github(repository.installationId), repository)
  await shell.database.transaction(async (tx) => {
    const known = new Map((await knownPulls(tx, repository)).map((pull) => [pull.number, pull]))
    const bases = new Set([defaultBranch, ...[...known.values()].map(({ base }) => base)])
    const moved = open.filter(({ number, head, base }) => {
      const before = known.get(number)
      return before ? before.base !== base || before.head !== head : bases.has(base)
    })
    const changed = await markPullsChanged(
      tx,
      repository,
      moved.map(({ number }) => number),
      guid,
    )
    await shell.queue.enqueueAll(changed, { tx })
  })
}

/** Those that are open, and those that we know as open and that were closed or merged without an event. */
async function evaluateAll(
  { shell }: Parts,
  repository: RepositoryRef,
  open: number[],
  guid: string,
): Promise<void> {
  await shell.database.transaction(async (tx) => {
    const known = (await storedOpenPulls(tx, repository)).map(({ number }) => number)
    const changed = await markPullsChanged(tx, repository, [...new Set([...open, ...known])], guid)
    await shell.queue.enqueueAll(changed, { tx })
  })
}
