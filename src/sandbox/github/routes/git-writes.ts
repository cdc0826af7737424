import type { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit } from '../git-reading.ts'
import { changeTree, type TreeChange, treeEntries } from '../git-trees.ts'
import { writeBlob, writeCommit } from '../git-writing.ts'
import type { Hub } from '../hub.ts'
import { personSignature } from '../merging.ts'
import { problem } from '../problems.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, byOf } from '../requests.ts'
import { gitCommit } from '../shapes/commit.ts'
import { repositoryUrl } from '../shapes/links.ts'

const write = needs('write', 'contents', 'write')

type TreeInput = { path: string; mode: string; sha?: string | null; content?: string }
type CommitInput = {
  message: string
  tree: string
  parents: string[]
  author?: PersonInput
  committer?: PersonInput
}
type PersonInput = { name: string; email: string; date?: string }

export function writeRoutes(hub: Hub, app: Hono<GitHubContext>): void {
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
