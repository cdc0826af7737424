import { Hono } from 'hono'
import { baseRole, legacyPermission, needs, openRepository, permissionFlags, roleOf } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { accountById, accountByLogin, type Hub, requireAccount } from '../hub.ts'
import { cursorPage, page } from '../pages.ts'
import { notFound } from '../problems.ts'
import {
  changeRepository,
  deleteRepository,
  type RepositorySettings,
  transferRepository,
} from '../repository-changes.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { simpleUser } from '../shapes/account.ts'
import { activityShape } from '../shapes/activity.ts'
import { fullRepository, minimalRepository } from '../shapes/repository.ts'
import type { Account } from '../world.ts'

const metadata = needs('read', 'metadata', 'read')

/** A repository, its collaborators and its activity. */
export function repositoryRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/repos/:owner/:repo', (c) => {
    const repository = openRepository(hub, c, metadata)
    const actor = c.get('actor')
    const level =
      actor.kind === 'user' ? baseRole(hub, repository, roleOf(hub, repository, actor.userId)) : 'read'
    return c.json(fullRepository(hub, repository, level))
  })
  app.patch('/repos/:owner/:repo', async (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'write'))
    changeRepository(hub, repository, await bodyOf<RepositorySettings>(c), byOf(hub, c))
    return c.json(fullRepository(hub, repository, 'admin'))
  })
  app.delete('/repos/:owner/:repo', (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'write'))
    deleteRepository(hub, repository, byOf(hub, c))
    return c.body(null, 204)
  })
  app.post('/repos/:owner/:repo/transfer', async (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'write'))
    const { new_owner = '' } = await bodyOf<{ new_owner: string }>(c)
    transferRepository(hub, repository, requireAccount(hub, new_owner), byOf(hub, c))
    return c.json(minimalRepository(hub, repository), 202)
  })
  app.get('/repos/:owner/:repo/activity', (c) => {
    const repository = openRepository(hub, c, metadata)
    const { ref, actor, activity_type } = c.req.query()
    const account = actor ? accountByLogin(hub, actor) : undefined
    const full = ref && !ref.startsWith('refs/') ? `refs/heads/${ref}` : ref
    const rows = repository.activity.filter(
      (row) =>
        (!full || row.ref === full) &&
        (!actor || row.actorId === account?.id) &&
        (!activity_type || row.activityType === activity_type),
    )
    const newestFirst = c.req.query('direction') === 'asc' ? rows : rows.reverse()
    return c.json(cursorPage(c, newestFirst).map((row) => activityShape(hub, row)))
  })
  collaboratorRoutes(hub, app)
  return app
}

function collaboratorRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/collaborators', (c) => {
    const repository = openRepository(hub, c, metadata)
    const people = collaborators(hub, repository)
    return c.json(page(c, people).map((account) => collaborator(hub, repository, account)))
  })
  app.get('/repos/:owner/:repo/collaborators/:login', (c) => {
    const repository = openRepository(hub, c, metadata)
    const account = accountByLogin(hub, pathOf(c, 'login'))
    if (!collaborators(hub, repository).some(({ id }) => id === account?.id)) throw notFound()
    return c.body(null, 204)
  })
  app.get('/repos/:owner/:repo/collaborators/:login/permission', (c) => {
    const repository = openRepository(hub, c, metadata)
    const account = accountByLogin(hub, pathOf(c, 'login'))
    const role = account ? roleOf(hub, repository, account.id) : 'none'
    if (!account || role === 'none') throw notFound()
    const permission = legacyPermission(baseRole(hub, repository, role))
    return c.json({ permission, user: collaborator(hub, repository, account), role_name: role })
  })
}

function collaborator(hub: Hub, repository: Repository, account: Account) {
  const role = roleOf(hub, repository, account.id)
  const permissions = permissionFlags(hub, repository, account.id)
  return { ...simpleUser(hub, account), permissions, role_name: role }
}

function collaborators(hub: Hub, repository: Repository): Account[] {
  const owner = accountById(hub, repository.ownerId)
  const inTeams = hub.world.teams
    .filter((team) => team.repositories.has(repository.id))
    .flatMap((team) => [...team.members.keys()])
  const own = owner.type === 'User' ? [owner.id] : []
  const ids = new Set([...own, ...repository.collaborators.keys(), ...owner.owners, ...inTeams])
  return [...ids]
    .map((id) => hub.world.accounts.get(id))
    .filter((account) => account && !account.deleted) as Account[]
}
