import { type RequestContext, requireAccountOf } from './access.ts'
import type { By } from './context.ts'
import type { Hub } from './hub.ts'
import { notFound, problem } from './problems.ts'
import { isPull } from './pull-facts.ts'
import type { Issue, PullIssue, Repository } from './repository-state.ts'

/** In whose name the request acts; 401 for nobody. */
export function byOf(hub: Hub, c: RequestContext): By {
  const { id } = requireAccountOf(hub, c)
  const actor = c.get('actor')
  return { userId: id, appId: actor.kind === 'installation' ? actor.appId : null }
}

/** The JSON body as an object; `{}` when there is none, GitHub's 400 when it does not parse. */
export async function bodyOf<T extends object>(c: RequestContext): Promise<Partial<T>> {
  const text = await c.req.text()
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : {}
  } catch {
    throw problem(400, 'Problems parsing JSON')
  }
}

/** A part of the path, decoded. */
export function pathOf(c: RequestContext, name: string): string {
  return c.req.param(name) ?? ''
}

/** Where issues are turned off, those that are there answer 410 until they are turned on again; pull requests stay. */
export function issueOf(c: RequestContext, repository: Repository): Issue {
  const issue = repository.issues.get(Number(pathOf(c, 'number')))
  if (!issue) throw notFound()
  if (!isPull(issue)) requireIssues(repository)
  return issue
}

export function requireIssues({ hasIssues }: Repository): void {
  if (!hasIssues) throw problem(410, 'Issues are disabled for this repo')
}

export function pullOf(c: RequestContext, repository: Repository): PullIssue {
  const issue = issueOf(c, repository)
  if (!isPull(issue)) throw notFound()
  return issue
}

/** Does the client ask for this media type, as `application/vnd.github.diff` or with a version in it? */
export function accepts(c: RequestContext, kind: 'diff' | 'patch' | 'raw'): boolean {
  return new RegExp(`application/vnd\\.github\\.(v3\\.)?${kind}\\b`).test(c.req.header('accept') ?? '')
}

/** Orders by time as `direction` says; the usual direction is given by the endpoint. */
export function ordered<T>(c: RequestContext, rows: T[], usual: 'asc' | 'desc'): T[] {
  return (c.req.query('direction') ?? usual) === 'asc' ? rows : [...rows].reverse()
}
