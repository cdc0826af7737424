import type { RepositoryRef } from '../decision/merge-task.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { policyPath } from '../policy/policy-file.ts'
import { readPolicy } from '../policy/policy-source.ts'
import type { PolicyShell } from '../policy/shared-policy.ts'
import {
  type ListedRepository,
  listedTogether,
  listRepositories,
  viewedTogether,
  viewPulls,
  viewRepositories,
} from '../services/github/bulk.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Row } from '../services/github/partial.ts'
import { keepStanding, keepValidPolicy, keptBlob, keptPolicies } from '../store/policies.ts'
import { isAnyUnderAnotherPolicy } from '../store/verdicts.ts'
import { policyPlace } from './hourly-reread-plan.ts'

/** A repository that a policy covers, with its open pull requests. */
export type CoveredRepository = { repository: RepositoryRef; numbers: number[] }

/** Every open pull request of a repository. */
export async function openPulls(github: GitHub, { owner, repo }: RepositoryRef): Promise<number[]> {
  const pulls = await github.paginate(github.rest.pulls.list, { owner, repo, state: 'open', per_page: 100 })
  return pulls.map(({ number }) => number)
}

/**
 * Every repository of an installation that has a policy of its own or of its organization; archived ones have no changes.
 * @throws after the others where one could not be checked.
 */
export async function* coveredRepositories(
  github: GitHub,
  installationId: number,
  serves: (account: string) => boolean,
): AsyncGenerator<CoveredRepository> {
  const listed = await listRepositories(github)
  if (!listed) throw new Error('The list of repositories changed while it was read')
  const problems: string[] = []
  const served = listed.filter(({ owner }) => serves(owner))
  for (const batch of inBatchesOf(viewedTogether, served)) {
    const views = await viewRepositories(github, batch[0]?.owner ?? '', batch, policyPath)
    const seen = valuesOf(batch, views, problems).filter(([, view]) => !view.archived && policyPlace(view))
    const covered = seen.map(([repository]) => repository)
    for (const some of inBatchesOf(listedTogether, covered)) {
      for (const [one, pulls] of valuesOf(some, await viewPulls(github, some), problems)) {
        const { repositoryId, owner, repo } = one
        const numbers = pulls.map(({ number }) => number)
        yield { repository: { installationId, repositoryId, owner, repo }, numbers }
      }
    }
  }
  if (problems.length > 0)
    throw new Error(`Some repositories could not be checked: ${problems.slice(0, 5).join('; ')}`)
}

/** The rows that GitHub gave, each with its repository; what kept the others is added to the problems. */
function valuesOf<Value>(
  asked: ListedRepository[],
  rows: Row<Value>[],
  problems: string[],
): [ListedRepository, Value][] {
  return asked.flatMap((one, index): [ListedRepository, Value][] => {
    const row = rows[index] ?? { problem: 'GitHub did not give it' }
    if ('value' in row) return [[one, row.value]]
    problems.push(`${one.owner}/${one.repo}: ${row.problem}`)
    return []
  })
}

function inBatchesOf<Item>(size: number, items: Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

/**
 * After a push to a default branch: the repositories whose pull requests another policy covers now. None where the file is
 * what it was; all of the installation where it is the organization's `.github` repository, whose policy is a part of theirs.
 */
export async function repositoriesAffectedByPolicyPush(
  shell: PolicyShell & { github: GitHub; serves: (account: string) => boolean },
  repository: RepositoryRef,
): Promise<CoveredRepository[]> {
  const { database, github } = shell
  const { repo, installationId } = repository
  const read = await readPolicy(shell, github, repository)
  const blob = read?.file.blob
  // The merge that brought the new policy may have been recorded first, which has stored the policy.
  const isKept = blob === (await keptBlob(database, repository))
  // A repository without pull requests still has a channel, a calendar and incidents.
  if (read?.result.ok && !isKept) await keepValidPolicy(database, repository, read.file)
  else await keepStanding(database, repository, read ? 'current' : 'absent')
  const isShared = isSharedRepository(repo)
  if (isKept && !(await isAnyUnderAnotherPolicy(database, repository, { blob, path: policyPath, isShared })))
    return []
  if (isShared) return coveredOrKept(shell, installationId)
  return [{ repository, numbers: await openPulls(github, repository) }]
}

/** Every covered repository, and those that only the organization's policy covered until it was removed. */
async function coveredOrKept(
  { database, github, serves }: Parameters<typeof repositoriesAffectedByPolicyPush>[0],
  installationId: number,
): Promise<CoveredRepository[]> {
  const covered = await Array.fromAsync(coveredRepositories(github, installationId, serves))
  const ids = new Set(covered.map(({ repository }) => repository.repositoryId))
  const kept = await keptPolicies(database, installationId, ['current', 'absent'])
  const left = kept.filter(({ repositoryId, owner }) => !ids.has(repositoryId) && serves(owner))
  return [
    ...covered,
    ...left.map(({ repositoryId, owner, repo }) => ({
      repository: { installationId, repositoryId, owner, repo },
      numbers: [],
    })),
  ]
}
