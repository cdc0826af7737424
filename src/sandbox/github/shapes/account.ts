import { accountById, clientIdOf, type Hub, isoTime } from '../hub.ts'
import type { Account, AppRecord, Team } from '../world.ts'
import { addresses, nodeId } from './links.ts'

const accountPaths = {
  url: '',
  followers_url: '/followers',
  following_url: '/following{/other_user}',
  gists_url: '/gists{/gist_id}',
  starred_url: '/starred{/owner}{/repo}',
  subscriptions_url: '/subscriptions',
  organizations_url: '/orgs',
  repos_url: '/repos',
  events_url: '/events{/privacy}',
  received_events_url: '/received_events',
}

/** GitHub's "simple user": also how an organization appears as an owner. */
export function simpleUser(hub: Hub, account: Account) {
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type === 'Organization' ? 'O' : account.type === 'Bot' ? 'BOT' : 'U', account.id),
    avatar_url: `${hub.url}/avatars/u/${account.id}?v=4`,
    gravatar_id: '',
    html_url: `${hub.url}/${account.login}`,
    ...addresses(`${hub.url}/users/${encodeURIComponent(account.login)}`, accountPaths),
    type: account.type,
    user_view_type: 'public',
    site_admin: false,
  }
}

/** The account of an id; a deleted one appears as `ghost`. */
export function userById(hub: Hub, id: number) {
  const account = accountById(hub, id)
  return simpleUser(hub, account.deleted ? accountById(hub, 0) : account)
}

/** Where GitHub shows nobody instead of `ghost`: reviews, events. */
export function userOrNull(hub: Hub, id: number | null) {
  const account = id === null ? undefined : hub.world.accounts.get(id)
  return account && !account.deleted ? simpleUser(hub, account) : null
}

export function publicUser(hub: Hub, account: Account) {
  return {
    ...simpleUser(hub, account),
    name: account.name,
    company: null,
    blog: '',
    location: null,
    email: account.email,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: [...hub.world.repositories.values()].filter(({ ownerId }) => ownerId === account.id).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: isoTime(account.createdAt),
    updated_at: isoTime(account.createdAt),
  }
}

/** An organization as webhooks carry it. */
export function simpleOrganization(hub: Hub, account: Account) {
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId('O', account.id),
    ...addresses(`${hub.url}/orgs/${account.login}`, {
      url: '',
      repos_url: '/repos',
      events_url: '/events',
      hooks_url: '/hooks',
      issues_url: '/issues',
      members_url: '/members{/member}',
      public_members_url: '/public_members{/member}',
    }),
    avatar_url: `${hub.url}/avatars/u/${account.id}?v=4`,
    description: null,
  }
}

/** `GET /orgs/{org}`. */
export function fullOrganization(hub: Hub, account: Account) {
  const repositories = [...hub.world.repositories.values()].filter(({ ownerId }) => ownerId === account.id)
  return {
    ...simpleOrganization(hub, account),
    name: account.name,
    is_verified: false,
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: repositories.filter((one) => !one.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: `${hub.url}/${account.login}`,
    created_at: isoTime(account.createdAt),
    updated_at: isoTime(account.createdAt),
    archived_at: null,
    type: account.type,
  }
}

export function team(hub: Hub, one: Team, withParent = true): Record<string, unknown> {
  const parent = hub.world.teams.find(({ id }) => id === one.parentId)
  const root = `${hub.url}/organizations/${one.organizationId}/team/${one.id}`
  return {
    id: one.id,
    node_id: nodeId('T', one.id),
    url: root,
    html_url: `${hub.url}/orgs/${accountById(hub, one.organizationId).login}/teams/${one.slug}`,
    name: one.name,
    slug: one.slug,
    description: null,
    privacy: 'closed',
    notification_setting: 'notifications_enabled',
    permission: 'pull',
    type: 'organization',
    organization_id: one.organizationId,
    members_url: `${root}/members{/member}`,
    repositories_url: `${root}/repos`,
    ...(withParent ? { parent: parent ? team(hub, parent, false) : null } : {}),
  }
}

/** `GET /orgs/{org}/teams/{slug}`. */
export function fullTeam(hub: Hub, one: Team, membersCount: number) {
  const organization = accountById(hub, one.organizationId)
  return {
    ...team(hub, one),
    members_count: membersCount,
    repos_count: one.repositories.size,
    created_at: isoTime(organization.createdAt),
    updated_at: isoTime(organization.createdAt),
    organization: fullOrganization(hub, organization),
  }
}

export function appShape(hub: Hub, app: AppRecord) {
  return {
    id: app.id,
    slug: app.slug,
    client_id: clientIdOf(app.id),
    node_id: nodeId('A', app.id),
    owner: userById(hub, app.ownerId),
    name: app.name,
    description: null,
    external_url: `${hub.url}/apps/${app.slug}`,
    html_url: `${hub.url}/apps/${app.slug}`,
    created_at: isoTime(app.createdAt),
    updated_at: isoTime(app.createdAt),
    permissions: { ...app.permissions },
    events: [...app.events],
  }
}
