import type { By } from './context.ts'
import { emit, emitForOrganization } from './events.ts'
import { accountById, type Hub, requireAccount } from './hub.ts'
import { makeAccount } from './people.ts'
import type { Repository, RoleName } from './repository-state.ts'
import { simpleUser, team as teamShape } from './shapes/account.ts'
import type { Account, BaseRole, Team } from './world.ts'

export function addOrganization(
  hub: Hub,
  login: string,
  options: { owners?: string[]; members?: string[] } = {},
): Account {
  const account = makeAccount(hub, { login, type: 'Organization', name: login, email: null })
  for (const owner of options.owners ?? []) account.owners.add(requireAccount(hub, owner).id)
  for (const member of options.members ?? []) account.members.add(requireAccount(hub, member).id)
  return account
}

/** What a story lets happen is done by an owner: of an organization, or the person who owns the account. */
export function byOwner(account: Account): By {
  const [owner = account.id] = account.owners
  return { userId: owner, appId: null }
}

/** Takes a person into an organization, or (`false`) out of it, and so out of its teams and repositories. */
export function setOrganizationMember(hub: Hub, org: string, login: string, inside: boolean): void {
  const organization = requireAccount(hub, org)
  const person = requireAccount(hub, login)
  const { members, owners } = organization
  const was = members.has(person.id) || owners.has(person.id)
  if (was === inside) return
  const role = owners.has(person.id) ? 'admin' : 'member'
  if (inside) members.add(person.id)
  else leaveOrganization(hub, organization, person)
  const url = `${hub.url}/orgs/${organization.login}`
  const membership = {
    url: `${url}/memberships/${person.login}`,
    state: inside ? 'active' : 'inactive',
    role,
    organization_url: url,
    user: simpleUser(hub, person),
  }
  const action = inside ? 'member_added' : 'member_removed'
  emitForOrganization(hub, organization, 'organization', byOwner(organization), { action, membership })
}

/** GitHub sends one event for it: none for the teams and repositories that the person loses. */
function leaveOrganization(hub: Hub, { id, members, owners }: Account, person: Account): void {
  members.delete(person.id)
  owners.delete(person.id)
  for (const team of hub.world.teams) if (team.organizationId === id) team.members.delete(person.id)
  for (const repository of hub.world.repositories.values()) {
    if (repository.ownerId === id) repository.collaborators.delete(person.id)
  }
}

/** The id stays, the login goes. */
export function renameOrganization(hub: Hub, org: string, to: string): void {
  const organization = requireAccount(hub, org)
  const changes = { login: { from: organization.login } }
  organization.login = to
  const by = byOwner(organization)
  emitForOrganization(hub, organization, 'organization', by, { action: 'renamed', changes })
  emitForOrganization(hub, organization, 'installation_target', by, {
    action: 'renamed',
    account: simpleUser(hub, organization),
    changes,
    target_type: organization.type,
  })
}

/** A team; its members become members of the organization. `parent` is the slug of the team above. */
export function addTeam(
  hub: Hub,
  org: string,
  slug: string,
  options: { members: string[]; parent?: string },
): Team {
  const organization = requireAccount(hub, org)
  const parent = options.parent === undefined ? undefined : findTeam(hub, org, options.parent)
  const ids = options.members.map((login) => requireAccount(hub, login).id)
  for (const id of ids) organization.members.add(id)
  const team: Team = {
    id: hub.world.nextId('team'),
    organizationId: organization.id,
    slug,
    name: slug,
    parentId: parent?.id ?? null,
    members: new Map(ids.map((id) => [id, 'member'])),
    repositories: new Map(),
  }
  hub.world.teams.push(team)
  emitTeam(hub, team, 'created')
  return team
}

export function findTeam(hub: Hub, org: string, slug: string): Team {
  const { id } = requireAccount(hub, org)
  const team = hub.world.teams.find((one) => one.organizationId === id && one.slug === slug)
  if (!team) throw new Error(`No team ${org}/${slug}`)
  return team
}

/** Whoever joins becomes a member of the organization; whoever leaves stays one. */
export function setTeamMember(hub: Hub, team: Team, login: string, inside: boolean): void {
  const person = requireAccount(hub, login)
  if (team.members.has(person.id) === inside) return
  const organization = accountById(hub, team.organizationId)
  if (inside) setOrganizationMember(hub, organization.login, login, true)
  if (inside) team.members.set(person.id, 'member')
  else team.members.delete(person.id)
  emitForOrganization(hub, organization, 'membership', byOwner(organization), {
    action: inside ? 'added' : 'removed',
    scope: 'team',
    member: simpleUser(hub, person),
    team: teamShape(hub, team),
  })
}

/** Gives a team a role in a repository, changes it, or (null) takes it away. */
export function setTeamRepository(hub: Hub, team: Team, repository: Repository, role: RoleName | null): void {
  const old = team.repositories.get(repository.id)
  if ((old ?? null) === role) return
  const from = flagsOf(old)
  if (role === null) team.repositories.delete(repository.id)
  else team.repositories.set(repository.id, role)
  const by = byOwner(accountById(hub, team.organizationId))
  const action =
    role === null ? 'removed_from_repository' : old === undefined ? 'added_to_repository' : 'edited'
  const changes = action === 'edited' ? { changes: { repository: { permissions: { from } } } } : {}
  emit(hub, repository, 'team', by, { action, team: teamShape(hub, team), ...changes })
}

/** The three permissions that the event of a team tells of; a custom role and the finer ones are not in it. */
function flagsOf(role: RoleName | undefined) {
  return {
    admin: role === 'admin',
    push: role === 'admin' || role === 'maintain' || role === 'write',
    pull: role !== undefined,
  }
}

export function renameTeam(hub: Hub, team: Team, name: string): void {
  const changes = { name: { from: team.name } }
  Object.assign(team, { name, slug: name.toLowerCase().replace(/[^a-z0-9]+/g, '-') })
  emitTeam(hub, team, 'edited', { changes })
}

/** Teams below it go too, as on GitHub. */
export function deleteTeam(hub: Hub, team: Team): void {
  for (const child of hub.world.teams.filter(({ parentId }) => parentId === team.id)) deleteTeam(hub, child)
  hub.world.teams = hub.world.teams.filter((one) => one !== team)
  emitTeam(hub, team, 'deleted')
}

function emitTeam(hub: Hub, team: Team, action: string, extra: Record<string, unknown> = {}): void {
  const organization = accountById(hub, team.organizationId)
  emitForOrganization(hub, organization, 'team', byOwner(organization), {
    action,
    team: teamShape(hub, team),
    ...extra,
  })
}

/** A custom role of an organization, with the rights of one of GitHub's own. */
export function addCustomRole(hub: Hub, org: string, name: string, base: BaseRole): void {
  const { id } = requireAccount(hub, org)
  const roles = hub.world.customRoles.get(id) ?? new Map<string, BaseRole>()
  hub.world.customRoles.set(id, roles.set(name, base))
}
