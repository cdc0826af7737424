import type { Deployment } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** The deployments of a commit to an environment with what became of them, newest first; `until`: by that time. */
export function deploymentsOf(
  github: GitHub,
  repository: RepositoryName,
  environment: string,
  sha: string,
  until?: Date,
): Promise<Deployment[]> {
  return read(github, repository, { environment, sha }, until)
}

/** The newest deployments to an environment, of whatever commit, newest first. */
export function newestDeployments(
  github: GitHub,
  repository: RepositoryName,
  environment: string,
): Promise<Deployment[]> {
  return read(github, repository, { environment })
}

async function read(
  github: GitHub,
  repository: RepositoryName,
  wanted: { environment: string; sha?: string },
  until?: Date,
): Promise<Deployment[]> {
  const name = nameOf(repository)
  const { data } = await github.rest.repos.listDeployments({ ...name, ...wanted, per_page: 10 })
  const isByThen = ({ created_at: at }: { created_at: string }) => !until || Date.parse(at) <= until.getTime()
  const read = data.filter(isByThen).map(async ({ id, sha, created_at: createdAt }): Promise<Deployment> => {
    const listed = await github.rest.repos.listDeploymentStatuses({
      ...name,
      deployment_id: id,
      per_page: 30,
    })
    // Newest first, as GitHub gives them.
    const statuses = listed.data.filter(isByThen)
    const success = statuses.find(({ state }) => state === 'success')
    return {
      id,
      sha,
      createdAt,
      state: statuses[0]?.state ?? 'none',
      succeededBy: success?.creator?.login ?? null,
    }
  })
  return (await Promise.all(read)).sort((a, b) => b.id - a.id)
}

/**
 * Asks for a deployment, which the repository's own workflow carries out. The base is not merged in and no checks are
 * asked for: what is deployed is the head itself, and the gate's own check would never be green by then.
 */
export async function requestDeployment(
  github: GitHub,
  repository: RepositoryName,
  { sha, environment, number }: { sha: string; environment: string; number: number },
): Promise<void> {
  await github.rest.repos.createDeployment({
    ...nameOf(repository),
    ref: sha,
    environment,
    auto_merge: false,
    required_contexts: [],
    description: `Candidate of #${number}`,
  })
}

/** The git tree of a commit: two commits with the same one hold the same files. */
export async function treeOf(github: GitHub, repository: RepositoryName, sha: string): Promise<string> {
  const { data } = await github.rest.git.getCommit({ ...nameOf(repository), commit_sha: sha })
  return data.tree.sha
}
