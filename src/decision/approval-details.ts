import { formatTime } from './calendar.ts'
import type { ApprovalCount } from './count-approvals.ts'
import { code, short } from './markdown.ts'
import { type Approval, describeParts, type SignedReview } from './reviews.ts'
import type { Review, Snapshot } from './snapshot.ts'

/** The most names from commit messages that are shown, since a hostile message may contain thousands. */
const coAuthorsShown = 10

/** The details below the approvals: approvals that count, stale ones with the reason, and contributors. */
export function approvalDetails(tally: ApprovalCount, snapshot: Snapshot, zone: string): string[] {
  const at = (review: Review) => placeOf(review, zone)
  return [
    ...tally.counted.map((approval) => counts(approval, zone)),
    ...tally.stale.map(
      ({ review, why }) => `${by(review)} approved an older version ${at(review)} (stale approval: ${why})`,
    ),
    ...tally.void.map(
      ({ review, why }) => `${by(review)} approved ${at(review)}, but it does not count: ${why}`,
    ),
    ...snapshot.reviews
      .filter(({ person, state }) => person === null && state === 'APPROVED')
      .map((review) => `A deleted account approved ${at(review)}, but it does not count`),
    ...tally.blocks.map((review) => `${by(review)} requested changes ${at(review)}`),
    ...dismissedApprovals(snapshot, zone),
    ...dismissedBlocks(snapshot),
    ...contributors(snapshot),
    ...coAuthors(snapshot),
  ]
}

function counts({ review, role, equal }: Extract<Approval, { counts: true }>, zone: string): string {
  const kept = equal ? `; still counts: ${equal.how}` : ''
  return `${by(review)} approved ${placeOf(review, zone)} with the role ${code(role)}${kept}`
}

function by(review: SignedReview): string {
  return code(review.person.login)
}

/** Of which commit a review is, and when it was submitted. */
function placeOf({ commit, submittedAt }: Review, zone: string): string {
  const where = commit ? `at ${short(commit)}` : 'at a commit that no longer exists'
  if (!submittedAt) return where
  return `${where} on ${formatTime(new Date(submittedAt), zone)}`
}

function dismissedApprovals({ reviews }: Snapshot, zone: string): string[] {
  return reviews.flatMap((review) => {
    const { dismissal, person } = review
    if (dismissal?.was !== 'approved') return []
    const reviewer = person ? code(person.login) : 'A deleted account'
    const dismisser = dismissal.by ? code(dismissal.by.login) : 'an unknown user'
    return [`${reviewer} approved ${placeOf(review, zone)}; dismissed by ${dismisser}`]
  })
}

/** If somebody else dismisses requested changes, the check names them. */
function dismissedBlocks({ reviews }: Snapshot): string[] {
  return reviews.flatMap(({ dismissal, person }) => {
    if (dismissal?.was !== 'changes_requested') return []
    if (dismissal.by && dismissal.by.id === person?.id) return []
    const dismisser = dismissal.by ? code(dismissal.by.login) : 'An unknown user'
    const reviewer = person ? code(person.login) : 'a deleted account'
    return [`${dismisser} dismissed the changes that ${reviewer} had requested`]
  })
}

function contributors(snapshot: Snapshot): string[] {
  const byPerson = Map.groupBy(snapshot.contributors, ({ person }) => person.id)
  return [...byPerson.values()].map(
    (parts) => `${code(parts[0]?.person.login ?? '')} cannot approve: ${describeParts(parts)}`,
  )
}

function coAuthors({ unmatchedCoAuthors: names }: Snapshot): string[] {
  const shown = names
    .slice(0, coAuthorsShown)
    .map((name) => `Named as co-author, but not linked to an account: ${code(name)}`)
  const more = names.length - shown.length
  return more > 0 ? [...shown, `${more} more co-authors are not linked to an account`] : shown
}
