import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { createDeploymentStatus, type StatusInput } from '../deployment-statuses.ts'
import { createDeployment, type DeploymentInput } from '../deployments.ts'
import { type Hub, isoTime } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound } from '../problems.ts'
import type { Deployment, Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { deploymentShape, deploymentStatusShape } from '../shapes/deployment.ts'
import { nodeId, repositoryPage, repositoryUrl } from '../shapes/links.ts'

const read = needs('read', 'deployments', 'read')
const write = needs('write', 'deployments', 'write')

/** Deployments, their statuses and the environments. */
export function deploymentRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const root = '/repos/:owner/:repo/deployments'
  app.get(root, (c) => {
    const repository = openRepository(hub, c, read)
    const wanted = c.req.query()
    const keys = ['sha', 'ref', 'task', 'environment'] as const
    const rows = repository.deployments.filter((one) =>
      keys.every((key) => !wanted[key] || one[key] === wanted[key]),
    )
    return c.json(page(c, rows.reverse()).map((one) => deploymentShape(hub, repository, one)))
  })
  app.post(root, async (c) => {
    const repository = openRepository(hub, c, write)
    const input = await bodyOf<DeploymentInput>(c)
    const made = await hub.exclusive(repository, () => createDeployment(hub, repository, input, byOf(hub, c)))
    if ('message' in made) return c.json({ message: made.message }, 202)
    return c.json(deploymentShape(hub, repository, made), 201)
  })
  app.get(`${root}/:id`, (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(deploymentShape(hub, repository, deploymentOf(c, repository)))
  })
  app.get(`${root}/:id/statuses`, (c) => {
    const repository = openRepository(hub, c, read)
    const deployment = deploymentOf(c, repository)
    const rows = [...deployment.statuses].reverse()
    return c.json(page(c, rows).map((status) => deploymentStatusShape(hub, repository, deployment, status)))
  })
  app.post(`${root}/:id/statuses`, async (c) => {
    const repository = openRepository(hub, c, write)
    const deployment = deploymentOf(c, repository)
    const status = createDeploymentStatus(
      hub,
      repository,
      deployment,
      await bodyOf<StatusInput>(c),
      byOf(hub, c),
    )
    return c.json(deploymentStatusShape(hub, repository, deployment, status), 201)
  })
  app.get('/repos/:owner/:repo/environments', (c) => {
    const repository = openRepository(hub, c, needs('read', 'actions', 'read'))
    const environments = page(c, repository.environments).map((one) =>
      environmentShape(hub, repository, one.name),
    )
    return c.json({ total_count: repository.environments.length, environments })
  })
  app.get('/repos/:owner/:repo/environments/:name', (c) => {
    const repository = openRepository(hub, c, needs('read', 'actions', 'read'))
    return c.json(environmentShape(hub, repository, pathOf(c, 'name')))
  })
  return app
}

function deploymentOf(c: RequestContext, repository: Repository): Deployment {
  const found = repository.deployments.find(({ id }) => id === Number(pathOf(c, 'id')))
  if (!found) throw notFound()
  return found
}

function environmentShape(hub: Hub, repository: Repository, name: string) {
  const found = repository.environments.find((one) => one.name === name)
  if (!found) throw notFound()
  return {
    id: found.id,
    node_id: nodeId('EN', found.id),
    name,
    url: `${repositoryUrl(hub, repository)}/environments/${encodeURIComponent(name)}`,
    html_url: `${repositoryPage(hub, repository)}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: isoTime(found.createdAt),
    updated_at: isoTime(found.createdAt),
    protection_rules: [],
    deployment_branch_policy: null,
  }
}
