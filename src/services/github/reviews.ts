import type { Review } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { personOf } from './people.ts'
import { nameOf } from './repository.ts'
import { isBy, type Timeline } from './timeline.ts'

const reviewStates: readonly string[] = [
  'APPROVED',
  'CHANGES_REQUESTED',
  'COMMENTED',
  'DISMISSED',
  'PENDING',
] satisfies Review['state'][]

/** All reviews of a pull request, oldest first. */
export async function readReviews(
  github: GitHub,
  repository: { owner: string; repo: string },
  number: number,
): Promise<Review[]> {
  const options = { ...nameOf(repository), pull_number: number, per_page: 100 }
  const reviews = await github.paginate(github.rest.pulls.listReviews, options)
  return reviews.map((review) => ({
    id: review.id,
    person: personOf(review.user),
    state: stateOf(review.state),
    commit: review.commit_id ?? null,
    submittedAt: review.submitted_at ?? null,
  }))
}

/** An unknown state must not count as an approval, and must hide an older one, so it counts as DISMISSED. */
function stateOf(state: string): Review['state'] {
  return reviewStates.includes(state) ? (state as Review['state']) : 'DISMISSED'
}

/** A dismissed review with what it had been and who dismissed it, which only the events tell. */
export function withDismissal(review: Review, { dismissals }: Timeline): Review {
  const dismissal = review.state === 'DISMISSED' ? dismissals.get(review.id) : undefined
  return dismissal ? { ...review, dismissal } : review
}

/** Reviews as they were at a time: none that was submitted later, and none dismissed that was dismissed later. */
export function reviewsBy(reviews: Review[], until: string | undefined, { later }: Timeline): Review[] {
  return reviews
    .filter(({ submittedAt }) => submittedAt === null || isBy(submittedAt, until))
    .map((review) => {
      const was = review.state === 'DISMISSED' ? later.dismissals.get(review.id) : undefined
      return was ? { ...review, state: was } : review
    })
}
