import { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit, isAncestor, listRefs, noCommit, shaOf, treeEntries } from '../git-reading.ts'
import { changeTree, moveRef, type TreeChange, writeBlob, writeCommit } from '../git-writing.ts'
import type { Hub } from '../hub.ts'
import { personSignature } from '../merging.ts'
import { notFound, problem } from '../problems.ts'
import { pushRefusal } from '../push-refusals.ts'
import { branchMoved, type Move } from '../pushes.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { gitCommit } from '../shapes/commit.ts'
import { nodeId, repositoryUrl } from '../shapes/links.ts'
import type { Repository } from '../world.ts'

const read = needs('read', 'contents', 'read')
const write = needs('write', 'contents', 'write')

/** Refs, commits, trees and blobs as git holds them. */
export function gitDatabaseRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  refRoutes(hub, app)
  objectRoutes(hub, app)
  writeRoutes(hub, app)
  return app
}

function refRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/git/ref/:ref{.+}', async (c) => {
    const repository = openRepository(hub, c, read)
    const ref = `refs/${pathOf(c, 'ref')}`
    const object = await repository.git.read(ref)
    if (!object) throw notFound()
    return c.json(refShape(hub, repository, ref, object.id, object.type))
  })
  app.get('/repos/:owner/:repo/git/matching-refs/:ref{.*}', async (c) => {
    const repository = openRepository(hub, c, read)
    const refs = await listRefs(repository.git, pathOf(c, 'ref'))
    return c.json(refs.map(({ ref, sha, type }) => refShape(hub, repository, ref, sha, type)))
  })
  app.post('/repos/:owner/:repo/git/refs', async (c) => {
    const repository = openRepository(hub, c, write)
    const { ref = '', sha = '' } = await bodyOf<{ ref: string; sha: string }>(c)
    if (!/^refs\/.+\/?/.test(ref)) throw problem(422, "Reference name must start with 'refs/'")
    const object = await repository.git.read(sha)
    if (!object) throw problem(422, 'Object does not exist')
    await hub.exclusive(repository, () =>
      push(hub, repository, { ref, before: noCommit, after: sha, by: byOf(hub, c) }, false),
    )
    return c.json(refShape(hub, repository, ref, sha, object.type), 201)
  })
  app.patch('/repos/:owner/:repo/git/refs/:ref{.+}', async (c) => {
    const repository = openRepository(hub, c, write)
    const ref = `refs/${pathOf(c, 'ref')}`
    const { sha = '', force = false } = await bodyOf<{ sha: string; force: boolean }>(c)
    await hub.exclusive(repository, async () => {
      const before = await shaOf(repository.git, ref)
      if (!before) throw problem(422, 'Reference does not exist')
      if (!(await shaOf(repository.git, sha))) throw problem(422, 'Object does not exist')
      const forced = !(await isAncestor(repository.git, before, sha))
      if (forced && !force) throw problem(422, 'Update is not a fast forward')
      await push(hub, repository, { ref, before, after: sha, by: byOf(hub, c) }, forced)
    })
    return c.json(refShape(hub, repository, ref, sha, 'commit'))
  })
  app.delete('/repos/:owner/:repo/git/refs/:ref{.+}', async (c) => {
    const repository = openRepository(hub, c, write)
    const ref = `refs/${pathOf(c, 'ref')}`
    await hub.exclusive(repository, async () => {
      const before = await shaOf(repository.git, ref)
      if (!before) throw problem(422, 'Reference does not exist')
      await push(hub, repository, { ref, before, after: noCommit, by: byOf(hub, c) }, false)
    })
    return c.body(null, 204)
  })
}

async function push(hub: Hub, repository: Repository, move: Move, forced: boolean): Promise<void> {
  const refused = pushRefusal(hub, repository, { ...move, forced })
  if (refused) throw problem(422, `Repository rule violations found\n\n${refused}`)
  if (!(await moveRef(repository.git, move.ref, move.after, move.before))) {
    throw problem(422, move.before === noCommit ? 'Reference already exists' : 'Reference cannot be updated')
  }
  await branchMoved(hub, repository, move)
}

function refShape(hub: Hub, repository: Repository, ref: string, sha: string, type: string) {
  const root = repositoryUrl(hub, repository)
  return {
    ref,
    node_id: nodeId('REF', repository.id, ref),
    url: `${root}/git/${ref}`,
    object: { sha, type, url: `${root}/git/${type}s/${sha}` },
  }
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

type TreeInput = { path: string; mode: string; sha?: string | null; content?: string }
type CommitInput = {
  message: string
  tree: string
  parents: string[]
  author?: PersonInput
  committer?: PersonInput
}
type PersonInput = { name: string; email: string; date?: string }

function writeRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.post('/repos/:owner/:repo/git/blobs', async (c) => {
    const repository = openRepository(hub, c, write)
    const { content = '', encoding = 'utf-8' } = await bodyOf<{ content: string; encoding: string }>(c)
    const sha = await writeBlob(
      repository.git,
      Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'),
    )
    return c.json({ sha, url: `${repositoryUrl(hub, repository)}/git/blobs/${sha}` }, 201)
  })
  app.post('/repos/:owner/:repo/git/trees', async (c) => {
    const repository = openRepository(hub, c, write)
    const { tree = [], base_tree } = await bodyOf<{ tree: TreeInput[]; base_tree: string }>(c)
    const changes = await Promise.all(tree.map((entry) => treeChange(repository, entry)))
    const sha = await changeTree(repository.git, base_tree, changes)
    const entries = await treeEntries(repository.git, sha, false)
    const url = `${repositoryUrl(hub, repository)}/git/trees/${sha}`
    return c.json({ sha, url, tree: entries, truncated: false }, 201)
  })
  app.post('/repos/:owner/:repo/git/commits', async (c) => {
    const repository = openRepository(hub, c, write)
    const { message = '', tree = '', parents = [], author, committer } = await bodyOf<CommitInput>(c)
    const own = personSignature(hub, byOf(hub, c).userId)
    const person = (given: PersonInput | undefined) =>
      given
        ? { name: given.name, email: given.email, at: given.date ? Date.parse(given.date) : hub.clock() }
        : undefined
    const writer = person(author) ?? own
    const names = { author: writer, committer: person(committer) ?? writer }
    const sha = await writeCommit(repository.git, { tree, parents, message, ...names })
    const commit = await findCommit(repository.git, sha)
    if (!commit) throw problem(422, 'Tree SHA does not exist')
    return c.json(gitCommit(hub, repository, commit), 201)
  })
}

async function treeChange({ git }: Repository, { path, mode, sha, content }: TreeInput): Promise<TreeChange> {
  if (content !== undefined) return { path, mode, sha: await writeBlob(git, content) }
  return { path, mode, sha: sha ?? null }
}
