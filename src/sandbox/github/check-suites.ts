import type { By } from './context.ts'
import { emit } from './events.ts'
import { findCommit } from './git-reading.ts'
import { appById, type Hub, installationFor } from './hub.ts'
import type { CheckSuite, Repository } from './repository-state.ts'
import { suiteShape } from './shapes/check.ts'
import { headCommit } from './shapes/commit.ts'

/** One suite for each app and commit. A push makes it and asks for it, where the App may write checks. */
export function ensureSuite(
  hub: Hub,
  repository: Repository,
  appId: number,
  sha: string,
  pushed?: { branch: string; before: string; by: By },
): CheckSuite | undefined {
  const known = repository.checkSuites.find((suite) => suite.appId === appId && suite.headSha === sha)
  if (known) return known
  const installed = installationFor(hub, appId, repository)
  if (pushed && (!installed || appById(hub, appId).permissions.checks !== 'write')) return undefined
  const suite: CheckSuite = {
    id: hub.world.nextId('checkSuite'),
    appId,
    headSha: sha,
    headBranch: pushed?.branch ?? null,
    before: pushed?.before ?? null,
    createdAt: hub.clock(),
    updatedAt: hub.clock(),
    rerequested: false,
  }
  repository.checkSuites.push(suite)
  if (pushed) hub.later(repository, () => emitSuite(hub, repository, suite, 'requested', pushed.by))
  return suite
}

export async function emitSuite(hub: Hub, repository: Repository, suite: CheckSuite, action: string, by: By) {
  if (suite.appId !== hub.appId) return
  const commit = await findCommit(repository.git, suite.headSha)
  const shape = { ...suiteShape(hub, repository, suite), head_commit: commit ? headCommit(commit) : null }
  emit(hub, repository, 'check_suite', by, { action, check_suite: shape })
}
