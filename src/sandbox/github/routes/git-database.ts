import { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit } from '../git-reading.ts'
import { treeEntries } from '../git-trees.ts'
import type { Hub } from '../hub.ts'
import { notFound } from '../problems.ts'
import { pathOf } from '../requests.ts'
import { gitCommit } from '../shapes/commit.ts'
import { nodeId, repositoryUrl } from '../shapes/links.ts'
import { refRoutes } from './git-refs.ts'
import { writeRoutes } from './git-writes.ts'

const read = needs('read', 'contents', 'read')

/** Refs, commits, trees and blobs as git holds them. */
export function gitDatabaseRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  refRoutes(hub, app)
  objectRoutes(hub, app)
  writeRoutes(hub, app)
  return app
}

/** GitHub cuts a recursive tree at 100,000 entries and says `truncated`. */
const mostEntries = 100_000

function objectRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/git/commits/:sha', async (c) => {
    const repository = openRepository(hub, c, read)
    const commit = await findCommit(repository.git, pathOf(c, 'sha'))
    if (!commit) throw notFound()
    return c.json(gitCommit(hub, repository, commit))
  })
  app.get('/repos/:owner/:repo/git/trees/:sha{.+}', async (c) => {
    const repository = openRepository(hub, c, read)
    const name = pathOf(c, 'sha')
    const commit = await findCommit(repository.git, name)
    const object = commit ? undefined : await repository.git.read(`${name}^{tree}`)
    const sha = commit?.tree ?? object?.id
    if (!sha) throw notFound()
    const entries = await treeEntries(repository.git, sha, c.req.query('recursive') !== undefined)
    const root = repositoryUrl(hub, repository)
    const tree = entries.slice(0, mostEntries).map((entry) => ({
      path: entry.path,
      mode: entry.mode,
      type: entry.type,
      sha: entry.sha,
      ...(entry.size === undefined ? {} : { size: entry.size }),
      ...(entry.type === 'commit' ? {} : { url: `${root}/git/${entry.type}s/${entry.sha}` }),
    }))
    return c.json({ sha, url: `${root}/git/trees/${sha}`, tree, truncated: entries.length > mostEntries })
  })
  app.get('/repos/:owner/:repo/git/blobs/:sha', async (c) => {
    const repository = openRepository(hub, c, read)
    const object = await repository.git.read(pathOf(c, 'sha'))
    if (object?.type !== 'blob') throw notFound()
    const content = object.content.toString('base64').replace(/(.{60})/g, '$1\n')
    const url = `${repositoryUrl(hub, repository)}/git/blobs/${object.id}`
    return c.json({
      sha: object.id,
      node_id: nodeId('B', object.id),
      size: object.content.length,
      url,
      content,
      encoding: 'base64',
    })
  })
}
