import { Hono } from 'hono'
import type { RequestContext } from '../access.ts'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { shaOf } from '../git-reading.ts'
import { accountByLogin, type Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, problem, unprocessable } from '../problems.ts'
import type { PullIssue } from '../repository-state.ts'
import { bodyOf, byOf, pathOf, pullOf } from '../requests.ts'
import { requestReviewers } from '../review-requests.ts'
import { dismissReview, editReview, pullsRead, submitReview } from '../reviews.ts'
import { simpleUser } from '../shapes/account.ts'
import { pullShape, requestedTeams, reviewShape } from '../shapes/pull.ts'
import type { Account } from '../world.ts'

type ReviewInput = { commit_id: string; body: string; event: string }
const write = needs('read', 'pull_requests', 'write')

/** Reviews and requests for them. */
export function reviewRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/repos/:owner/:repo/pulls/:number/reviews', (c) => {
    const repository = openRepository(hub, c, pullsRead)
    const issue = pullOf(c, repository)
    const me = c.get('actor')
    const shown = issue.pull.reviews.filter(
      ({ state, userId }) => state !== 'PENDING' || (me.kind === 'user' && me.userId === userId),
    )
    return c.json(page(c, shown).map((review) => reviewShape(hub, repository, issue, review)))
  })
  app.post('/repos/:owner/:repo/pulls/:number/reviews', async (c) => {
    const repository = openRepository(hub, c, write)
    const issue = pullOf(c, repository)
    const input = await bodyOf<ReviewInput>(c)
    if (input.commit_id && !(await shaOf(repository.git, input.commit_id))) {
      throw unprocessable('Unprocessable Entity', [`The commit ${input.commit_id} could not be found`])
    }
    const params = {
      event: input.event,
      body: input.body ?? '',
      commitId: input.commit_id ?? issue.pull.headSha,
    }
    const review = await hub.exclusive(repository, () =>
      submitReview(hub, repository, issue, byOf(hub, c), params),
    )
    return c.json(reviewShape(hub, repository, issue, review))
  })
  app.get('/repos/:owner/:repo/pulls/:number/reviews/:id', (c) => {
    const repository = openRepository(hub, c, pullsRead)
    const issue = pullOf(c, repository)
    return c.json(reviewShape(hub, repository, issue, reviewOf(c, issue)))
  })
  app.put('/repos/:owner/:repo/pulls/:number/reviews/:id', async (c) => {
    const repository = openRepository(hub, c, write)
    const issue = pullOf(c, repository)
    const review = reviewOf(c, issue)
    const by = byOf(hub, c)
    if (by.userId !== review.userId) throw problem(422, 'Can not edit a review of somebody else')
    const { body = '' } = await bodyOf<ReviewInput>(c)
    await hub.exclusive(repository, async () => editReview(hub, repository, issue, review, body, by))
    return c.json(reviewShape(hub, repository, issue, review))
  })
  app.post('/repos/:owner/:repo/pulls/:number/reviews/:id/events', async (c) => {
    const repository = openRepository(hub, c, write)
    const issue = pullOf(c, repository)
    const pending = reviewOf(c, issue)
    const input = await bodyOf<ReviewInput>(c)
    const params = {
      event: input.event,
      body: input.body ?? pending.body,
      commitId: pending.commitId ?? issue.pull.headSha,
    }
    const review = await hub.exclusive(repository, () =>
      submitReview(hub, repository, issue, byOf(hub, c), params, pending),
    )
    return c.json(reviewShape(hub, repository, issue, review))
  })
  app.put('/repos/:owner/:repo/pulls/:number/reviews/:id/dismissals', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'pull_requests', 'write'))
    const issue = pullOf(c, repository)
    const review = reviewOf(c, issue)
    const { message } = await bodyOf<{ message: string }>(c)
    if (!message) throw problem(422, 'Invalid request.\n\n"message" wasn\'t supplied.')
    await hub.exclusive(repository, () =>
      dismissReview(hub, repository, issue, review, message, byOf(hub, c)),
    )
    return c.json(reviewShape(hub, repository, issue, review))
  })
  requestRoutes(hub, app)
  return app
}

function reviewOf(c: RequestContext, issue: PullIssue) {
  const review = issue.pull.reviews.find(({ id }) => id === Number(pathOf(c, 'id')))
  if (!review) throw notFound()
  return review
}

type ReviewersInput = { reviewers: string[]; team_reviewers: string[] }

function requestRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  const path = '/repos/:owner/:repo/pulls/:number/requested_reviewers'
  app.get(path, (c) => {
    const { pull } = pullOf(c, openRepository(hub, c, pullsRead))
    const users = [...pull.requestedReviewers]
      .map((id) => hub.world.accounts.get(id))
      .filter((user) => user) as Account[]
    return c.json({ users: users.map((user) => simpleUser(hub, user)), teams: requestedTeams(hub, pull) })
  })
  const change = (wanted: boolean) => async (c: RequestContext) => {
    const repository = openRepository(hub, c, needs('triage', 'pull_requests', 'write'))
    const issue = pullOf(c, repository)
    const { reviewers = [], team_reviewers = [] } = await bodyOf<ReviewersInput>(c)
    const accounts = reviewers.map((login) => {
      const account = accountByLogin(hub, login)
      if (!account) throw unprocessable(`Reviews may only be requested from collaborators. ${login} is none.`)
      return account
    })
    const teams = hub.world.teams.filter(
      ({ organizationId, slug }) => organizationId === repository.ownerId && team_reviewers.includes(slug),
    )
    const by = byOf(hub, c)
    await hub.exclusive(repository, () =>
      requestReviewers(hub, repository, issue, { accounts, teams, wanted }, by),
    )
    return c.json(pullShape(hub, repository, issue), wanted ? 201 : 200)
  }
  app.post(path, change(true))
  app.delete(path, change(false))
}
