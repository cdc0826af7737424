import { z } from 'zod'
import type { External, WantedIssue } from '../decision/incidents/mirror.ts'
import { callJson } from './http.ts'

/** The operator's Jira Cloud: https://developer.atlassian.com/cloud/jira/platform/rest/v3/ */
export type Jira = { url: string; email: string; token: string }

type Calling = { signal: AbortSignal; now: () => Date }

const issueKey = z.object({ key: z.string().regex(/^[A-Z][A-Z0-9_-]*-\d+$/) })
const found = z.object({ issues: z.array(issueKey) })
const transitions = z.object({
  transitions: z.array(
    z.object({ id: z.string(), to: z.object({ statusCategory: z.object({ key: z.string() }) }) }),
  ),
})

function call(
  { url, email, token }: Jira,
  { method, path, body }: { method: 'GET' | 'POST' | 'PUT'; path: string; body?: object },
  calling: Calling,
): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`
  return callJson({
    ...calling,
    system: 'Jira',
    url: new URL(`/rest/api/3${path}`, url).href,
    method,
    headers: { authorization },
    ...(body ? { body } : {}),
  })
}

/** The issue that carries a label. Jira finds a new issue only some seconds after it was created. */
export async function findIssue(
  jira: Jira,
  { project, label }: { project: string; label: string },
  calling: Calling,
): Promise<External | undefined> {
  const jql = `project = "${project}" AND labels = "${label}" ORDER BY created ASC`
  const body = { jql, fields: ['summary'], maxResults: 2 }
  const answer = found.parse(await call(jira, { method: 'POST', path: '/search/jql', body }, calling))
  const [issue] = answer.issues
  return issue && externalOf(jira, issue.key)
}

/**
 * Creates an issue. Not idempotent: after a lost answer, look for it with `findIssue` first.
 * @throws as `callJson`, and a ZodError for an answer that is not as documented.
 */
export async function createIssue(jira: Jira, wanted: WantedIssue, calling: Calling): Promise<External> {
  const { project, type, ...rest } = wanted
  const fields = { project: { key: project }, issuetype: { name: type }, ...fieldsOf(rest) }
  const answer = await call(jira, { method: 'POST', path: '/issue', body: { fields } }, calling)
  return externalOf(jira, issueKey.parse(answer).key)
}

/**
 * Brings an issue to what is wanted; one that is done moves to the first status that Jira counts as done.
 * @throws as `createIssue`, and where Jira has no transition to that status.
 */
export async function updateIssue(
  jira: Jira,
  { name }: External,
  wanted: WantedIssue,
  calling: Calling,
): Promise<void> {
  const path = `/issue/${encodeURIComponent(name)}`
  await call(jira, { method: 'PUT', path, body: { fields: fieldsOf(wanted) } }, calling)
  const answer = await call(jira, { method: 'GET', path: `${path}/transitions` }, calling)
  const all = transitions.parse(answer).transitions
  const isDone = (key: string) => (key === 'done') === wanted.done
  const issue = z
    .object({ fields: z.object({ status: z.object({ statusCategory: z.object({ key: z.string() }) }) }) })
    .parse(await call(jira, { method: 'GET', path: `${path}?fields=status` }, calling))
  if (isDone(issue.fields.status.statusCategory.key)) return
  const next = all.find(({ to }) => isDone(to.statusCategory.key))
  if (!next)
    throw new Error(`Jira offers no transition of ${name} to ${wanted.done ? 'done' : 'an open status'}`)
  await call(
    jira,
    { method: 'POST', path: `${path}/transitions`, body: { transition: { id: next.id } } },
    calling,
  )
}

function fieldsOf({
  summary,
  description,
  labels,
  assignee,
  due,
}: Omit<WantedIssue, 'project' | 'type'>): object {
  return {
    summary,
    description,
    labels,
    duedate: due,
    ...(assignee === null ? {} : { assignee: { accountId: assignee } }),
  }
}

function externalOf({ url }: Jira, name: string): External {
  return { name, url: new URL(`/browse/${name}`, url).href }
}
