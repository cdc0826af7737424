import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { baseRole, legacyPermission } from './access.ts'
import { emit } from './events.ts'
import { openGit } from './git.ts'
import { runGit } from './git-process.ts'
import { noCommit, shaOf } from './git-reading.ts'
import { initBare, type NewBranch, writeBranches } from './git-writing.ts'
import { accountById, type Hub, repositoryByName, requireAccount } from './hub.ts'
import { personSignature } from './merging.ts'
import { byOwner } from './organizations.ts'
import { branchMoved } from './pushes.ts'
import type { Repository, RoleName } from './repository-state.ts'
import { simpleUser } from './shapes/account.ts'
import type { Account } from './world.ts'

export type NewRepository = {
  owner: string
  name: string
  private?: boolean
  files?: Record<string, string>
  collaborators?: Record<string, RoleName>
  defaultBranch?: string
}

/** A repository with one commit that holds the files, or empty without any. */
export async function addRepository(hub: Hub, params: NewRepository): Promise<Repository> {
  const owner = requireAccount(hub, params.owner)
  const branch = params.defaultBranch ?? 'main'
  const repository = await newRepository(hub, owner, params.name, params.private ?? false, branch)
  if (Object.keys(params.files ?? {}).length > 0) {
    await writeBranches(
      repository.git,
      [{ branch, files: params.files ?? {} }],
      personSignature(hub, owner.id),
    )
  }
  for (const [login, role] of Object.entries(params.collaborators ?? {})) {
    repository.collaborators.set(requireAccount(hub, login).id, role)
  }
  emit(hub, repository, 'repository', byOwner(owner), { action: 'created' })
  return repository
}

async function newRepository(
  hub: Hub,
  owner: Account,
  name: string,
  secret: boolean,
  branch: string,
  parent?: Repository,
) {
  if (repositoryByName(hub, owner.login, name)) throw new Error(`${owner.login}/${name} is there already`)
  const id = hub.world.nextId('repository')
  const folder = join(hub.folder, `${id}.git`)
  if (parent) await runGit(hub.folder, ['clone', '--quiet', '--bare', parent.git.folder, folder])
  else await initBare(folder, branch)
  await appendFile(join(folder, 'config'), '[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n')
  const repository: Repository = {
    id,
    ownerId: owner.id,
    name,
    private: secret,
    defaultBranch: branch,
    parentId: parent?.id ?? null,
    archived: false,
    hasIssues: true,
    createdAt: hub.clock(),
    pushedAt: hub.clock(),
    git: openGit(folder),
    collaborators: new Map(),
    mergeMethods: new Set(['merge', 'squash', 'rebase']),
    allowAutoMerge: true,
    deleteBranchOnMerge: false,
    labels: [],
    issues: new Map(),
    activity: [],
    checkRuns: new Map(),
    checkSuites: [],
    statuses: new Map(),
    protections: new Map(),
    rulesets: [],
    deployments: [],
    environments: [],
    queues: new Map(),
    signed: new Set(parent?.signed),
  }
  hub.world.repositories.set(id, repository)
  return repository
}

/** Pushes many new branches of one commit each, as one person: quick ground for stories with hundreds of pull requests. */
export async function seedBranches(
  hub: Hub,
  repository: Repository,
  login: string,
  branches: NewBranch[],
  base = repository.defaultBranch,
): Promise<void> {
  const { id } = requireAccount(hub, login)
  await hub.exclusive(repository, async () => {
    const tip = await shaOf(repository.git, base)
    await writeBranches(repository.git, branches, personSignature(hub, id), tip)
    for (const { branch } of branches) {
      const ref = `refs/heads/${branch}`
      const after = (await shaOf(repository.git, ref)) ?? noCommit
      await branchMoved(hub, repository, { ref, before: noCommit, after, by: { userId: id, appId: null } })
    }
  })
}

/** A person's own copy, from which they may open pull requests. */
export function forkRepository(hub: Hub, repository: Repository, login: string): Promise<Repository> {
  const owner = requireAccount(hub, login)
  return newRepository(hub, owner, repository.name, repository.private, repository.defaultBranch, repository)
}

/** Gives, changes or (null) takes away a person's role, with the `member` webhook. */
export function setCollaborator(
  hub: Hub,
  repository: Repository,
  login: string,
  role: RoleName | null,
): void {
  const account = requireAccount(hub, login)
  const old = repository.collaborators.get(account.id)
  if (role === null) repository.collaborators.delete(account.id)
  else repository.collaborators.set(account.id, role)
  const action = role === null ? 'removed' : old === undefined ? 'added' : 'edited'
  const by = byOwner(accountById(hub, repository.ownerId))
  const changes = memberChanges(hub, repository, old, role)
  emit(hub, repository, 'member', by, { action, member: simpleUser(hub, account), ...changes })
}

/** `permission` has the old four values; who joins has their role by name too. */
function memberChanges(hub: Hub, repository: Repository, old: RoleName | undefined, role: RoleName | null) {
  if (role === null) return {}
  const to = legacyPermission(baseRole(hub, repository, role))
  if (old === undefined) return { changes: { permission: { to }, role_name: { to: role } } }
  return { changes: { permission: { from: old, to: role } } }
}

/** Throws away what no ref reaches anymore; reviews of such commits lose their `commit_id`, as on GitHub. */
export async function collectGarbage(repository: Repository): Promise<void> {
  const { git } = repository
  await git.run(['reflog', 'expire', '--expire=now', '--all'])
  await git.run(['gc', '--quiet', '--prune=now'])
  git.close()
  const reviews = [...repository.issues.values()].flatMap(({ pull }) => pull?.reviews ?? [])
  for (const review of reviews) {
    if (review.commitId && !(await git.read(review.commitId))) review.commitId = null
  }
}

/**
 * As many repositories with the same commits, issues and pull requests, for a company's worth of them at no cost. They share the
 * git repository and everything that happened in it, so they are for reading only.
 */
export function copyRepository(hub: Hub, repository: Repository, names: string[]): Repository[] {
  return names.map((name) => {
    const copy = { ...repository, id: hub.world.nextId('repository'), name }
    hub.world.repositories.set(copy.id, copy)
    return copy
  })
}
