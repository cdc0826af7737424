import type { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { emit } from '../events.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { invalid, notFound } from '../problems.ts'
import type { Comment, Issue, Repository } from '../repository-state.ts'
import { bodyOf, byOf, issueOf, pathOf } from '../requests.ts'
import { commentShape, issueShape, reactionKinds, reactionShape } from '../shapes/issue.ts'

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
  app.get('/repos/:owner/:repo/issues/comments/:id', (c) => {
    const repository = openRepository(hub, c, read)
    const { issue, comment } = commentOf(c, repository)
    return c.json(commentShape(hub, repository, issue, comment))
  })
  app.delete('/repos/:owner/:repo/issues/comments/:id', async (c) => {
    const repository = openRepository(hub, c, take)
    const { issue, comment } = commentOf(c, repository)
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
    const { issue, comment } = commentOf(c, repository)
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
  reactionRoutes(hub, app)
}

/** Anyone who can read can react. A second equal reaction of the same account is the first one. */
function reactionRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  const path = '/repos/:owner/:repo/issues/comments/:id/reactions'
  app.get(path, (c) => {
    const { comment } = commentOf(c, openRepository(hub, c, read))
    return c.json(page(c, comment.reactions ?? []).map((reaction) => reactionShape(hub, reaction)))
  })
  app.post(path, async (c) => {
    const { comment } = commentOf(c, openRepository(hub, c, take))
    const { content } = await bodyOf<{ content: string }>(c)
    if (!content || !reactionKinds.includes(content))
      throw invalid([{ resource: 'Reaction', field: 'content', code: 'invalid' }])
    const { userId } = byOf(hub, c)
    const before = comment.reactions?.find((one) => one.userId === userId && one.content === content)
    if (before) return c.json(reactionShape(hub, before), 200)
    const reaction = { id: hub.world.nextId('reaction'), userId, content, createdAt: hub.clock() }
    comment.reactions = [...(comment.reactions ?? []), reaction]
    return c.json(reactionShape(hub, reaction), 201)
  })
}

function commentOf(c: RequestContext, repository: Repository): { issue: Issue; comment: Comment } {
  const id = Number(pathOf(c, 'id'))
  for (const issue of repository.issues.values()) {
    const comment = issue.comments.find((one) => one.id === id)
    if (comment) return { issue, comment }
  }
  throw notFound()
}
