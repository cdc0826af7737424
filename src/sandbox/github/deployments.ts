import type { By } from './context.ts'
import { emit } from './events.ts'
import { isAncestor } from './git-history.ts'
import { mergeTrees } from './git-merging.ts'
import { shaOf } from './git-reading.ts'
import { writeCommit } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { personSignature, webFlowSignature } from './merging.ts'
import { problem, unprocessable } from './problems.ts'
import { branchOf } from './push-event.ts'
import { moveBranch } from './pushes.ts'
import type { Deployment, Repository } from './repository-state.ts'
import { newestRuns } from './shapes/check.ts'
import { deploymentShape } from './shapes/deployment.ts'

export type DeploymentInput = {
  ref: string
  task: string
  auto_merge: boolean
  required_contexts: string[] | null
  payload: unknown
  environment: string
  description: string | null
  transient_environment: boolean
  production_environment: boolean
}

/**
 * GitHub's defaults: it first merges the default branch into the ref (202 and no deployment), and asks for every check
 * of the commit to be a success (409). Callers who want neither say `auto_merge: false, required_contexts: []`.
 */
export async function createDeployment(
  hub: Hub,
  repository: Repository,
  input: Partial<DeploymentInput>,
  by: By,
): Promise<Deployment | { message: string }> {
  const ref = input.ref ?? ''
  const sha = await shaOf(repository.git, ref)
  if (!ref || !sha) throw unprocessable(`No ref found for: ${ref}`)
  if (input.auto_merge ?? true) {
    const merged = await autoMerge(hub, repository, ref, sha, by)
    if (merged) return merged
  }
  requireContexts(repository, ref, sha, input.required_contexts ?? null)
  const deployment = newDeployment(hub, input, ref, sha, by)
  repository.deployments.push(deployment)
  rememberEnvironment(hub, repository, deployment.environment)
  emit(hub, repository, 'deployment', by, {
    action: 'created',
    deployment: deploymentShape(hub, repository, deployment),
    workflow: null,
    workflow_run: null,
  })
  return deployment
}

async function autoMerge(hub: Hub, repository: Repository, ref: string, sha: string, by: By) {
  const full = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
  const branch = await shaOf(repository.git, full)
  const tip = await shaOf(repository.git, repository.defaultBranch)
  if (!branch || !tip || (await isAncestor(repository.git, tip, sha))) return undefined
  const { tree } = await mergeTrees(repository.git, sha, tip)
  const names = `${repository.defaultBranch} into ${branchOf(full)}`
  if (!tree) throw problem(409, `Conflict merging ${names}`)
  const author = personSignature(hub, by.userId)
  const commit = {
    tree,
    parents: [sha, tip],
    message: `Merge ${names}`,
    author,
    committer: webFlowSignature(hub),
  }
  const after = await writeCommit(repository.git, commit)
  repository.signed.add(after)
  await moveBranch(hub, repository, { ref: full, before: sha, after, by })
  return { message: `Auto-merged ${names} on deployment.` }
}

function requireContexts(repository: Repository, ref: string, sha: string, wanted: string[] | null): void {
  const runs = newestRuns(repository.checkRuns.get(sha) ?? []).map((run) => ({
    context: run.name,
    state: run.conclusion ?? 'pending',
  }))
  const statuses = new Map(
    (repository.statuses.get(sha) ?? []).map(({ context, state }) => [context, { context, state }]),
  )
  const contexts = [...runs, ...statuses.values()]
  const good = (state: string | undefined) => ['success', 'neutral', 'skipped'].includes(state ?? '')
  const bad = wanted
    ? wanted.filter((name) => !good(contexts.find(({ context }) => context === name)?.state))
    : contexts.filter(({ state }) => !good(state)).map(({ context }) => context)
  if (bad.length === 0) return
  const errors = [{ contexts, resource: 'Deployment', field: 'required_contexts', code: 'invalid' }]
  throw problem(409, `Conflict: Commit status checks failed for ${ref}.`, { errors })
}

function newDeployment(
  hub: Hub,
  input: Partial<DeploymentInput>,
  ref: string,
  sha: string,
  by: By,
): Deployment {
  const environment = input.environment ?? 'production'
  return {
    id: hub.world.nextId('deployment'),
    sha,
    ref,
    task: input.task ?? 'deploy',
    payload: input.payload ?? {},
    originalEnvironment: environment,
    environment,
    description: input.description ?? null,
    creatorId: by.userId,
    appId: by.appId,
    transient: input.transient_environment ?? false,
    production: input.production_environment ?? environment === 'production',
    createdAt: hub.clock(),
    updatedAt: hub.clock(),
    statuses: [],
  }
}

function rememberEnvironment(hub: Hub, repository: Repository, name: string): void {
  if (repository.environments.some((one) => one.name === name)) return
  repository.environments.push({ id: hub.world.nextId('environment'), name, createdAt: hub.clock() })
}
