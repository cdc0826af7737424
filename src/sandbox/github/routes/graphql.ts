import { type DocumentNode, execute, GraphQLError, parse, validate } from 'graphql'
import { Hono } from 'hono'
import { hasRole, maySee, type RequestContext, requireAccountOf } from '../access.ts'
import type { By, GitHubContext } from '../context.ts'
import { MOST_NODES } from '../graphql-cost.ts'
import { pullObject, queuePosition, refuse, repositoryObject, userObject } from '../graphql-objects.ts'
import { graphqlSchema } from '../graphql-schema.ts'
import { type Hub, isoTime, repositoryByName } from '../hub.ts'
import { dequeue, enqueue } from '../merge-queue.ts'
import { mergeBlock } from '../merging.ts'
import { setAutoMerge, setDraft } from '../pull-edits.ts'
import { isPull } from '../pull-facts.ts'
import type { MergeMethod, PullIssue, Repository } from '../repository-state.ts'
import { bodyOf, byOf } from '../requests.ts'
import { nodeId, readNodeId } from '../shapes/links.ts'

type Found = { repository: Repository; issue: PullIssue; by: By }
type PullInput = { input: { pullRequestId: string; clientMutationId?: string } }
type AutoMergeInput = PullInput & {
  input: { mergeMethod: string; commitHeadline?: string; commitBody?: string; expectedHeadOid?: string }
}

/** `/graphql`: the mutations that REST does not have, and the fields to see what they did. */
export function graphqlRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.post('/graphql', async (c) => {
    requireAccountOf(hub, c)
    const { query = '', variables } = await bodyOf<{ query: string; variables: Record<string, unknown> }>(c)
    const nodeCount = c.get('points')?.nodeCount ?? 0
    if (nodeCount > MOST_NODES) return c.json({ errors: [tooManyNodes(nodeCount)] })
    const rootValue = { ...queries(hub, c), ...mutations(hub, c) }
    const checked = check(query)
    const answer =
      'errors' in checked
        ? checked
        : await execute({ schema: graphqlSchema, ...checked, rootValue, variableValues: variables ?? {} })
    return c.json(answer.errors ? { ...answer, errors: answer.errors.map(errorShape) } : answer)
  })
  return app
}

type Checked = { document: DocumentNode } | { errors: readonly GraphQLError[] }

/** What was asked before, by its text: clients send the same queries again and again, and to check one takes longer than to answer it. */
const asked = new Map<string, Checked>()
const mostAsked = 500

function check(query: string): Checked {
  const known = asked.get(query)
  if (known) return known
  if (asked.size >= mostAsked) asked.clear()
  const checked = read(query)
  asked.set(query, checked)
  return checked
}

function read(query: string): Checked {
  try {
    const document = parse(query)
    const errors = validate(graphqlSchema, document)
    return errors.length > 0 ? { errors } : { document }
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] }
    throw error
  }
}

function tooManyNodes(asked: number) {
  const message = `This query requests up to ${asked} possible nodes which exceeds the maximum limit of ${MOST_NODES}.`
  return { type: 'MAX_NODE_LIMIT_EXCEEDED', message }
}

function errorShape(error: GraphQLError) {
  const { message, path, locations, extensions } = error
  return { type: extensions.type ?? 'UNPROCESSABLE', message, path, locations }
}

function queries(hub: Hub, c: RequestContext) {
  return {
    viewer: () => userObject(requireAccountOf(hub, c)),
    repository({ owner, name }: { owner: string; name: string }) {
      const repository = repositoryByName(hub, owner, name)
      if (repository && maySee(hub, repository, c.get('actor')))
        return repositoryObject(hub, repository, c.get('actor'))
      throw refuse(`Could not resolve to a Repository with the name '${owner}/${name}'.`, 'NOT_FOUND')
    },
    node: ({ id }: { id: string }) => nodeOf(hub, c, id),
    /** One that cannot be given is null, with an error of its own; the others are given all the same. */
    nodes({ ids }: { ids: string[] }) {
      if (ids.length > 100)
        throw refuse(
          `You may not provide more than 100 node ids; you provided ${ids.length}.`,
          'ARGUMENT_LIMIT',
        )
      return ids.map((id) => attempt(() => nodeOf(hub, c, id)))
    },
    rateLimit() {
      const points = c.get('points')
      if (!points) return null
      const { limit, used, resetAt } = points
      return { ...points, remaining: Math.max(0, limit - used), resetAt: isoTime(resetAt) }
    },
  }
}

