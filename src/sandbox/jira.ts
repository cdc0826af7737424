import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { createFaults, type LocalFault } from './local-faults.ts'

export type JiraIssue = {
  key: string
  fields: Record<string, unknown>
  status: 'To Do' | 'Done'
  createdAt: number
}

export type LocalJira = {
  url: string
  email: string
  token: string
  issues: JiraIssue[]
  fail: (fault: LocalFault, times?: number) => void
  close: () => Promise<void>
}

/** A new issue is found this long after it was created, as the index of Jira is late. */
const foundAfter = 5_000

const categories = { 'To Do': 'new', Done: 'done' } as const

/**
 * A local Jira Cloud with one project: issues, search by label, transitions. Descriptions must be documents, and a wrong login
 * gets 401. https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
export async function startJira(
  options: { clock?: () => number; project?: string; first?: number } = {},
): Promise<LocalJira> {
  const { clock = Date.now, project = 'FOODYE-MCP', first = 412 } = options
  const [email, token] = ['release-gate@foodyepay.com', 'sandbox-jira-token']
  const issues: JiraIssue[] = []
  const faults = createFaults()
  const app = new Hono()
  const basic = `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`
  const wrong = (errors: Record<string, string>) => ({ errorMessages: [], errors })

  app.use('*', async (c, next) => {
    if (c.req.header('authorization') !== basic)
      return c.json({ errorMessages: ['Client must be authenticated to access this resource.'] }, 401)
    const fault = faults.next()
    if (fault && fault !== 'lose the answer') return faults.answer(c, fault)
    await next()
    if (fault) c.res = faults.answer(c, fault)
    return undefined
  })
  app.post('/rest/api/3/search/jql', async (c) => {
    const { jql = '' } = await c.req.json()
    const [, wanted, label] = /^project = "([^"]+)" AND labels = "([^"]+)"/.exec(jql) ?? []
    if (!label) return c.json({ errorMessages: ['Error in the JQL Query'] }, 400)
    const found = issues.filter(
      ({ key, fields, createdAt }) =>
        key.startsWith(`${wanted}-`) &&
        (fields.labels as string[]).includes(label) &&
        clock() - createdAt >= foundAfter,
    )
    return c.json({ issues: found.map(({ key }) => ({ id: key, key })), isLast: true })
  })
  app.post('/rest/api/3/issue', async (c) => {
    const { fields = {} } = await c.req.json()
    const problems = problemsOf(fields)
    if (fields.project?.key !== project) problems.project = 'valid project is required'
    if (Object.keys(problems).length > 0) return c.json(wrong(problems), 400)
    const key = `${project}-${first + issues.length}`
    issues.push({ key, fields, status: 'To Do', createdAt: clock() })
    return c.json({ id: String(10_000 + issues.length), key, self: '' }, 201)
  })
  app.get('/rest/api/3/issue/:key', (c) => {
    const issue = issueOf(c)
    if (!issue) return notFound(c)
    const statusCategory = { key: categories[issue.status] }
    return c.json({ key: issue.key, fields: { status: { name: issue.status, statusCategory } } })
  })
  app.put('/rest/api/3/issue/:key', async (c) => {
    const issue = issueOf(c)
    if (!issue) return notFound(c)
    const { fields = {} } = await c.req.json()
    const problems = problemsOf({ ...issue.fields, ...fields })
    if (Object.keys(problems).length > 0) return c.json(wrong(problems), 400)
    Object.assign(issue.fields, fields)
    return c.body(null, 204)
  })
  app.get('/rest/api/3/issue/:key/transitions', (c) => {
    const issue = issueOf(c)
    if (!issue) return notFound(c)
    return c.json({
      transitions: (['To Do', 'Done'] as const).map((name, index) => ({
        id: String(11 + index),
        name,
        to: { name, statusCategory: { key: categories[name] } },
      })),
    })
  })
  app.post('/rest/api/3/issue/:key/transitions', async (c) => {
    const issue = issueOf(c)
    if (!issue) return notFound(c)
    const { transition } = await c.req.json()
    issue.status = transition?.id === '12' ? 'Done' : 'To Do'
    return c.body(null, 204)
  })
  const issueOf = (c: Context) => issues.find(({ key }) => key === c.req.param('key'))
  const notFound = (c: Context) =>
    c.json({ errorMessages: ['Issue does not exist or you do not have permission to see it.'] }, 404)

  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    email,
    token,
    issues,
    fail: faults.add,
    close: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function problemsOf(fields: Record<string, unknown>): Record<string, string> {
  const { summary, description, duedate, assignee, labels } = fields as {
    summary?: string
    description?: { type?: string; version?: number }
    duedate?: string | null
    assignee?: { accountId?: string }
    labels?: string[]
  }
  return {
    ...(!summary || summary.length > 255 || /\n/.test(summary)
      ? { summary: 'You must specify a summary of the issue.' }
      : {}),
    ...(description && !(description.type === 'doc' && description.version === 1)
      ? { description: 'Operation value must be an Atlassian Document (see the Atlassian Document Format)' }
      : {}),
    ...(duedate && !/^\d{4}-\d\d-\d\d$/.test(duedate)
      ? { duedate: "Error parsing date string: use the format 'yyyy-MM-dd'" }
      : {}),
    ...(assignee && !assignee.accountId ? { assignee: 'Specify a valid value for assignee' } : {}),
    ...(labels?.some((label) => /\s/.test(label))
      ? { labels: 'The label contains spaces which is invalid.' }
      : {}),
  }
}
