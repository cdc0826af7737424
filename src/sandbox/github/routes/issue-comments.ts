import type { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { emit } from '../events.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { invalid, notFound } from '../problems.ts'
import { bodyOf, byOf, issueOf, pathOf } from '../requests.ts'
import { commentShape, issueShape } from '../shapes/issue.ts'

const read = needs('read', 'issues', 'read')
const take = needs('read', 'issues', 'write')

export function commentRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/issues/:number/comments', (c) => {
    const repository = openRepository(hub, c, read)
    const issue = issueOf(c, repository)
    return c.json(page(c, issue.comments).map((comment) => commentShape(hub, repository, issue, comment)))
  })
  app.post('/repos/:owner/:repo/issues/:number/comments', async (c) => {
    const repository = openRepository(hub, c, take)
    const issue = issueOf(c, repository)
    const { body } = await bodyOf<{ body: string }>(c)
    if (!body) throw invalid([{ resource: 'IssueComment', field: 'body', code: 'missing_field' }])
    const by = byOf(hub, c)
    const now = hub.clock()
    const via = by.appId === null ? {} : { appId: by.appId }
    const comment = {
      id: hub.world.nextId('comment'),
      userId: by.userId,
      body,
      createdAt: now,
      updatedAt: now,
      ...via,
    }
    issue.comments.push(comment)
    issue.updatedAt = now
    const shape = commentShape(hub, repository, issue, comment)
    emit(hub, repository, 'issue_comment', by, {
      action: 'created',
      issue: issueShape(hub, repository, issue),
      comment: shape,
    })
    return c.json(shape, 201)
  })
  app.delete('/repos/:owner/:repo/issues/comments/:id', async (c) => {
    const repository = openRepository(hub, c, take)
    const id = Number(pathOf(c, 'id'))
    const issue = [...repository.issues.values()].find(({ comments }) =>
      comments.some((one) => one.id === id),
    )
    const comment = issue?.comments.find((one) => one.id === id)
    if (!issue || !comment) throw notFound()
    const by = byOf(hub, c)
    if (by.userId !== comment.userId) openRepository(hub, c, needs('write', 'issues', 'write'))
    issue.comments = issue.comments.filter((one) => one !== comment)
    issue.updatedAt = hub.clock()
    emit(hub, repository, 'issue_comment', by, {
      action: 'deleted',
      issue: issueShape(hub, repository, issue),
      comment: commentShape(hub, repository, issue, comment),
    })
    return c.body(null, 204)
  })
  app.patch('/repos/:owner/:repo/issues/comments/:id', async (c) => {
    const repository = openRepository(hub, c, take)
    const id = Number(pathOf(c, 'id'))
    const issue = [...repository.issues.values()].find(({ comments }) =>
      comments.some((one) => one.id === id),
    )
    const comment = issue?.comments.find((one) => one.id === id)
    if (!issue || !comment) throw notFound()
    const by = byOf(hub, c)
    if (by.userId !== comment.userId) openRepository(hub, c, needs('write', 'issues', 'write'))
    const { body } = await bodyOf<{ body: string }>(c)
    const changes = { body: { from: comment.body } }
    Object.assign(comment, { body: body ?? comment.body, updatedAt: hub.clock() })
    const shape = commentShape(hub, repository, issue, comment)
    emit(hub, repository, 'issue_comment', by, {
      action: 'edited',
      changes,
      issue: issueShape(hub, repository, issue),
      comment: shape,
    })
    return c.json(shape)
  })
}