function nodeOf(hub: Hub, c: RequestContext, id: string) {
  const { kind, parts } = readNodeId(id)
  if (kind !== 'R') {
    const { repository, issue } = findPull(hub, c, id)
    return pullObject(hub, repository, issue)
  }
  const repository = hub.world.repositories.get(Number(parts[0]))
  if (repository && maySee(hub, repository, c.get('actor')))
    return repositoryObject(hub, repository, c.get('actor'))
  throw unresolved(id)
}

function unresolved(id: string): GraphQLError {
  return refuse(`Could not resolve to a node with the global id of '${id}'`, 'NOT_FOUND')
}

/** An error that stands in a list fails its row alone. */
function attempt<Value>(work: () => Value): Value | GraphQLError {
  try {
    return work()
  } catch (error) {
    if (error instanceof GraphQLError) return error
    throw error
  }
}

function findPull(hub: Hub, c: RequestContext, id: string): Found {
  const { kind, parts } = readNodeId(id)
  const repository = hub.world.repositories.get(Number(parts[0]))
  const issue = repository?.issues.get(Number(parts[1]))
  const known = ['PR', 'MQE'].includes(kind) && repository && issue && isPull(issue)
  if (!known || !maySee(hub, repository, c.get('actor'))) {
    throw unresolved(id)
  }
  return { repository, issue, by: byOf(hub, c) }
}

/** People with write may do all of it; the author may change between draft and ready. */
function change(
  hub: Hub,
  c: RequestContext,
  authorToo: boolean,
  deed: (found: Found, input: PullInput['input']) => Promise<void>,
) {
  return async ({ input }: PullInput) => {
    const found = findPull(hub, c, input.pullRequestId)
    const { repository, issue, by } = found
    const may = hasRole(hub, repository, by.userId, 'write') || (authorToo && by.userId === issue.userId)
    if (!may) throw refuse('You do not have permission to do this on this pull request.', 'FORBIDDEN')
    await hub.exclusive(repository, () => deed(found, input))
    return {
      pullRequest: pullObject(hub, repository, issue),
      clientMutationId: input.clientMutationId ?? null,
    }
  }
}

function mutations(hub: Hub, c: RequestContext) {
  return {
    markPullRequestReadyForReview: change(hub, c, true, ({ repository, issue, by }) =>
      setDraft(hub, repository, issue, false, by),
    ),
    convertPullRequestToDraft: change(hub, c, true, ({ repository, issue, by }) =>
      setDraft(hub, repository, issue, true, by),
    ),
    enablePullRequestAutoMerge: change(hub, c, false, (found, input) =>
      enableAutoMerge(hub, found, input as AutoMergeInput['input']),
    ),
    disablePullRequestAutoMerge: change(hub, c, false, ({ repository, issue, by }) =>
      setAutoMerge(hub, repository, issue, null, by),
    ),
    async enqueuePullRequest({ input }: PullInput) {
      const found = findPull(hub, c, input.pullRequestId)
      await change(hub, c, false, ({ repository, issue, by }) => enqueue(hub, repository, issue, by))({
        input,
      })
      return { mergeQueueEntry: entryOf(found) }
    },
    async dequeuePullRequest({ input }: { input: { id: string } }) {
      const found = findPull(hub, c, input.id)
      const entry = entryOf(found)
      await change(hub, c, false, ({ repository, issue, by }) => dequeue(hub, repository, issue, by))({
        input: { pullRequestId: input.id },
      })
      return { mergeQueueEntry: entry }
    },
  }
}

function entryOf({ repository, issue }: Found) {
  const position = queuePosition(repository, issue)
  return position > 0 ? { id: nodeId('MQE', repository.id, issue.number), position } : null
}

/** GitHub takes auto-merge only while something is still missing; what could merge at once is refused as "clean". */
async function enableAutoMerge(
  hub: Hub,
  { repository, issue, by }: Found,
  input: AutoMergeInput['input'],
): Promise<void> {
  if (!repository.allowAutoMerge) throw refuse('Auto merge is not allowed for this repository')
  if (input.expectedHeadOid && input.expectedHeadOid !== issue.pull.headSha)
    throw refuse('Head sha does not match')
  if (issue.state !== 'open') throw refuse('Pull request is closed')
  if (issue.pull.draft) throw refuse('Pull request is in draft state')
  if (!(await mergeBlock(hub, repository, issue)))
    throw refuse('Pull request Pull request is in clean status')
  const method = (input.mergeMethod ?? 'MERGE').toLowerCase() as MergeMethod
  const params = {
    userId: by.userId,
    method,
    title: input.commitHeadline ?? null,
    message: input.commitBody ?? null,
  }
  await setAutoMerge(hub, repository, issue, params, by)
}
