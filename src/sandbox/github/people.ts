import type { Hub } from './hub.ts'
import { accountByLogin, requireAccount } from './hub.ts'
import { type Account, anAccount, type BaseRole, type Team } from './world.ts'

export type UserOptions = { type?: 'User' | 'Bot'; name?: string | null; email?: string | null }

/** A person or a bot. The e-mail address ties commits to it: `login@example.com` when none is given, null for none. */
export function addUser(hub: Hub, login: string, { type = 'User', name, email }: UserOptions = {}): Account {
  refuseTaken(hub, login)
  const address =
    email === undefined && type === 'User' ? `${login.toLowerCase()}@example.com` : (email ?? null)
  const account = anAccount({
    id: hub.world.nextId('account'),
    login,
    type,
    name: name ?? null,
    email: address,
    createdAt: hub.clock(),
  })
  hub.world.accounts.set(account.id, account)
  return account
}

export function addOrganization(
  hub: Hub,
  login: string,
  options: { owners?: string[]; members?: string[] } = {},
): Account {
  refuseTaken(hub, login)
  const at = hub.clock()
  const account = anAccount({
    id: hub.world.nextId('account'),
    login,
    type: 'Organization',
    name: login,
    email: null,
    createdAt: at,
  })
  for (const owner of options.owners ?? []) account.owners.add(requireAccount(hub, owner).id)
  for (const member of options.members ?? []) account.members.add(requireAccount(hub, member).id)
  hub.world.accounts.set(account.id, account)
  return account
}

function refuseTaken(hub: Hub, login: string): void {
  if (accountByLogin(hub, login)) throw new Error(`The login ${login} is taken`)
}

/** A team; its members become members of the organisation. `parent` is the slug of the team above. */
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
  return team
}

export function findTeam(hub: Hub, org: string, slug: string): Team {
  const { id } = requireAccount(hub, org)
  const team = hub.world.teams.find((one) => one.organizationId === id && one.slug === slug)
  if (!team) throw new Error(`No team ${org}/${slug}`)
  return team
}

/** A custom role of an organisation, with the rights of one of GitHub's own. */
export function addCustomRole(hub: Hub, org: string, name: string, base: BaseRole): void {
  const { id } = requireAccount(hub, org)
  const roles = hub.world.customRoles.get(id) ?? new Map<string, BaseRole>()
  hub.world.customRoles.set(id, roles.set(name, base))
}

/** The id stays, the login goes; somebody else may take it. */
export function renameUser(hub: Hub, login: string, to: string): void {
  refuseTaken(hub, to)
  requireAccount(hub, login).login = to
}

/** Reviews and commits of a deleted account belong to nobody, its issues and pull requests to `ghost`. */
export function deleteUser(hub: Hub, login: string): void {
  const account = requireAccount(hub, login)
  account.deleted = true
  for (const repository of hub.world.repositories.values()) repository.collaborators.delete(account.id)
  for (const team of hub.world.teams) team.members.delete(account.id)
}
