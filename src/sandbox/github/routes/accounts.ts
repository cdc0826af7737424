import { Hono } from 'hono'
import { childTeams, inTeam, requireAccountOf } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { type Hub, requireAccount } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound } from '../problems.ts'
import { pathOf } from '../requests.ts'
import {
  fullOrganization,
  fullTeam,
  publicUser,
  simpleOrganization,
  simpleUser,
  team as teamShape,
} from '../shapes/account.ts'
import type { Account, Team } from '../world.ts'

/** People, organizations and teams. */
export function accountRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/user', (c) => c.json(publicUser(hub, requireAccountOf(hub, c))))
  app.get('/users/:login', (c) => c.json(publicUser(hub, requireAccount(hub, pathOf(c, 'login')))))
  app.get('/user/:id{[0-9]+}', (c) => {
    const account = hub.world.accounts.get(Number(pathOf(c, 'id')))
    if (!account || account.deleted) throw notFound()
    return c.json(publicUser(hub, account))
  })
  app.get('/orgs/:org', (c) => c.json(fullOrganization(hub, organization(hub, pathOf(c, 'org')))))
  app.get('/orgs/:org/members', (c) => {
    const { members, owners } = organization(hub, pathOf(c, 'org'))
    const shown = c.req.query('role') === 'admin' ? owners : new Set([...members, ...owners])
    return c.json(page(c, people(hub, [...shown])))
  })
  app.get('/orgs/:org/members/:login', (c) => {
    const { members, owners } = organization(hub, pathOf(c, 'org'))
    const { id } = requireAccount(hub, pathOf(c, 'login'))
    if (!members.has(id) && !owners.has(id)) throw notFound()
    return c.body(null, 204)
  })
  app.get('/orgs/:org/memberships/:login', (c) => {
    const org = organization(hub, pathOf(c, 'org'))
    const person = requireAccount(hub, pathOf(c, 'login'))
    const isOwner = org.owners.has(person.id)
    if (!isOwner && !org.members.has(person.id)) throw notFound()
    const url = `${hub.url}/orgs/${org.login}`
    return c.json({
      url: `${url}/memberships/${person.login}`,
      state: 'active',
      role: isOwner ? 'admin' : 'member',
      organization_url: url,
      organization: simpleOrganization(hub, org),
      user: simpleUser(hub, person),
    })
  })
  teamRoutes(hub, app)
  return app
}

function teamRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  const find = (org: string, slug: string) => {
    const { id } = organization(hub, org)
    const team = hub.world.teams.find((one) => one.organizationId === id && one.slug === slug)
    if (!team) throw notFound()
    return team
  }
  app.get('/orgs/:org/teams', (c) => {
    const { id } = organization(hub, pathOf(c, 'org'))
    const teams = hub.world.teams.filter(({ organizationId }) => organizationId === id)
    return c.json(page(c, teams).map((team) => teamShape(hub, team)))
  })
  app.get('/orgs/:org/teams/:slug', (c) => {
    const team = find(pathOf(c, 'org'), pathOf(c, 'slug'))
    return c.json(fullTeam(hub, team, membersOf(hub, team).length))
  })
  app.get('/orgs/:org/teams/:slug/teams', (c) => {
    const team = find(pathOf(c, 'org'), pathOf(c, 'slug'))
    return c.json(page(c, childTeams(hub, team)).map((child) => teamShape(hub, child)))
  })
  app.get('/orgs/:org/teams/:slug/members', (c) => {
    const team = find(pathOf(c, 'org'), pathOf(c, 'slug'))
    return c.json(page(c, people(hub, membersOf(hub, team))))
  })
  app.get('/orgs/:org/teams/:slug/memberships/:login', (c) => {
    const team = find(pathOf(c, 'org'), pathOf(c, 'slug'))
    const { id, login } = requireAccount(hub, pathOf(c, 'login'))
    if (!inTeam(hub, team, id)) throw notFound()
    const url = `${hub.url}/organizations/${team.organizationId}/team/${team.id}/memberships/${login}`
    return c.json({ url, role: team.members.get(id) ?? 'member', state: 'active' })
  })
}

/** Members include those of all child teams. */
function membersOf(hub: Hub, team: Team): number[] {
  const below = childTeams(hub, team).flatMap((child) => membersOf(hub, child))
  return [...new Set([...team.members.keys(), ...below])]
}

function people(hub: Hub, ids: number[]) {
  const accounts = ids.map((id) => hub.world.accounts.get(id))
  return accounts
    .filter((account) => account && !account.deleted)
    .map((account) => simpleUser(hub, account as Account))
}

function organization(hub: Hub, login: string): Account {
  const account = requireAccount(hub, login)
  if (account.type !== 'Organization') throw notFound()
  return account
}
