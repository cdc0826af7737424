import { Hono } from 'hono'
import { hasExplicitAccess, permissionFlags, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { covers, type Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, problem } from '../problems.ts'
import { pathOf } from '../requests.ts'
import { repositoryShape } from '../shapes/repository.ts'
import type { Installation } from '../world.ts'
import { installationShape } from './apps.ts'

/** What a person who signed in with an App reads through it. */
export function userInstallationRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const explicit = (installation: Installation, userId: number) =>
    [...hub.world.repositories.values()].filter(
      (repository) => covers(installation, repository) && hasExplicitAccess(hub, repository, userId),
    )
  app.get('/user/installations', (c) => {
    const { appId, userId } = personOfApp(c)
    const rows = hub.world.installations.filter(
      (one) => one.appId === appId && one.suspendedAt === null && explicit(one, userId).length > 0,
    )
    const installations = page(c, rows).map((one) => installationShape(hub, one))
    return c.json({ total_count: rows.length, installations })
  })
  app.get('/user/installations/:id/repositories', (c) => {
    const { appId, userId } = personOfApp(c)
    const id = Number(pathOf(c, 'id'))
    const found = hub.world.installations.find((one) => one.id === id && one.appId === appId)
    if (!found) throw notFound()
    if (found.suspendedAt !== null) throw problem(403, 'This installation has been suspended')
    const all = explicit(found, userId)
    const repositories = page(c, all).map((repository) => ({
      ...repositoryShape(hub, repository),
      permissions: permissionFlags(hub, repository, userId),
    }))
    const selection = found.repositories === 'all' ? 'all' : 'selected'
    return c.json({ total_count: all.length, repository_selection: selection, repositories })
  })
  return app
}

function personOfApp(c: RequestContext): { appId: number; userId: number } {
  const actor = c.get('actor')
  if (actor.kind === 'anonymous') throw problem(401, 'Requires authentication')
  if (actor.kind === 'user' && actor.appId !== undefined) return { appId: actor.appId, userId: actor.userId }
  throw problem(
    403,
    'You must authenticate with an access token authorized to a GitHub App in order to list installations',
  )
}
