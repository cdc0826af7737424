import type { By } from './context.ts'
import { emit } from './events.ts'
import type { Hub } from './hub.ts'
import { unprocessable } from './problems.ts'
import type { Deployment, DeploymentStatus, Repository } from './repository-state.ts'
import { deploymentShape, deploymentStatusShape } from './shapes/deployment.ts'

export type StatusInput = {
  state: string
  description: string
  environment: string
  target_url: string
  log_url: string
  environment_url: string
  auto_inactive: boolean
}
const states = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']

/** A success makes older deployments to the same environment inactive, unless `auto_inactive` is false. */
export function createDeploymentStatus(
  hub: Hub,
  repository: Repository,
  deployment: Deployment,
  input: Partial<StatusInput>,
  by: By,
): DeploymentStatus {
  const { state = '' } = input
  if (!states.includes(state))
    throw unprocessable('Validation Failed', [
      { resource: 'DeploymentStatus', field: 'state', code: 'invalid' },
    ])
  const status = addStatus(hub, repository, deployment, input, state, by)
  if (state === 'success' && input.auto_inactive !== false && !deployment.transient) {
    for (const older of repository.deployments) {
      const active = older.statuses.at(-1)?.state === 'success'
      if (
        older !== deployment &&
        active &&
        older.environment === deployment.environment &&
        !older.transient
      ) {
        addStatus(hub, repository, older, {}, 'inactive', by)
      }
    }
  }
  return status
}

function addStatus(
  hub: Hub,
  repository: Repository,
  deployment: Deployment,
  input: Partial<StatusInput>,
  state: string,
  by: By,
): DeploymentStatus {
  const status: DeploymentStatus = {
    id: hub.world.nextId('deploymentStatus'),
    state,
    creatorId: by.userId,
    appId: by.appId,
    description: input.description ?? '',
    environment: input.environment ?? deployment.environment,
    targetUrl: input.target_url ?? input.log_url ?? '',
    logUrl: input.log_url ?? '',
    environmentUrl: input.environment_url ?? '',
    createdAt: hub.clock(),
  }
  deployment.statuses.push(status)
  deployment.environment = status.environment
  deployment.updatedAt = hub.clock()
  emit(hub, repository, 'deployment_status', by, {
    action: 'created',
    deployment_status: deploymentStatusShape(hub, repository, deployment, status),
    deployment: deploymentShape(hub, repository, deployment),
  })
  return status
}
