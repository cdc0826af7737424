import { type ReviewIssue, reviewIssueMarker } from '../../decision/review-issue.ts'
import type { GitHub } from './client.ts'
import { orGone } from './errors.ts'
import { firstOwn } from './own-login.ts'

type Repository = { owner: string; repo: string; repositoryId: number }
export type OpenedIssue = { number: number; url: string }

/**
 * Finds the issue of a review that was opened before, by its label and the marker at the end of its body. Only the App's own
 * issue counts: otherwise anyone could add the marker to theirs, and so could any workflow, and prevent ours.
 */
export async function findReviewIssue(
  github: GitHub,
  { owner, repo, repositoryId }: Repository,
  review: ReviewIssue,
  since: Date,
): Promise<OpenedIssue | undefined> {
  const marker = reviewIssueMarker(repositoryId, review.key)
  const issues = await github.paginate(github.rest.issues.listForRepo, {
    owner,
    repo,
    state: 'all',
    labels: review.labels.join(','),
    since: since.toISOString(),
    per_page: 100,
  })
  const found = await firstOwn(
    github,
    issues.filter(({ body }) => body?.trimEnd().endsWith(marker)),
  )
  return found && { number: found.number, url: found.html_url }
}

export async function openReviewIssue(
  github: GitHub,
  { owner, repo }: Repository,
  { title, body, labels }: ReviewIssue,
): Promise<OpenedIssue> {
  const { data } = await github.rest.issues.create({ owner, repo, title, body, labels })
  return { number: data.number, url: data.html_url }
}

/** How an issue stands. `gone`: it was deleted, or moved elsewhere. */
export type IssueState =
  | { state: 'open' }
  | { state: 'closed'; at: Date; by: string | null }
  | { state: 'gone' }

/** When an issue was last opened again. Undefined: it never was. */
export async function reopenedAt(
  github: GitHub,
  { owner, repo }: Repository,
  number: number,
): Promise<Date | undefined> {
  const options = { owner, repo, issue_number: number, per_page: 100 }
  const events = await github.paginate(github.rest.issues.listEvents, options)
  const last = events.findLast(({ event }) => event === 'reopened')
  return last && new Date(last.created_at)
}

export async function readIssueState(
  github: GitHub,
  { owner, repo }: Repository,
  number: number,
): Promise<IssueState> {
  const issue = await orGone(github.rest.issues.get({ owner, repo, issue_number: number }))
  if (!issue) return { state: 'gone' }
  const { state, closed_at: at, closed_by: by } = issue.data
  if (state !== 'closed' || !at) return { state: 'open' }
  return { state: 'closed', at: new Date(at), by: by?.login ?? null }
}
