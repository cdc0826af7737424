import { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import { checksChanged } from '../checks.ts'
import type { GitHubContext } from '../context.ts'
import { emit } from '../events.ts'
import { shaOf } from '../git-reading.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { invalid, unprocessable } from '../problems.ts'
import type { CommitStatus, Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { statusShape } from '../shapes/check.ts'
import { repositoryUrl } from '../shapes/links.ts'
import { minimalRepository } from '../shapes/repository.ts'

const read = needs('read', 'statuses', 'read')

/** Commit statuses: what anybody with write may set, and why a required check must be pinned to its App. */
export function statusRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const commit = async (repository: Repository, ref: string) => {
    const sha = await shaOf(repository.git, ref)
    if (!sha) throw unprocessable(`No commit found for SHA: ${ref}`)
    return sha
  }
  app.post('/repos/:owner/:repo/statuses/:sha', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'statuses', 'write'))
    const sha = await commit(repository, pathOf(c, 'sha'))
    const by = byOf(hub, c)
    const input = await bodyOf<{ state: string; context: string; description: string; target_url: string }>(c)
    if (!isState(input.state)) throw invalid([{ resource: 'Status', field: 'state', code: 'inclusion' }])
    const status: CommitStatus = {
      id: hub.world.nextId('status'),
      state: input.state,
      context: input.context ?? 'default',
      description: input.description ?? null,
      targetUrl: input.target_url ?? null,
      creatorId: by.userId,
      appId: by.appId,
      createdAt: hub.clock(),
    }
    repository.statuses.set(sha, [...(repository.statuses.get(sha) ?? []), status])
    const { id, state, context, description } = status
    emit(hub, repository, 'status', by, {
      id,
      sha,
      state,
      context,
      description,
      target_url: status.targetUrl,
    })
    checksChanged(hub, repository, sha)
    return c.json(statusShape(hub, repository, sha, status), 201)
  })
  app.get('/repos/:owner/:repo/commits/:ref{.+}/statuses', async (c) => {
    const repository = openRepository(hub, c, read)
    const sha = await commit(repository, pathOf(c, 'ref'))
    const rows = [...(repository.statuses.get(sha) ?? [])].reverse()
    return c.json(page(c, rows).map((status) => statusShape(hub, repository, sha, status)))
  })
  app.get('/repos/:owner/:repo/commits/:ref{.+}/status', async (c) => {
    const repository = openRepository(hub, c, read)
    const sha = await commit(repository, pathOf(c, 'ref'))
    const newest = new Map((repository.statuses.get(sha) ?? []).map((status) => [status.context, status]))
    const statuses = [...newest.values()]
    const root = repositoryUrl(hub, repository)
    return c.json({
      state: combined(statuses),
      sha,
      total_count: statuses.length,
      statuses: page(c, statuses).map((status) => statusShape(hub, repository, sha, status)),
      repository: minimalRepository(hub, repository),
      commit_url: `${root}/commits/${sha}`,
      url: `${root}/commits/${sha}/status`,
    })
  })
  return app
}

function isState(state: string | undefined): state is CommitStatus['state'] {
  return ['error', 'failure', 'pending', 'success'].includes(state ?? '')
}

function combined(statuses: CommitStatus[]): string {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure'
  return statuses.length > 0 && statuses.every(({ state }) => state === 'success') ? 'success' : 'pending'
}
