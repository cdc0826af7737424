import type { Logger } from 'pino'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { policyPath } from '../policy/policy-file.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PolicyFile, readPolicyFile } from '../services/github/policy.ts'
import type { Database } from '../store/database.ts'
import { keptBlob } from '../store/policies.ts'
import { isAnyUnderAnotherPolicy } from '../store/verdicts.ts'

/** A repository that a policy covers, with its open pull requests. */
export type CoveredRepository = { repository: RepositoryRef; file: PolicyFile; numbers: number[] }

/** Every open pull request of a repository. */
export async function openPulls(github: GitHub, { owner, repo }: RepositoryRef): Promise<number[]> {
  const pulls = await github.paginate(github.rest.pulls.list, { owner, repo, state: 'open', per_page: 100 })
  return pulls.map(({ number }) => number)
}

/** Every repository of an installation that has a policy of its own or of its organization; archived ones have no changes. */
export async function* coveredRepositories(
  github: GitHub,
  installationId: number,
  serves: (account: string) => boolean,
): AsyncGenerator<CoveredRepository> {
  const repositories = await github.paginate(github.rest.apps.listReposAccessibleToInstallation, {
    per_page: 100,
  })
  for (const { id, name, owner, archived } of repositories) {
    const repository = { installationId, repositoryId: id, owner: owner.login, repo: name }
    if (archived || !serves(owner.login)) continue
    const file = await readPolicyFile(github, { owner: owner.login, repo: name }, policyPath)
    if (file) yield { repository, file, numbers: await openPulls(github, repository) }
  }
}

/**
 * Visits each repository that a policy covers, since events can be lost or arrive out of order. Run at least hourly and at
 * startup. An installation that cannot be read is named in the log and does not keep the others waiting.
 * @returns how many open pull requests were found, and whether every installation could be read.
 */
export async function reconcile(shell: {
  app: GitHub
  github: (installationId: number) => Promise<GitHub>
  serves: (account: string) => boolean
  visit: (covered: CoveredRepository) => Promise<void>
  log: Pick<Logger, 'warn'>
}): Promise<{ pulls: number; complete: boolean }> {
  let pulls = 0
  let complete = true
  const installations = await shell.app.paginate(shell.app.rest.apps.listInstallations, { per_page: 100 })
  for (const { id, suspended_at: suspended } of installations) {
    if (suspended) continue
    try {
      for await (const covered of coveredRepositories(await shell.github(id), id, shell.serves)) {
        await shell.visit(covered)
        pulls += covered.numbers.length
      }
    } catch (error) {
      complete = false
      shell.log.warn({ installation: id, problem: String(error) }, 'Reconciling an installation failed')
    }
  }
  return { pulls, complete }
}

/**
 * After a push to a default branch: the repositories whose pull requests another policy covers now. None if the file is
 * unchanged; all of the installation if it is the organization's `.github` repository, whose policy others fall back to.
 */
export async function underNewPolicy(
  shell: { database: Database; github: GitHub; serves: (account: string) => boolean },
  repository: RepositoryRef,
): Promise<Pick<CoveredRepository, 'repository' | 'numbers'>[]> {
  const { database, github, serves } = shell
  const { owner, repo, installationId } = repository
  const file = await readPolicyFile(github, { owner, repo }, policyPath)
  // The merge that brought the new policy may have been recorded first, which has stored the policy.
  const isKept = file?.blob === (await keptBlob(database, repository))
  const read = { blob: file?.blob, ...(repo === '.github' ? { own: policyPath } : {}) }
  if (isKept && !(await isAnyUnderAnotherPolicy(database, repository, read))) return []
  if (repo === '.github') return Array.fromAsync(coveredRepositories(github, installationId, serves))
  return [{ repository, numbers: await openPulls(github, repository) }]
}
