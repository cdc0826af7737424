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
import { orProblems, type Row } from '../services/github/partial.ts'
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
    const views = await orProblems(batch, viewRepositories(github, batch[0]?.owner ?? '', batch, policyPath))
    const seen = valuesOf(batch, views, problems).filter(([, view]) => !view.archived && policyPlace(view))
    const covered = seen.map(([repository]) => repository)
    for (const some of inBatchesOf(listedTogether, covered)) {
      const lists = await orProblems(some, viewPulls(github, some))
      for (const [one, pulls] of valuesOf(some, lists, problems)) {
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
 * The policy is kept as the current one at the end, so that a call that was cut off finds them again.
 */
export async function* repositoriesAffectedByPolicyPush(
  shell: PolicyShell & { github: GitHub; serves: (account: string) => boolean },
  repository: RepositoryRef,
): AsyncGenerator<CoveredRepository> {
  const { database, github } = shell
  const { repo, installationId } = repository
  const read = await readPolicy(shell, github, repository)
  const blob = read?.file.blob
  // The merge that brought the new policy may have been recorded first, which has stored the policy.
  const isKept = blob === (await keptBlob(database, repository))
  const isShared = isSharedRepository(repo)
  if (
    !isKept ||
    (await isAnyUnderAnotherPolicy(database, repository, { blob, path: policyPath, isShared }))
  ) {
    if (isShared) yield* coveredOrKept(shell, installationId)
    else yield { repository, numbers: await openPulls(github, repository) }
  }
  // A repository without pull requests still has a channel, a calendar and incidents.
  if (read?.result.ok && !isKept) await keepValidPolicy(database, repository, read.file)
  else await keepStanding(database, repository, read ? 'current' : 'absent')
}

/**
 * Every covered repository, and those that we know besides: that only the organization's policy covered until it was removed, or that
 * could not be checked.
 * @throws after all of them where one could not be checked.
 */
async function* coveredOrKept(
  { database, github, serves }: Parameters<typeof repositoriesAffectedByPolicyPush>[0],
  installationId: number,
): AsyncGenerator<CoveredRepository> {
  const ids = new Set<number>()
  const failures: unknown[] = []
  try {
    for await (const covered of coveredRepositories(github, installationId, serves)) {
      ids.add(covered.repository.repositoryId)
      yield covered
    }
  } catch (error) {
    failures.push(error)
  }
  const kept = await keptPolicies(database, installationId, ['current', 'absent'])
  for (const { repositoryId, owner, repo } of kept)
    if (!ids.has(repositoryId) && serves(owner))
      yield { repository: { installationId, repositoryId, owner, repo }, numbers: [] }
  if (failures.length > 0) throw failures[0]
}
