import { Hono } from 'hono'
import { needs, openRepository, type RequestContext, roleOf } from '../access.ts'
import type { By, GitHubContext } from '../context.ts'
import { emit } from '../events.ts'
import type { Hub } from '../hub.ts'
import { accountByLogin, repositoryByName } from '../hub.ts'
import { addLabels, assign, closeIssue, reopenIssue } from '../issues.ts'
import { page } from '../pages.ts'
import { invalid } from '../problems.ts'
import { editPull } from '../pull-edits.ts'
import { isPull } from '../pull-facts.ts'
import { closePull, newIssue, reopenPull } from '../pulls.ts'
import type { Issue, Repository } from '../repository-state.ts'
import { bodyOf, byOf, issueOf, ordered, requireIssues } from '../requests.ts'
import { eventShape, issueShape } from '../shapes/issue.ts'
import { repositoryUrl } from '../shapes/links.ts'
import { commentRoutes } from './issue-comments.ts'
import { issueLabelRoutes, replaceLabels } from './issue-labels.ts'

const read = needs('read', 'issues', 'read')
const take = needs('read', 'issues', 'write')
const triage = needs('triage', 'issues', 'write')

/** Issues, their comments, events and labels; pull requests are issues too. */
export function issueRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  movedRoutes(hub, app)
  listRoutes(hub, app)
  changeRoutes(hub, app)
  commentRoutes(hub, app)
  issueLabelRoutes(hub, app)
  return app
}

/** An issue that was transferred is where it is now. */
function movedRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.use('/repos/:owner/:repo/issues/:number{[0-9]+}/*', async (c, next) => {
    const { owner, repo, number } = c.req.param()
    const moved = repositoryByName(hub, owner, repo)?.movedIssues?.get(Number(number))
    if (!moved) return next()
    openRepository(hub, c, read)
    const rest = c.req.path.replace(/^.*\/issues\/\d+/, '')
    const url = `${repositoryUrl(hub, moved.repository)}/issues/${moved.number}${rest}`
    return c.json({ message: 'Moved Permanently', url }, 301, { location: url })
  })
}

function listRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/issues', (c) => {
    const repository = openRepository(hub, c, read)
    const { state = 'open', labels, creator, since } = c.req.query()
    const wanted = labels?.split(',').filter(Boolean) ?? []
    const author = creator ? accountByLogin(hub, creator) : undefined
    const rows = [...repository.issues.values()].filter(
      (issue) =>
        (repository.hasIssues || isPull(issue)) &&
        (state === 'all' || issue.state === state) &&
        wanted.every((name) =>
          issue.labels.some((label) => label.name.toLowerCase() === name.toLowerCase()),
        ) &&
        (!creator || issue.userId === author?.id) &&
        (!since || issue.updatedAt >= Date.parse(since)),
    )
    return c.json(page(c, ordered(c, rows, 'desc')).map((issue) => issueShape(hub, repository, issue)))
  })
  app.get('/repos/:owner/:repo/issues/:number{[0-9]+}', (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(issueShape(hub, repository, issueOf(c, repository)))
  })
  app.get('/repos/:owner/:repo/issues/:number/events', (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(page(c, issueOf(c, repository).events).map((event) => eventShape(hub, repository, event)))
  })
}

type IssueInput = {
  title: string
  body: string | null
  labels: string[]
  assignees: string[]
  state: string
  state_reason: string
}

function changeRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.post('/repos/:owner/:repo/issues', async (c) => {
    const repository = openRepository(hub, c, take)
    requireIssues(repository)
    const input = await bodyOf<IssueInput>(c)
    if (!input.title) throw invalid([{ resource: 'Issue', field: 'title', code: 'missing_field' }])
    const by = byOf(hub, c)
    const title = input.title
    const assignees = idsOf(hub, input.assignees ?? [])
    if (assignees.some((id) => roleOf(hub, repository, id) === 'none'))
      throw invalid([{ resource: 'Issue', field: 'assignees', code: 'invalid' }])
    const issue = await hub.exclusive(repository, async () => {
      const created = newIssue(hub, repository, by, title, input.body ?? null)
      created.assignees = assignees
      emit(hub, repository, 'issues', by, { action: 'opened', issue: issueShape(hub, repository, created) })
      await addLabels(hub, repository, created, input.labels ?? [], by)
      return created
    })
    return c.json(issueShape(hub, repository, issue), 201)
  })
  app.post('/repos/:owner/:repo/issues/:number/assignees', async (c) => {
    const repository = openRepository(hub, c, triage)
    const issue = issueOf(c, repository)
    const { assignees = [] } = await bodyOf<{ assignees: string[] }>(c)
    assign(hub, repository, issue, [...new Set([...issue.assignees, ...idsOf(hub, assignees)])], byOf(hub, c))
    return c.json(issueShape(hub, repository, issue), 201)
  })
  app.patch('/repos/:owner/:repo/issues/:number', async (c) => {
    const repository = openRepository(hub, c, take)
    const issue = issueOf(c, repository)
    const actor = c.get('actor')
    if (actor.kind === 'user' && actor.userId !== issue.userId) openRepository(hub, c, triage)
    const input = await bodyOf<IssueInput>(c)
    await hub.exclusive(repository, () => editIssue(hub, c, issue, input))
    return c.json(issueShape(hub, repository, issue))
  })
}

async function editIssue(
  hub: Hub,
  c: RequestContext,
  issue: Issue,
  input: Partial<IssueInput>,
): Promise<void> {
  const repository = openRepository(hub, c, take)
  const by = byOf(hub, c)
  if (isPull(issue)) await editPull(hub, repository, issue, input, by)
  else editText(hub, repository, issue, input, by)
  if (input.state && input.state !== issue.state) await switchState(hub, repository, issue, by, input)
  if (input.assignees) assign(hub, repository, issue, idsOf(hub, input.assignees), by)
  if (input.labels) await replaceLabels(hub, c, issue, input.labels)
}

function editText(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  { title = issue.title, body = issue.body }: Partial<IssueInput>,
  by: By,
): void {
  const changes = {
    ...(title === issue.title ? {} : { title: { from: issue.title } }),
    ...(body === issue.body ? {} : { body: { from: issue.body } }),
  }
  if (Object.keys(changes).length === 0) return
  Object.assign(issue, { title, body, updatedAt: hub.clock() })
  emit(hub, repository, 'issues', by, {
    action: 'edited',
    issue: issueShape(hub, repository, issue),
    changes,
  })
}

async function switchState(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  by: By,
  input: Partial<IssueInput>,
) {
  const closing = input.state === 'closed'
  if (isPull(issue)) await (closing ? closePull : reopenPull)(hub, repository, issue, by)
  else if (closing) closeIssue(hub, repository, issue, by, input.state_reason)
  else reopenIssue(hub, repository, issue, by)
}

function idsOf(hub: Hub, logins: string[]): number[] {
  return logins.map((login) => accountByLogin(hub, login)?.id).filter((id) => id !== undefined)
}
