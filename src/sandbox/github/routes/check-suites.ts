import type { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import { emitSuite } from '../check-suites.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit, shaOf } from '../git-reading.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, unprocessable } from '../problems.ts'
import type { CheckSuite, Repository } from '../repository-state.ts'
import { byOf, pathOf } from '../requests.ts'
import { suiteWithRepository } from '../shapes/check.ts'
import { headCommit } from '../shapes/commit.ts'

const read = needs('read', 'checks', 'read')

export function suiteById(repository: Repository, id: number): CheckSuite {
  const suite = repository.checkSuites.find((one) => one.id === id)
  if (!suite) throw notFound()
  return suite
}

export function suiteRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/commits/:ref{.+}/check-suites', async (c) => {
    const repository = openRepository(hub, c, read)
    const sha = await shaOf(repository.git, pathOf(c, 'ref'))
    if (!sha) throw unprocessable(`No commit found for SHA: ${pathOf(c, 'ref')}`)
    const wanted = c.req.query('app_id')
    const suites = repository.checkSuites.filter(
      (one) => one.headSha === sha && (!wanted || one.appId === Number(wanted)),
    )
    const shown = await Promise.all(page(c, suites).map((suite) => shapeOf(hub, repository, suite)))
    return c.json({ total_count: suites.length, check_suites: shown })
  })
  app.get('/repos/:owner/:repo/check-suites/:id', async (c) => {
    const repository = openRepository(hub, c, read)
    return c.json(await shapeOf(hub, repository, suiteById(repository, Number(pathOf(c, 'id')))))
  })
  app.post('/repos/:owner/:repo/check-suites/:id/rerequest', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'checks', 'write'))
    const suite = suiteById(repository, Number(pathOf(c, 'id')))
    suite.rerequested = true
    await emitSuite(hub, repository, suite, 'rerequested', byOf(hub, c))
    return c.json({}, 201)
  })
}

async function shapeOf(hub: Hub, repository: Repository, suite: CheckSuite) {
  const commit = await findCommit(repository.git, suite.headSha)
  return suiteWithRepository(hub, repository, suite, commit ? headCommit(commit) : null)
}
