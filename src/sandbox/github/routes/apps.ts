import { Hono } from 'hono'
import { installationOf, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import {
  accountById,
  appById,
  clientIdOf,
  covers,
  type Hub,
  isoTime,
  isoTimeOrNull,
  repositoryByName,
} from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, problem } from '../problems.ts'
import { pathOf } from '../requests.ts'
import { appShape, simpleUser } from '../shapes/account.ts'
import { repositoryShape } from '../shapes/repository.ts'
import type { Installation } from '../world.ts'

type Tokens = {
  forInstallation(appId: number, installationId: number): { token: string; expiresAt: string }
  revokeInstallation(installationId: number): void
}

/** What an App asks with its JWT, and an installation about itself. */
export function appRoutes(hub: Hub, tokens: Tokens): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const own = (c: RequestContext) => {
    const id = Number(pathOf(c, 'id'))
    const found = hub.world.installations.find((one) => one.id === id && one.appId === appOf(c))
    if (!found) throw notFound()
    return found
  }
  app.get('/app', (c) => {
    const record = appById(hub, appOf(c))
    const count = hub.world.installations.filter(({ appId }) => appId === record.id).length
    return c.json({ ...appShape(hub, record), installations_count: count })
  })
  app.get('/app/installations', (c) => {
    const appId = appOf(c)
    const rows = hub.world.installations.filter((one) => one.appId === appId)
    return c.json(page(c, rows).map((one) => installationShape(hub, one)))
  })
  app.get('/app/installations/:id', (c) => c.json(installationShape(hub, own(c))))
  app.post('/app/installations/:id/access_tokens', (c) => {
    const installation = own(c)
    if (installation.suspendedAt !== null) throw problem(403, 'This installation has been suspended')
    const { token, expiresAt } = tokens.forInstallation(installation.appId, installation.id)
    const { permissions } = appById(hub, installation.appId)
    const selection = installation.repositories === 'all' ? 'all' : 'selected'
    return c.json(
      { token, expires_at: expiresAt, permissions: { ...permissions }, repository_selection: selection },
      201,
    )
  })
  app.get('/repos/:owner/:repo/installation', (c) => {
    const repository = repositoryByName(hub, pathOf(c, 'owner'), pathOf(c, 'repo'))
    const appId = appOf(c)
    const found = hub.world.installations.find(
      (one) => repository && one.appId === appId && covers(one, repository),
    )
    if (!found) throw notFound()
    return c.json(installationShape(hub, found))
  })
  app.get('/installation/repositories', (c) => {
    const installation = installationOf(hub, c.get('actor'))
    if (!installation)
      throw problem(
        403,
        'You must authenticate with an installation access token in order to list repositories for an installation.',
      )
    const all = [...hub.world.repositories.values()].filter((repository) => covers(installation, repository))
    const repositories = page(c, all).map((repository) => repositoryShape(hub, repository))
    const selection = installation.repositories === 'all' ? 'all' : 'selected'
    return c.json({ total_count: all.length, repository_selection: selection, repositories })
  })
  return app
}

function appOf(c: RequestContext): number {
  const actor = c.get('actor')
  if (actor.kind === 'app') return actor.appId
  throw problem(401, 'A JSON web token could not be decoded')
}

export function installationShape(hub: Hub, installation: Installation) {
  const app = appById(hub, installation.appId)
  const account = accountById(hub, installation.accountId)
  const root = `${hub.url}/app/installations/${installation.id}`
  return {
    id: installation.id,
    client_id: clientIdOf(app.id),
    account: simpleUser(hub, account),
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    access_tokens_url: `${root}/access_tokens`,
    repositories_url: `${hub.url}/installation/repositories`,
    html_url: `${hub.url}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: { ...app.permissions },
    events: [...app.events],
    created_at: isoTime(installation.createdAt),
    updated_at: isoTime(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: isoTimeOrNull(installation.suspendedAt),
  }
}
