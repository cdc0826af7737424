import { needs } from './access.ts'
import { tryAutoMerge } from './auto-merge.ts'
import type { By } from './context.ts'
import { emit, record } from './events.ts'
import type { Hub } from './hub.ts'
import { unprocessable } from './problems.ts'
import type { PullIssue, Repository, Review, ReviewState } from './repository-state.ts'
import { pullShape, reviewShape } from './shapes/pull.ts'

export const pullsRead = needs('read', 'pull_requests', 'read')

const states: Record<string, ReviewState> = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
}

/** A review of any commit, old ones too; without an event it stays pending and only its writer sees it. */
export async function submitReview(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  by: By,
  params: { event: string | undefined; body: string; commitId: string },
  pending?: Review,
): Promise<Review> {
  const state = params.event ? states[params.event] : 'PENDING'
  if (!state) throw unprocessable('Unprocessable Entity', [`Variable $event is invalid: ${params.event}`])
  refuseReview(issue, by, state, params.body)
  const review = pending ?? newReview(hub, issue, by)
  Object.assign(review, { state, body: params.body, commitId: params.commitId, submittedAt: hub.clock() })
  if (state === 'PENDING') return review
  issue.updatedAt = hub.clock()
  issue.pull.requestedReviewers.delete(by.userId)
  emitReview(hub, repository, issue, review, 'submitted', by)
  tryAutoMerge(hub, repository, issue)
  return review
}

function newReview(hub: Hub, issue: PullIssue, by: By): Review {
  const review: Review = {
    id: hub.world.nextId('review'),
    userId: by.userId,
    body: '',
    state: 'PENDING',
    commitId: null,
    submittedAt: hub.clock(),
  }
  issue.pull.reviews.push(review)
  return review
}

function refuseReview(issue: PullIssue, by: By, state: ReviewState, body: string): void {
  const refuse = (sentence: string) => unprocessable('Unprocessable Entity', [sentence])
  if (by.userId === issue.userId && state === 'APPROVED') {
    throw refuse('Review Can not approve your own pull request')
  }
  if (by.userId === issue.userId && state === 'CHANGES_REQUESTED') {
    throw refuse('Review Can not request changes on your own pull request')
  }
  if (issue.state === 'closed' && state === 'APPROVED' && issue.pull.mergedAt === null) return
  if ((state === 'CHANGES_REQUESTED' || state === 'COMMENTED') && body === '') {
    throw refuse("Body can't be blank")
  }
}

/** Only approvals and change requests can be dismissed. The dismisser is the actor of `review_dismissed`. */
export async function dismissReview(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  review: Review,
  message: string,
  by: By,
): Promise<void> {
  if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED') {
    throw unprocessable('Validation Failed', [
      `Can not dismiss a ${review.state.toLowerCase()} pull request review`,
    ])
  }
  const state = review.state.toLowerCase()
  review.state = 'DISMISSED'
  const dismissed = { state, review_id: review.id, dismissal_message: message }
  record(hub, issue, 'review_dismissed', by, { detail: { dismissed_review: dismissed } })
  emitReview(hub, repository, issue, review, 'dismissed', by)
  tryAutoMerge(hub, repository, issue)
}

export function editReview(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  review: Review,
  body: string,
  by: By,
): void {
  const changes = { body: { from: review.body } }
  review.body = body
  emitReview(hub, repository, issue, review, 'edited', by, { changes })
}

/** Webhooks write a review's state in small letters. */
function emitReview(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  review: Review,
  action: string,
  by: By,
  extra: Record<string, unknown> = {},
): void {
  emit(hub, repository, 'pull_request_review', by, {
    action,
    review: { ...reviewShape(hub, repository, issue, review), state: review.state.toLowerCase() },
    pull_request: pullShape(hub, repository, issue),
    ...extra,
  })
}
