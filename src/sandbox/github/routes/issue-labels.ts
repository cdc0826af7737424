import type { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import type { Hub } from '../hub.ts'
import { addLabels, removeLabel } from '../issues.ts'
import { page } from '../pages.ts'
import { problem } from '../problems.ts'
import type { Issue } from '../repository-state.ts'
import { bodyOf, byOf, issueOf, pathOf } from '../requests.ts'
import { labelShape } from '../shapes/issue.ts'

const read = needs('read', 'issues', 'read')
const triage = needs('triage', 'issues', 'write')

export function issueLabelRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  const path = '/repos/:owner/:repo/issues/:number/labels'
  app.get(path, (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(page(c, issueOf(c, repository).labels).map((label) => labelShape(hub, repository, label)))
  })
  app.post(path, async (c) => {
    const repository = openRepository(hub, c, triage)
    const issue = issueOf(c, repository)
    const names = await labelNames(c)
    await hub.exclusive(repository, () => addLabels(hub, repository, issue, names, byOf(hub, c)))
    return c.json(issue.labels.map((label) => labelShape(hub, repository, label)))
  })
  app.put(path, async (c) => {
    const repository = openRepository(hub, c, triage)
    const issue = issueOf(c, repository)
    const names = await labelNames(c)
    await hub.exclusive(repository, () => replaceLabels(hub, c, issue, names))
    return c.json(issue.labels.map((label) => labelShape(hub, repository, label)))
  })
  app.delete(`${path}/:name`, async (c) => {
    const repository = openRepository(hub, c, triage)
    const issue = issueOf(c, repository)
    const name = pathOf(c, 'name')
    const gone = await hub.exclusive(repository, () =>
      removeLabel(hub, repository, issue, name, byOf(hub, c)),
    )
    if (!gone) throw problem(404, 'Label does not exist')
    return c.json(issue.labels.map((label) => labelShape(hub, repository, label)))
  })
}

/** `{"labels": […]}` or the bare list. */
async function labelNames(c: RequestContext): Promise<string[]> {
  const input = await bodyOf<{ labels: (string | { name: string })[] }>(c)
  const given = Array.isArray(input) ? (input as (string | { name: string })[]) : (input.labels ?? [])
  return given.map((label) => (typeof label === 'string' ? label : label.name))
}

export async function replaceLabels(
  hub: Hub,
  c: RequestContext,
  issue: Issue,
  names: string[],
): Promise<void> {
  const repository = openRepository(hub, c, triage)
  const by = byOf(hub, c)
  const kept = new Set(names.map((name) => name.toLowerCase()))
  for (const label of issue.labels.filter(({ name }) => !kept.has(name.toLowerCase()))) {
    await removeLabel(hub, repository, issue, label.name, by)
  }
  await addLabels(hub, repository, issue, names, by)
}
