import { accountById, appById, fullName, type Hub, repositoryByName, requireAccount } from './hub.ts'
import { byOwner } from './organizations.ts'
import type { Repository } from './repository-state.ts'
import { installationShape } from './routes/apps.ts'
import { userById } from './shapes/account.ts'
import { nodeId } from './shapes/links.ts'
import type { AppRecord, Installation } from './world.ts'

/** What release-gate asks for; `app.yml` gives the reason of each. */
export const appPermissions: AppRecord['permissions'] = {
  metadata: 'read',
  contents: 'read',
  checks: 'write',
  pull_requests: 'write',
  issues: 'write',
  deployments: 'write',
  members: 'read',
  administration: 'read',
  merge_queues: 'read',
}

export const appEvents = [
  'check_run',
  'check_suite',
  'deployment',
  'deployment_status',
  'issue_comment',
  'issues',
  'label',
  'member',
  'membership',
  'merge_group',
  'organization',
  'pull_request',
  'pull_request_review',
  'push',
  'repository',
  'team',
]

/** An App of this name, with its bot account. */
export function registerApp(hub: Hub, slug: string, ownerId: number): AppRecord {
  const id = hub.world.nextId('app')
  const botId = hub.world.nextId('account')
  const app: AppRecord = {
    id,
    slug,
    name: slug,
    ownerId,
    botId,
    permissions: { ...appPermissions },
    events: [...appEvents],
    createdAt: hub.clock(),
  }
  hub.world.apps.push(app)
  hub.world.accounts.set(botId, {
    id: botId,
    login: `${slug}[bot]`,
    type: 'Bot',
    name: `${slug}[bot]`,
    email: `${botId}+${slug}[bot]@users.noreply.github.com`,
    createdAt: hub.clock(),
    deleted: false,
    members: new Set(),
    owners: new Set(),
  })
  return app
}

/** Installs an App on an account, for all of its repositories or for those named (`name` or `owner/name`). */
export function install(hub: Hub, appId: number, login: string, names?: string[]): Installation {
  const account = requireAccount(hub, login)
  const chosen = names?.map((name) => chosenRepository(hub, login, name).id)
  const installation: Installation = {
    id: hub.world.nextId('installation'),
    appId,
    accountId: account.id,
    repositories: chosen ? new Set(chosen) : 'all',
    suspendedAt: null,
    createdAt: hub.clock(),
  }
  hub.world.installations.push(installation)
  tell(hub, installation, 'created')
  return installation
}

function chosenRepository(hub: Hub, login: string, name: string): Repository {
  const found = repositoryByName(hub, login, name.split('/').at(-1) ?? name)
  if (!found) throw new Error(`No repository ${login}/${name}`)
  return found
}

export function suspend(hub: Hub, installation: Installation, suspended: boolean): void {
  installation.suspendedAt = suspended ? hub.clock() : null
  tell(hub, installation, suspended ? 'suspend' : 'unsuspend')
}

export function uninstall(hub: Hub, installation: Installation): void {
  hub.world.installations = hub.world.installations.filter((one) => one !== installation)
  hub.revokeInstallation(installation.id)
  tell(hub, installation, 'deleted')
}

/** Adds repositories to an installation or takes them out, with the `installation_repositories` webhook. */
export function changeRepositories(
  hub: Hub,
  installation: Installation,
  action: 'added' | 'removed',
  names: string[],
) {
  const { login } = accountById(hub, installation.accountId)
  const chosen = names.map((name) => chosenRepository(hub, login, name))
  const set = installation.repositories === 'all' ? new Set<number>() : installation.repositories
  for (const { id } of chosen) {
    if (action === 'added') set.add(id)
    else set.delete(id)
  }
  installation.repositories = set
  if (installation.appId !== hub.appId) return
  const rows = chosen.map((repository) => row(hub, repository))
  hub.deliver('installation_repositories', {
    action,
    installation: installationShape(hub, installation),
    repository_selection: 'selected',
    repositories_added: action === 'added' ? rows : [],
    repositories_removed: action === 'removed' ? rows : [],
    requester: null,
    sender: ownerOf(hub, installation),
  })
}

/** An owner accepts what the App asks for since it was changed. */
export function acceptPermissions(
  hub: Hub,
  installation: Installation,
  asked: { permissions?: AppRecord['permissions']; events?: string[] },
): void {
  const app = appById(hub, installation.appId)
  Object.assign(app.permissions, asked.permissions)
  app.events.push(...(asked.events ?? []).filter((event) => !app.events.includes(event)))
  tell(hub, installation, 'new_permissions_accepted')
}

function ownerOf(hub: Hub, { accountId }: Installation) {
  return userById(hub, byOwner(accountById(hub, accountId)).userId)
}

function tell(hub: Hub, installation: Installation, action: string): void {
  if (installation.appId !== hub.appId) return
  const { repositories, accountId } = installation
  const covered = [...hub.world.repositories.values()].filter(
    ({ id, ownerId }) => ownerId === accountId && (repositories === 'all' || repositories.has(id)),
  )
  hub.deliver('installation', {
    action,
    installation: installationShape(hub, installation),
    repositories: covered.map((repository) => row(hub, repository)),
    requester: null,
    sender: ownerOf(hub, installation),
  })
}

function row(hub: Hub, repository: Repository) {
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: fullName(hub, repository),
    private: repository.private,
  }
}
