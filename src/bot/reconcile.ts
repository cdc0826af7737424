import type { Logger } from 'pino'
import type { PullRef } from '../decision/snapshot.ts'
import { policyPath } from '../policy/policy-file.ts'
import type { GitHub } from '../services/github/client.ts'
import { type PolicyFile, readPolicyFile } from '../services/github/policy.ts'
import type { Database } from '../store/database.ts'
import { keptBlob } from '../store/policies.ts'
import { isAnyJudgedByAnother } from '../store/verdicts.ts'

type RepositoryRef = Omit<PullRef, 'number' | 'requestedBy'>

/** Every open pull request of a repository. */
export async function openPulls(github: GitHub, { owner, repo }: RepositoryRef): Promise<number[]> {
  const pulls = await github.paginate(github.rest.pulls.list, { owner, repo, state: 'open', per_page: 100 })
  return pulls.map(({ number }) => number)
}

/**
 * Asks for an evaluation of each open pull request of each repository that has a policy, whatever was delivered: order
 * is not kept and events are lost (`shared/rules/ingest.md`, "Webhooks"). Run at least hourly and on start. An installation
 * that cannot be read is named in the log and does not keep the others waiting.
 */
export async function reconcile(shell: {
  app: GitHub
  github: (installationId: number) => Promise<GitHub>
  enqueue: (pull: PullRef) => Promise<void>
  serves: (account: string) => boolean
  /** Told of each policy file that is read. */
  found?: (repository: RepositoryRef, file: PolicyFile) => Promise<void>
  log: Pick<Logger, 'warn'>
}): Promise<number> {
  let asked = 0
  const installations = await shell.app.paginate(shell.app.rest.apps.listInstallations, { per_page: 100 })
  for (const { id, suspended_at: suspended } of installations) {
    if (suspended) continue
    try {
      for (const pull of await pullsOf(await shell.github(id), id, shell)) {
        await shell.enqueue(pull)
        asked++
      }
    } catch (error) {
      shell.log.warn({ installation: id, problem: String(error) }, 'Reconciling an installation failed')
    }
  }
  return asked
}

async function pullsOf(
  github: GitHub,
  installationId: number,
  { serves, found }: Pick<Parameters<typeof reconcile>[0], 'serves' | 'found'>,
): Promise<PullRef[]> {
  const repositories = await github.paginate(github.rest.apps.listReposAccessibleToInstallation, {
    per_page: 100,
  })
  const pulls: PullRef[] = []
  for (const { id, name, owner, archived } of repositories) {
    const ref = { installationId, repositoryId: id, owner: owner.login, repo: name }
    if (archived || !serves(owner.login)) continue
    const file = await readPolicyFile(github, ref, policyPath)
    if (!file) continue
    await found?.(ref, file)
    for (const number of await openPulls(github, ref)) pulls.push({ ...ref, number })
  }
  return pulls
}

/**
 * After a push to a default branch: every open pull request that another policy judges now. None where the file is what
 * it was; all of the installation where it is the organisation's `.github` repository, whose policy others fall back to.
 */
export async function pullsUnderNewPolicy(
  shell: { database: Database; github: GitHub; serves: (account: string) => boolean },
  repository: RepositoryRef,
): Promise<PullRef[]> {
  const { database, github, serves } = shell
  const { owner, repo, installationId } = repository
  const file = await readPolicyFile(github, { owner, repo }, policyPath)
  // The merge that brought the new policy may have been looked at first, and the policy kept by that.
  const isKept = file?.blob === (await keptBlob(database, repository))
  const looked = { blob: file?.blob, ...(repo === '.github' ? { own: policyPath } : {}) }
  if (isKept && !(await isAnyJudgedByAnother(database, repository, looked))) return []
  if (repo === '.github') return pullsOf(github, installationId, { serves })
  return (await openPulls(github, repository)).map((number) => ({ ...repository, number }))
}
