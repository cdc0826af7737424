import type { Deployment } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** The deployments of a commit to an environment with what became of them, newest first; `until`: by that time. */
export async function deploymentsOf(
  github: GitHub,
  repository: RepositoryName,
  environment: string,
  sha: string,
  until?: Date,
): Promise<Deployment[]> {
  const read = await readDeployments(github, repository, { environment, sha }, until)
  return read.map(({ newsAt: _at, mark: _mark, ...deployment }) => deployment)
}

/**
 * A deployment with the time of its newest status, and a text that changes with each status. That it is `inactive` is left out:
 * GitHub says so of the one before, perhaps a moment later.
 */
export type FollowedDeployment = Deployment & { newsAt: string; mark: string }

/** The newest deployments to an environment, of whatever commit, newest first. */
export function newestDeployments(
  github: GitHub,
  repository: RepositoryName,
  environment: string,
): Promise<FollowedDeployment[]> {
  return readDeployments(github, repository, { environment })
}

async function readDeployments(
  github: GitHub,
  repository: RepositoryName,
  wanted: { environment: string; sha?: string },
  until?: Date,
): Promise<FollowedDeployment[]> {
  const name = nameOf(repository)
  const { data } = await github.rest.repos.listDeployments({ ...name, ...wanted, per_page: 10 })
  const isByThen = ({ created_at: at }: { created_at: string }) => !until || Date.parse(at) <= until.getTime()
  const read = data
    .filter(isByThen)
    .map(async ({ id, sha, created_at: createdAt }): Promise<FollowedDeployment> => {
      const listed = await github.rest.repos.listDeploymentStatuses({
        ...name,
        deployment_id: id,
        per_page: 30,
      })
      // Newest first, as GitHub gives them.
      const statuses = listed.data.filter(isByThen)
      const success = statuses.find(({ state }) => state === 'success')
      const news = statuses.find(({ state }) => state !== 'inactive')
      return {
        id,
        sha,
        createdAt,
        state: statuses[0]?.state ?? 'none',
        succeededBy: success?.creator?.login ?? null,
        ...(success && { succeededAt: success.created_at }),
        newsAt: statuses[0]?.created_at ?? createdAt,
        mark: `${id} ${news ? `${news.id} ${news.state}` : 'none'}`,
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
