import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { diffText } from '../git-diff.ts'
import { type Hub, repositoryByName } from '../hub.ts'
import { mergeability } from '../mergeability.ts'
import { page } from '../pages.ts'
import { invalid, problem } from '../problems.ts'
import { editPull, retargetPull } from '../pull-edits.ts'
import { fullPull, isPull, pullCommits, pullFiles, pullRange } from '../pull-facts.ts'
import { closePull, openPull, reopenPull } from '../pulls.ts'
import type { PullIssue, Repository } from '../repository-state.ts'
import { accepts, bodyOf, byOf, ordered, pullOf } from '../requests.ts'
import { commitShape, fileShape } from '../shapes/commit.ts'
import { pullShape } from '../shapes/pull.ts'
import { mergeRoutes } from './pull-merge.ts'

const read = needs('read', 'pull_requests', 'read')
const triage = needs('triage', 'pull_requests', 'write')

/** Pull requests: opening, reading, changing and merging them. */
export function pullRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  listRoutes(hub, app)
  readRoutes(hub, app)
  changeRoutes(hub, app)
  mergeRoutes(hub, app)
  return app
}

function listRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/pulls', (c) => {
    const repository = openRepository(hub, c, read)
    const { state = 'open', base, head, sort = 'created' } = c.req.query()
    const rows = [...repository.issues.values()]
      .filter(isPull)
      .filter((issue) => state === 'all' || issue.state === state)
      .filter(({ pull }) => !base || pull.baseRef === base)
      .filter(({ pull }) => !head?.includes(':') || headLabel(hub, pull) === head)
    if (sort === 'updated') rows.sort((a, b) => a.updatedAt - b.updatedAt)
    const usual = c.req.query('sort') === undefined || sort === 'created' ? 'desc' : 'asc'
    return c.json(page(c, ordered(c, rows, usual)).map((issue) => pullShape(hub, repository, issue)))
  })
  app.post('/repos/:owner/:repo/pulls', async (c) => {
    const repository = openRepository(hub, c, needs('read', 'pull_requests', 'write'))
    const input = await bodyOf<PullInput>(c)
    const { base, head } = input
    if (!input.title) throw invalid([{ resource: 'PullRequest', field: 'title', code: 'missing_field' }])
    if (!base) throw invalid([{ resource: 'PullRequest', field: 'base', code: 'missing_field' }])
    const [headRepository, headRef] = headOf(hub, repository, head ?? '')
    const params = {
      title: input.title,
      body: input.body ?? null,
      base,
      headRepository,
      headRef,
      draft: input.draft ?? false,
      maintainerCanModify: input.maintainer_can_modify ?? false,
    }
    const issue = await hub.exclusive(repository, () => openPull(hub, repository, byOf(hub, c), params))
    return c.json(await fullPull(hub, repository, issue), 201)
  })
}

type PullInput = {
  title: string
  body: string | null
  base: string
  head: string
  draft: boolean
  maintainer_can_modify: boolean
}

function headLabel(hub: Hub, pull: PullIssue['pull']): string {
  const repository = hub.world.repositories.get(pull.headRepositoryId ?? -1)
  return `${repository ? hub.world.accounts.get(repository.ownerId)?.login : ''}:${pull.headRef}`
}

/** `branch`, or `owner:branch` for a fork. */
function headOf(hub: Hub, repository: Repository, head: string): [Repository, string] {
  const split = head.indexOf(':')
  if (split < 0) return [repository, head]
  const owner = hub.world.accounts.get(repository.ownerId)?.login
  if (head.slice(0, split).toLowerCase() === owner?.toLowerCase()) return [repository, head.slice(split + 1)]
  const forks = [...hub.world.repositories.values()].filter(({ parentId }) => parentId === repository.id)
  const fork =
    forks.find(
      (one) =>
        hub.world.accounts.get(one.ownerId)?.login.toLowerCase() === head.slice(0, split).toLowerCase(),
    ) ?? repositoryByName(hub, head.slice(0, split), repository.name)
  if (!fork) throw invalid([{ resource: 'PullRequest', field: 'head', code: 'invalid' }])
  return [fork, head.slice(split + 1)]
}

function readRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/pulls/:number{[0-9]+}', async (c) => {
    const repository = openRepository(hub, c, read)
    const issue = pullOf(c, repository)
    if (accepts(c, 'diff')) return c.text(await pullDiff(repository, issue))
    return c.json(await answer(hub, repository, issue))
  })
  app.get('/repos/:owner/:repo/pulls/:number/files', async (c) => {
    const repository = openRepository(hub, c, read)
    const issue = pullOf(c, repository)
    const files = (await pullFiles(repository, issue)).slice(0, 3000)
    return c.json(page(c, files).map((file) => fileShape(hub, repository, issue.pull.headSha, file)))
  })
  app.get('/repos/:owner/:repo/pulls/:number/commits', async (c) => {
    const repository = openRepository(hub, c, read)
    const commits = (await pullCommits(repository, pullOf(c, repository))).slice(0, 250)
    return c.json(page(c, commits).map((commit) => commitShape(hub, repository, commit)))
  })
}

async function answer(hub: Hub, repository: Repository, issue: PullIssue) {
  return fullPull(hub, repository, issue, await mergeability(hub, repository, issue))
}

/** GitHub gives a diff of at most 20,000 lines and 300 files. */
async function pullDiff(repository: Repository, issue: PullIssue): Promise<string> {
  const { before, after } = await pullRange(repository, issue)
  const tooLarge = (message: string) =>
    problem(406, message, { errors: [{ resource: 'PullRequest', field: 'diff', code: 'too_large' }] })
  const files = await pullFiles(repository, issue)
  if (files.length > 300) throw tooLarge('Sorry, the diff exceeded the maximum number of files (300).')
  const text = await diffText(repository.git, before, after)
  if (text.split('\n').length > 20_001)
    throw tooLarge('Sorry, the diff exceeded the maximum number of lines (20000)')
  return text
}

type PullEdit = { title: string; body: string | null; base: string; state: 'open' | 'closed' }

function changeRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.patch('/repos/:owner/:repo/pulls/:number', async (c) => {
    const { repository, issue } = openOwn(hub, c)
    const by = byOf(hub, c)
    const edit = await bodyOf<PullEdit>(c)
    await hub.exclusive(repository, async () => {
      await editPull(hub, repository, issue, edit, by)
      if (edit.base) await retargetPull(hub, repository, issue, edit.base, by)
      if (edit.state === 'closed' && issue.state === 'open') await closePull(hub, repository, issue, by)
      if (edit.state === 'open' && issue.state === 'closed') await reopenPull(hub, repository, issue, by)
    })
    return c.json(await answer(hub, repository, issue))
  })
}

/** Authors may change their own pull request; others need the triage role. */
function openOwn(hub: Hub, c: RequestContext) {
  const seen = openRepository(hub, c, needs('read', 'pull_requests', 'write'))
  const issue = pullOf(c, seen)
  const actor = c.get('actor')
  if (actor.kind === 'user' && actor.userId === issue.userId) return { repository: seen, issue }
  return { repository: openRepository(hub, c, triage), issue }
}
