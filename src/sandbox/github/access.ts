import type { Context } from 'hono'
import type { Actor, GitHubContext } from './context.ts'
import { accountById, appById, covers, type Hub, installationFor, repositoryByName } from './hub.ts'
import { notFound, problem } from './problems.ts'
import type { Repository, RoleName } from './repository-state.ts'
import type { Account, BaseRole, Installation, Team } from './world.ts'

const ranks: Record<string, number> = { none: 0, read: 1, triage: 2, write: 3, maintain: 4, admin: 5 }
export type Level = BaseRole | 'none'
export type RequestContext = Context<GitHubContext>

/** What a role may do; a custom role counts as the one that it is built on. */
export function baseRole(hub: Hub, repository: Repository, role: RoleName): Level {
  if (role in ranks) return role as Level
  return hub.world.customRoles.get(repository.ownerId)?.get(role) ?? 'none'
}

/** The old four-valued permission: maintain reads as write, triage as read. `role_name` is exact. */
export function legacyPermission(level: Level): string {
  return { maintain: 'write', triage: 'read' }[level as string] ?? level
}

/** The strongest role that a person has now, by name: owner, organization owner, collaborator or team. */
export function roleOf(hub: Hub, repository: Repository, userId: number): RoleName | 'none' {
  const account = hub.world.accounts.get(userId)
  if (!account || account.deleted) return 'none'
  const owner = accountById(hub, repository.ownerId)
  if (owner.id === userId || owner.owners.has(userId)) return 'admin'
  const roles = [repository.collaborators.get(userId), ...teamRoles(hub, repository, userId)]
  const strength = (role: RoleName) => ranks[baseRole(hub, repository, role)] ?? 0
  const given = roles.filter((role) => role !== undefined).sort((a, b) => strength(b) - strength(a))
  return given[0] ?? (repository.private ? 'none' : 'read')
}

function teamRoles(hub: Hub, repository: Repository, userId: number): RoleName[] {
  const own = hub.world.teams.filter(
    (team) => team.organizationId === repository.ownerId && inTeam(hub, team, userId),
  )
  return own.map((team) => team.repositories.get(repository.id)).filter((role) => role !== undefined)
}

/** Members of a team are its own and those of all teams below it. */
export function inTeam(hub: Hub, team: Team, userId: number): boolean {
  return team.members.has(userId) || childTeams(hub, team).some((child) => inTeam(hub, child, userId))
}
export function childTeams(hub: Hub, team: Team): Team[] {
  return hub.world.teams.filter(({ parentId }) => parentId === team.id)
}

export function hasRole(hub: Hub, repository: Repository, userId: number, least: BaseRole): boolean {
  const level = baseRole(hub, repository, roleOf(hub, repository, userId))
  return (ranks[level] ?? 0) >= (ranks[least] ?? 9)
}

/** GitHub's five flags of what a person may do. */
export function permissionFlags(hub: Hub, repository: Repository, userId: number) {
  return {
    pull: hasRole(hub, repository, userId, 'read'),
    triage: hasRole(hub, repository, userId, 'triage'),
    push: hasRole(hub, repository, userId, 'write'),
    maintain: hasRole(hub, repository, userId, 'maintain'),
    admin: hasRole(hub, repository, userId, 'admin'),
  }
}

/** Whether a person was given access, and does not only see the repository because it is public. */
export function hasExplicitAccess(hub: Hub, repository: Repository, userId: number): boolean {
  const isStranger = roleOf(hub, { ...repository, private: true }, userId) === 'none'
  return !isStranger
}

/** The account in whose name a request acts: the person, or the app's bot. */
export function actingAccount(hub: Hub, actor: Actor): Account | undefined {
  if (actor.kind === 'user') return hub.world.accounts.get(actor.userId)
  if (actor.kind === 'installation') return hub.world.accounts.get(appById(hub, actor.appId).botId)
  return undefined
}

/** Like `actingAccount`, and 401 for those who are nobody. */
export function requireAccountOf(hub: Hub, c: RequestContext): Account {
  const account = actingAccount(hub, c.get('actor'))
  if (!account) throw problem(401, 'Requires authentication')
  return account
}

export function installationOf(hub: Hub, actor: Actor): Installation | undefined {
  if (actor.kind !== 'installation') return undefined
  return hub.world.installations.find(({ id }) => id === actor.installationId)
}

/** What a route asks of its caller: a person's role, and the App's permission in GitHub's words. */
export type Need = { role: BaseRole; app: string; level: 'read' | 'write' }
export const needs = (role: BaseRole, app: string, level: 'read' | 'write'): Need => ({ role, app, level })

/** The repository of the path: 404 to those who may not see it, 403 to those who may not do this. */
export function openRepository(hub: Hub, c: RequestContext, need: Need): Repository {
  const repository = repositoryByName(hub, c.req.param('owner') ?? '', c.req.param('repo') ?? '')
  if (!repository) throw notFound()
  const actor = c.get('actor')
  if (!maySee(hub, repository, actor)) throw notFound()
  if (!mayThroughApp(hub, actor, need)) throw problem(403, 'Resource not accessible by integration')
  if (actor.kind === 'installation') {
    refuseArchived(repository, need)
    return repository
  }
  if (actor.kind === 'user' && hasRole(hub, repository, actor.userId, need.role)) {
    refuseArchived(repository, need)
    return repository
  }
  if (need.role === 'read') return repository
  if (actor.kind !== 'user') throw problem(401, 'Requires authentication')
  throw problem(
    403,
    need.role === 'admin'
      ? 'Must have admin rights to Repository.'
      : `Must have ${need.role} access to Repository.`,
  )
}

/** Whether the App of a token has the permission; a person's own token needs none. */
function mayThroughApp(hub: Hub, actor: Actor, { app, level }: Pick<Need, 'app' | 'level'>): boolean {
  const appId = actor.kind === 'installation' || actor.kind === 'user' ? actor.appId : undefined
  return appId === undefined || permits(appById(hub, appId).permissions[app], level)
}

/** Its administrators may still take it out of the archive, or delete it. */
function refuseArchived({ archived }: Repository, { app, level }: Need): void {
  if (archived && level === 'write' && app !== 'administration')
    throw problem(403, 'Repository was archived so is read-only.')
}

/** Whether GraphQL gives an actor what REST gives it with this permission: an App needs it, a person needs to see the repository. */
export function mayRead(hub: Hub, actor: Actor, permission: string): boolean {
  return mayThroughApp(hub, actor, { app: permission, level: 'read' })
}

function permits(given: 'read' | 'write' | undefined, level: 'read' | 'write'): boolean {
  return given === 'write' || given === level
}

export function maySee(hub: Hub, repository: Repository, actor: Actor): boolean {
  if (actor.kind === 'user')
    return hasRole(hub, repository, actor.userId, 'read') && isInReach(hub, repository, actor.appId)
  if (actor.kind === 'installation') {
    const installation = installationOf(hub, actor)
    return (
      !!installation &&
      installation.suspendedAt === null &&
      (covers(installation, repository) || !repository.private)
    )
  }
  return !repository.private && actor.kind === 'anonymous'
}

/** Through an App, a person reads what it is installed on, and what is public. */
function isInReach(hub: Hub, repository: Repository, appId: number | undefined): boolean {
  return appId === undefined || !repository.private || !!installationFor(hub, appId, repository)
}
