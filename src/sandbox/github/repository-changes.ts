import type { By } from './context.ts'
import { emit } from './events.ts'
import { accountById, type Hub, repositoryByName } from './hub.ts'
import { invalid } from './problems.ts'
import type { Repository } from './repository-state.ts'
import { simpleOrganization, simpleUser } from './shapes/account.ts'
import type { Account } from './world.ts'

export type RepositorySettings = {
  name: string
  allow_merge_commit: boolean
  allow_squash_merge: boolean
  allow_rebase_merge: boolean
  allow_auto_merge: boolean
  delete_branch_on_merge: boolean
  default_branch: string
  archived: boolean
  has_issues: boolean
  private: boolean
}

/** What `PATCH …/repos/{owner}/{repo}` changes, each with its webhook where GitHub sends one. */
export function changeRepository(
  hub: Hub,
  repository: Repository,
  settings: Partial<RepositorySettings>,
  by: By,
): void {
  changeMergeMethods(repository, settings)
  repository.allowAutoMerge = settings.allow_auto_merge ?? repository.allowAutoMerge
  repository.hasIssues = settings.has_issues ?? repository.hasIssues
  repository.deleteBranchOnMerge = settings.delete_branch_on_merge ?? repository.deleteBranchOnMerge
  if (settings.name !== undefined) renameRepository(hub, repository, settings.name, by)
  if (settings.default_branch !== undefined) changeDefaultBranch(hub, repository, settings.default_branch, by)
  if (settings.private !== undefined && settings.private !== repository.private) {
    repository.private = settings.private
    emit(hub, repository, 'repository', by, { action: settings.private ? 'privatized' : 'publicized' })
  }
  if (settings.archived !== undefined && settings.archived !== repository.archived) {
    repository.archived = settings.archived
    emit(hub, repository, 'repository', by, { action: settings.archived ? 'archived' : 'unarchived' })
  }
}

function changeMergeMethods(repository: Repository, settings: Partial<RepositorySettings>): void {
  const methods = {
    allow_merge_commit: 'merge',
    allow_squash_merge: 'squash',
    allow_rebase_merge: 'rebase',
  } as const
  for (const [name, method] of Object.entries(methods)) {
    const allowed = settings[name as keyof typeof methods]
    if (allowed === true) repository.mergeMethods.add(method)
    if (allowed === false) repository.mergeMethods.delete(method)
  }
  if (repository.mergeMethods.size === 0) {
    throw invalid([{ resource: 'Repository', field: 'merge_commit_allowed', code: 'invalid' }])
  }
}

export function renameRepository(hub: Hub, repository: Repository, name: string, by: By): void {
  const from = repository.name
  if (from === name) return
  const owner = accountById(hub, repository.ownerId)
  if (repositoryByName(hub, owner.login, name))
    throw invalid([{ resource: 'Repository', field: 'name', code: 'custom', message: 'name already exists' }])
  repository.name = name
  const changes = { repository: { name: { from } } }
  emit(hub, repository, 'repository', by, { action: 'renamed', changes })
}

function changeDefaultBranch(hub: Hub, repository: Repository, branch: string, by: By): void {
  const from = repository.defaultBranch
  if (from === branch) return
  repository.defaultBranch = branch
  emit(hub, repository, 'repository', by, {
    action: 'edited',
    changes: { default_branch: { from } },
  })
}

/** Tells the installation that could see it, while it still can. */
export function deleteRepository(hub: Hub, repository: Repository, by: By): void {
  emit(hub, repository, 'repository', by, { action: 'deleted' })
  hub.world.repositories.delete(repository.id)
  for (const { repositories } of hub.world.installations) {
    if (repositories !== 'all') repositories.delete(repository.id)
  }
  for (const team of hub.world.teams) team.repositories.delete(repository.id)
  repository.git.close()
}

/**
 * A transfer: the id stays, teams of the old owner lose it, and an installation that had chosen it has it no longer. GitHub
 * sends the event to the new owner's installation alone; the old one gets no event.
 */
export function transferRepository(hub: Hub, repository: Repository, owner: Account, by: By): void {
  const former = accountById(hub, repository.ownerId)
  for (const { repositories } of hub.world.installations) {
    if (repositories !== 'all') repositories.delete(repository.id)
  }
  for (const team of hub.world.teams) team.repositories.delete(repository.id)
  repository.ownerId = owner.id
  const from =
    former.type === 'Organization'
      ? { organization: simpleOrganization(hub, former) }
      : { user: simpleUser(hub, former) }
  emit(hub, repository, 'repository', by, { action: 'transferred', changes: { owner: { from } } })
}
