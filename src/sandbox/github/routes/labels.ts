import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import type { Hub } from '../hub.ts'
import { deleteLabel, editLabel, findLabel, type LabelEdit, makeLabel } from '../issues.ts'
import { page } from '../pages.ts'
import { invalid, notFound } from '../problems.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { labelShape } from '../shapes/issue.ts'

type LabelInput = { name: string; color: string; description: string | null }

/** The labels that a repository knows. */
export function labelRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  const read = needs('read', 'issues', 'read')
  const write = needs('write', 'issues', 'write')
  app.get('/repos/:owner/:repo/labels', (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(page(c, repository.labels).map((label) => labelShape(hub, repository, label)))
  })
  app.post('/repos/:owner/:repo/labels', async (c) => {
    const repository = openRepository(hub, c, write)
    const { name, color, description } = await bodyOf<LabelInput>(c)
    if (!name) throw invalid([{ resource: 'Label', field: 'name', code: 'missing_field' }])
    if (findLabel(repository, name))
      throw invalid([{ resource: 'Label', field: 'name', code: 'already_exists' }])
    const label = makeLabel(
      hub,
      repository,
      {
        name,
        ...(color ? { color } : {}),
        description: description ?? null,
      },
      byOf(hub, c),
    )
    return c.json(labelShape(hub, repository, label), 201)
  })
  app.get('/repos/:owner/:repo/labels/:name', (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(labelShape(hub, repository, labelOf(c, repository)))
  })
  app.patch('/repos/:owner/:repo/labels/:name', async (c) => {
    const repository = openRepository(hub, c, write)
    const label = labelOf(c, repository)
    editLabel(hub, repository, label, await bodyOf<LabelEdit>(c), byOf(hub, c))
    return c.json(labelShape(hub, repository, label))
  })
  app.delete('/repos/:owner/:repo/labels/:name', async (c) => {
    const repository = openRepository(hub, c, write)
    const label = labelOf(c, repository)
    await hub.exclusive(repository, () => deleteLabel(hub, repository, label, byOf(hub, c)))
    return c.body(null, 204)
  })
  return app
}

function labelOf(c: RequestContext, repository: Repository) {
  const label = findLabel(repository, pathOf(c, 'name'))
  if (!label) throw notFound()
  return label
}
