import { appById, type Hub, isoTime } from '../hub.ts'
import type { Deployment, DeploymentStatus, Repository } from '../repository-state.ts'
import { appShape, userById } from './account.ts'
import { nodeId, repositoryUrl } from './links.ts'

export function deploymentShape(hub: Hub, repository: Repository, deployment: Deployment) {
  const root = repositoryUrl(hub, repository)
  const url = `${root}/deployments/${deployment.id}`
  return {
    url,
    id: deployment.id,
    node_id: nodeId('DE', deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.originalEnvironment,
    environment: deployment.environment,
    description: deployment.description,
    creator: userById(hub, deployment.creatorId),
    created_at: isoTime(deployment.createdAt),
    updated_at: isoTime(deployment.updatedAt),
    statuses_url: `${url}/statuses`,
    repository_url: root,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app:
      deployment.appId === null ? null : appShape(hub, appById(hub, deployment.appId)),
  }
}

export function deploymentStatusShape(
  hub: Hub,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
) {
  const root = repositoryUrl(hub, repository)
  const url = `${root}/deployments/${deployment.id}`
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('DES', status.id),
    state: status.state,
    creator: userById(hub, status.creatorId),
    description: status.description,
    environment: status.environment,
    target_url: status.targetUrl,
    log_url: status.logUrl,
    environment_url: status.environmentUrl,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
    deployment_url: url,
    repository_url: root,
    performed_via_github_app: status.appId === null ? null : appShape(hub, appById(hub, status.appId)),
  }
}
