import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import { ensureSuite } from '../check-suites.ts'
import { applyRunInput, checksChanged, emitRun, type RunInput, timeOf } from '../checks.ts'
import type { GitHubContext } from '../context.ts'
import { shaOf } from '../git-reading.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, problem, unprocessable } from '../problems.ts'
import type { CheckRun, Repository } from '../repository-state.ts'
import { bodyOf, byOf, pathOf } from '../requests.ts'
import { checkRunShape, newestRuns } from '../shapes/check.ts'
import { repositoryPage } from '../shapes/links.ts'
import { suiteById, suiteRoutes } from './check-suites.ts'

const read = needs('read', 'checks', 'read')
const write = needs('read', 'checks', 'write')

/** Check runs and suites. Only an App's installation may write them. */
export function checkRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  runRoutes(hub, app)
  listRoutes(hub, app)
  suiteRoutes(hub, app)
  return app
}

function requireApp(c: RequestContext): number {
  const actor = c.get('actor')
  if (actor.kind === 'installation') return actor.appId
  throw problem(403, 'You must authenticate via a GitHub App.')
}

function runOf(c: RequestContext, repository: Repository): CheckRun {
  const id = Number(pathOf(c, 'id'))
  for (const runs of repository.checkRuns.values()) {
    const run = runs.find((one) => one.id === id)
    if (run) return run
  }
  throw notFound()
}

function runRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.post('/repos/:owner/:repo/check-runs', async (c) => {
    const repository = openRepository(hub, c, write)
    const appId = requireApp(c)
    const input = await bodyOf<RunInput>(c)
    const sha = input.head_sha && (await shaOf(repository.git, input.head_sha))
    if (!input.name) throw unprocessable('Invalid request.\n\n"name" wasn\'t supplied.')
    if (!sha) throw unprocessable(`No commit found for SHA: ${input.head_sha ?? ''}`)
    const run = newRun(hub, repository, appId, sha)
    applyRunInput(hub, run, input)
    repository.checkRuns.set(sha, [...(repository.checkRuns.get(sha) ?? []), run])
    tellRun(hub, repository, run, c, true)
    return c.json(checkRunShape(hub, repository, run), 201)
  })
  app.get('/repos/:owner/:repo/check-runs/:id{[0-9]+}', (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(checkRunShape(hub, repository, runOf(c, repository)))
  })
  app.patch('/repos/:owner/:repo/check-runs/:id{[0-9]+}', async (c) => {
    const repository = openRepository(hub, c, write)
    const appId = requireApp(c)
    const run = runOf(c, repository)
    if (run.appId !== appId)
      throw problem(
        403,
        `Invalid app_id \`${run.appId}\` - check run can only be modified by the GitHub App that created it.`,
      )
    const done = run.status === 'completed'
    applyRunInput(hub, run, await bodyOf<RunInput>(c))
    tellRun(hub, repository, run, c, false, done)
    return c.json(checkRunShape(hub, repository, run))
  })
  app.get('/repos/:owner/:repo/check-runs/:id{[0-9]+}/annotations', (c) => {
    const repository = openRepository(hub, c, read)
    const run = runOf(c, repository)
    const blob_href = `${repositoryPage(hub, repository)}/blob/${run.headSha}`
    const unsaid = { start_column: null, end_column: null, title: null, raw_details: null }
    const rows = page(c, run.annotations)
    return c.json(rows.map((row) => ({ ...unsaid, ...row, blob_href: `${blob_href}/${row.path}` })))
  })
  app.post('/repos/:owner/:repo/check-runs/:id{[0-9]+}/rerequest', (c) => {
    const repository = openRepository(hub, c, needs('write', 'checks', 'write'))
    const run = runOf(c, repository)
    const suite = suiteById(repository, run.suiteId)
    suite.rerequested = true
    emitRun(hub, repository, run, 'rerequested', byOf(hub, c))
    return c.json({}, 201)
  })
}

function newRun(hub: Hub, repository: Repository, appId: number, sha: string): CheckRun {
  const suite = ensureSuite(hub, repository, appId, sha)
  if (!suite) throw notFound()
  suite.rerequested = false
  return {
    id: hub.world.nextId('checkRun'),
    name: '',
    appId,
    suiteId: suite.id,
    headSha: sha,
    externalId: '',
    detailsUrl: null,
    status: 'queued',
    conclusion: null,
    startedAt: timeOf(hub),
    completedAt: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
    actions: [],
  }
}

function tellRun(
  hub: Hub,
  repository: Repository,
  run: CheckRun,
  c: RequestContext,
  created: boolean,
  done = false,
) {
  const by = byOf(hub, c)
  const suite = suiteById(repository, run.suiteId)
  suite.updatedAt = hub.clock()
  if (created) emitRun(hub, repository, run, 'created', by)
  if (run.status === 'completed' && !done) emitRun(hub, repository, run, 'completed', by)
  checksChanged(hub, repository, run.headSha)
}

function listRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/commits/:ref{.+}/check-runs', async (c) => {
    const repository = openRepository(hub, c, read)
    const sha = await shaOf(repository.git, pathOf(c, 'ref'))
    if (!sha) throw unprocessable(`No commit found for SHA: ${pathOf(c, 'ref')}`)
    return c.json(runList(hub, c, repository, repository.checkRuns.get(sha) ?? []))
  })
  app.get('/repos/:owner/:repo/check-suites/:id/check-runs', (c) => {
    const repository = openRepository(hub, c, read)
    const suite = suiteById(repository, Number(pathOf(c, 'id')))
    const runs = (repository.checkRuns.get(suite.headSha) ?? []).filter(({ suiteId }) => suiteId === suite.id)
    return c.json(runList(hub, c, repository, runs))
  })
}

/** `filter=latest`, the usual one, gives the newest run of each name and app; newest first. */
function runList(hub: Hub, c: RequestContext, repository: Repository, all: CheckRun[]) {
  const { check_name, app_id, status, filter = 'latest' } = c.req.query()
  const runs = (filter === 'all' ? all : newestRuns(all))
    .filter((run) => !check_name || run.name === check_name)
    .filter((run) => !app_id || run.appId === Number(app_id))
    .filter((run) => !status || run.status === status)
    .sort((a, b) => b.id - a.id)
  return {
    total_count: runs.length,
    check_runs: page(c, runs).map((run) => checkRunShape(hub, repository, run)),
  }
}
