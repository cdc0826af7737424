import type { GitHub } from './client.ts'
import { orGone } from './errors.ts'
import { firstOwn } from './own-login.ts'
import { nameOf, type RepositoryName } from './repository.ts'

type NewIssue = { title: string; body: string; labels: string[] }

/** The App's own issue with this title and these labels, or a new one. */
export async function botIssue(github: GitHub, place: RepositoryName, wanted: NewIssue): Promise<BotIssue> {
  const listed = await github.paginate(github.rest.issues.listForRepo, {
    ...nameOf(place),
    state: 'all',
    labels: wanted.labels.join(','),
    per_page: 100,
  })
  const found = await firstOwn(
    github,
    listed.filter(({ title }) => title === wanted.title),
  )
  if (found) return issueOf(found)
  const { title, body, labels } = wanted
  const { data } = await github.rest.issues.create({ ...nameOf(place), title, body, labels })
  return issueOf(data)
}

export type BotIssue = { number: number; url: string; body: string }

function issueOf(data: { number: number; html_url: string; body?: string | null | undefined }): BotIssue {
  return { number: data.number, url: data.html_url, body: data.body ?? '' }
}

/**
 * The issue with a marker at its end, among those that changed since a time. Only the App's own counts: otherwise anyone
 * could prevent ours with its marker.
 */
export async function findByMarker(github: GitHub, repository: RepositoryName, marker: string, since: Date) {
  const listed = await github.paginate(github.rest.issues.listForRepo, {
    ...nameOf(repository),
    state: 'all',
    since: since.toISOString(),
    per_page: 100,
  })
  return firstOwn(
    github,
    listed.filter(({ body }) => body?.trimEnd().endsWith(marker)),
  )
}

export async function changeBody(
  github: GitHub,
  place: RepositoryName,
  number: number,
  body: string,
): Promise<void> {
  await github.rest.issues.update({ ...nameOf(place), issue_number: number, body })
}

/** Undefined where the issue is gone. */
export async function readIssueBody(
  github: GitHub,
  place: RepositoryName,
  number: number,
): Promise<string | undefined> {
  const issue = await orGone(github.rest.issues.get({ ...nameOf(place), issue_number: number }))
  return issue && (issue.data.body ?? '')
}

/**
 * Adds a line to the text of an issue and closes it.
 * @returns the text that it had before; undefined where the issue is gone.
 */
export async function addLine(
  github: GitHub,
  place: RepositoryName,
  number: number,
  line: string,
): Promise<string | undefined> {
  const issue = { ...nameOf(place), issue_number: number }
  const text = await readIssueBody(github, place, number)
  if (text === undefined) return undefined
  const body = `${text.trimEnd()}\n${line}\n`
  await github.rest.issues.update({ ...issue, body, state: 'closed' })
  return text
}
