import type { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { isAncestor } from '../git-history.ts'
import { listRefs, noCommit, shaOf } from '../git-reading.ts'
import { moveRef } from '../git-writing.ts'
import type { Hub } from '../hub.ts'
import { notFound, problem } from '../problems.ts'
import type { Move } from '../push-event.ts'
import { pushRefusal } from '../push-refusals.ts'
import { branchMoved } from '../pushes.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { nodeId, repositoryUrl } from '../shapes/links.ts'

const read = needs('read', 'contents', 'read')
const write = needs('write', 'contents', 'write')

export function refRoutes(hub: Hub, app: Hono<GitHubContext>): void {
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
