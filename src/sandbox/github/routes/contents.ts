import { posix } from 'node:path'
import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit } from '../git-reading.ts'
import { entryAt, linkMode, treeEntries } from '../git-trees.ts'
import type { Hub } from '../hub.ts'
import { notFound, problem } from '../problems.ts'
import type { Repository } from '../repository-state.ts'
import { accepts, bodyOf, byOf, pathOf } from '../requests.ts'
import { gitCommit } from '../shapes/commit.ts'
import { repositoryPage, repositoryUrl } from '../shapes/links.ts'
import { type FileEdit, writeFileCommit } from '../web-edit.ts'

/** Files as `GET` and `PUT …/contents/{path}` show and change them. */
export function contentRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const read = async (c: RequestContext) => {
    const repository = openRepository(hub, c, needs('read', 'contents', 'read'))
    const path = pathOf(c, 'path').replace(/\/$/, '')
    const ref = c.req.query('ref') ?? repository.defaultBranch
    const commit = await findCommit(repository.git, ref)
    if (!commit) throw problem(404, `No commit found for the ref ${ref}`)
    const entry = await entryAt(repository.git, commit.tree, path)
    if (!entry) throw notFound()
    if (entry.type === 'tree') return c.json(await directory(hub, repository, entry.sha, path, ref))
    if (entry.type === 'commit') return c.json(submodule(hub, repository, path, ref, entry.sha))
    const { own, shown } = await contentOf(repository, commit.tree, path, entry)
    if (!shown) return c.json(symbolicLink(hub, repository, path, ref, entry.sha, own))
    if (!accepts(c, 'raw')) return c.json(file(hub, repository, path, ref, entry.sha, shown))
    const type = 'application/vnd.github.raw; charset=utf-8'
    return c.body(new Uint8Array(shown), 200, { 'Content-Type': type })
  }
  app.get('/repos/:owner/:repo/contents', read)
  app.get('/repos/:owner/:repo/contents/:path{.*}', read)
  app.put('/repos/:owner/:repo/contents/:path{.+}', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'contents', 'write'))
    const input = await bodyOf<FileEdit & { content: string }>(c)
    if (typeof input.content !== 'string')
      throw problem(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    const path = pathOf(c, 'path')
    const bytes = Buffer.from(input.content, 'base64')
    const written = await hub.exclusive(repository, () =>
      writeFileCommit(hub, repository, byOf(hub, c), path, bytes, input),
    )
    const shown = file(hub, repository, path, written.branch, written.blob ?? '', bytes)
    const { content: _, encoding: __, ...content } = shown
    return c.json(
      { content, commit: gitCommit(hub, repository, written.commit) },
      written.created ? 201 : 200,
    )
  })
  app.delete('/repos/:owner/:repo/contents/:path{.+}', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'contents', 'write'))
    const input = await bodyOf<FileEdit>(c)
    const written = await hub.exclusive(repository, () =>
      writeFileCommit(hub, repository, byOf(hub, c), pathOf(c, 'path'), null, input),
    )
    return c.json({ content: null, commit: gitCommit(hub, repository, written.commit) })
  })
  return app
}

function entryLinks(hub: Hub, repository: Repository, path: string, ref: string, sha: string, type: string) {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  const url = `${repositoryUrl(hub, repository)}/contents/${encoded}?ref=${encodeURIComponent(ref)}`
  const git = `${repositoryUrl(hub, repository)}/git/${type === 'dir' ? 'trees' : 'blobs'}/${sha}`
  const html = `${repositoryPage(hub, repository)}/${type === 'dir' ? 'tree' : 'blob'}/${ref}/${encoded}`
  return {
    url,
    html_url: html,
    git_url: git,
    download_url: type === 'file' ? `${repositoryPage(hub, repository)}/raw/${ref}/${encoded}` : null,
    _links: { self: url, git, html },
  }
}

/** A link to a file is answered with that file's content and size, and the id of the link; any other one as a link. */
async function contentOf(
  { git }: Repository,
  tree: string,
  path: string,
  { mode, sha }: { mode: string; sha: string },
): Promise<{ own: Buffer; shown: Buffer | undefined }> {
  const read = async (id: string) => (await git.read(id))?.content ?? Buffer.alloc(0)
  const own = await read(sha)
  if (mode !== linkMode) return { own, shown: own }
  const entry = await entryAt(git, tree, posix.join(posix.dirname(path), own.toString('utf8')))
  const isFile = entry?.type === 'blob' && entry.mode !== linkMode
  return { own, shown: isFile ? await read(entry.sha) : undefined }
}

function symbolicLink(
  hub: Hub,
  repository: Repository,
  path: string,
  ref: string,
  sha: string,
  target: Buffer,
) {
  const own = { size: target.length, name: posix.basename(path), path, sha }
  const links = entryLinks(hub, repository, path, ref, sha, 'file')
  return { type: 'symlink', target: target.toString('utf8'), ...own, ...links }
}

/** Where it comes from is not looked up in `.gitmodules`. */
function submodule(hub: Hub, repository: Repository, path: string, ref: string, sha: string) {
  const own = { size: 0, name: posix.basename(path), path, sha }
  const links = entryLinks(hub, repository, path, ref, sha, 'submodule')
  return { type: 'submodule', submodule_git_url: `${hub.url}/unknown.git`, ...own, ...links }
}

/** Content is Base64 in lines of 60; past 1 MB it is left out, as on GitHub. */
function file(hub: Hub, repository: Repository, path: string, ref: string, sha: string, bytes: Buffer) {
  const small = bytes.length <= 1_000_000
  return {
    type: 'file',
    encoding: small ? 'base64' : 'none',
    size: bytes.length,
    name: path.split('/').at(-1) ?? path,
    path,
    content: small ? bytes.toString('base64').replace(/(.{60})/g, '$1\n') : '',
    sha,
    ...entryLinks(hub, repository, path, ref, sha, 'file'),
  }
}

async function directory(hub: Hub, repository: Repository, tree: string, path: string, ref: string) {
  // In a list, GitHub calls a submodule a file.
  const kinds = { blob: 'file', tree: 'dir', commit: 'file' }
  const entries = await treeEntries(repository.git, tree, false)
  return entries.map((entry) => {
    const full = path === '' ? entry.path : `${path}/${entry.path}`
    const type = entry.mode === linkMode ? 'symlink' : kinds[entry.type]
    return {
      type,
      size: entry.size ?? 0,
      name: entry.path,
      path: full,
      sha: entry.sha,
      ...entryLinks(hub, repository, full, ref, entry.sha, type),
    }
  })
}
