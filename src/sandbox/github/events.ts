import type { By } from './context.ts'
import { accountById, appById, type Hub, installationFor } from './hub.ts'
import type { Issue, IssueEvent, Label, Repository } from './repository-state.ts'
import { simpleOrganization, userById } from './shapes/account.ts'
import { labelShape } from './shapes/issue.ts'
import { nodeId } from './shapes/links.ts'
import { repositoryShape } from './shapes/repository.ts'
import type { Account, Installation } from './world.ts'

/** Sent to every App, whatever it subscribed to. */
const always = new Set([
  'installation',
  'installation_repositories',
  'installation_target',
  'github_app_authorization',
])

/**
 * Sends a webhook about a repository, when the App is installed there and asked for this event.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */
export function emit(
  hub: Hub,
  repository: Repository,
  event: string,
  by: By,
  payload: Record<string, unknown>,
): void {
  const installation = installationFor(hub, hub.appId, repository)
  if (!installation || !subscribes(hub, event)) return
  const owner = accountById(hub, repository.ownerId)
  hub.deliver(event, {
    ...payload,
    repository: repositoryShape(hub, repository),
    ...(owner.type === 'Organization' ? { organization: simpleOrganization(hub, owner) } : {}),
    sender: userById(hub, by.userId),
    installation: liteInstallation(installation),
  })
}

/** Sends a webhook about an organization and no repository, where the App is installed on it. */
export function emitForOrganization(
  hub: Hub,
  organization: Account,
  event: string,
  by: By,
  payload: Record<string, unknown>,
): void {
  const installation = hub.world.installations.find(
    ({ appId, accountId, suspendedAt }) =>
      appId === hub.appId && accountId === organization.id && suspendedAt === null,
  )
  if (!installation || !subscribes(hub, event)) return
  hub.deliver(event, {
    ...payload,
    organization: simpleOrganization(hub, organization),
    sender: userById(hub, by.userId),
    installation: liteInstallation(installation),
  })
}

export function subscribes(hub: Hub, event: string): boolean {
  return always.has(event) || appById(hub, hub.appId).events.includes(event)
}

export function liteInstallation({ id }: Installation) {
  return { id, node_id: nodeId('I', id) }
}

/** Writes down what happened to an issue or pull request, as `GET …/issues/{n}/events` tells it. */
export function record(
  hub: Hub,
  issue: Issue,
  event: string,
  by: By,
  more: { commitId?: string | null; detail?: Record<string, unknown> } = {},
): IssueEvent {
  const row: IssueEvent = {
    id: hub.world.nextId('event'),
    event,
    actorId: by.userId,
    createdAt: hub.clock(),
    commitId: more.commitId ?? null,
    appId: by.appId,
    detail: more.detail ?? {},
  }
  issue.events.push(row)
  issue.updatedAt = hub.clock()
  return row
}

/** `issues` for issues; those of pull requests go through `emitPull`. */
export function emitIssue(
  hub: Hub,
  repository: Repository,
  issue: Record<string, unknown>,
  action: string,
  by: By,
  extra: Record<string, unknown> = {},
): void {
  emit(hub, repository, 'issues', by, { action, issue, ...extra })
}

export function labelPayload(hub: Hub, repository: Repository, label: Label) {
  return { label: labelShape(hub, repository, label) }
}
