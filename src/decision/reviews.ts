import { code, list, sentence, short } from './markdown.ts'
import type { Contributor, Equality, Person, Review, Snapshot } from './snapshot.ts'

/** A review whose author is known. */
export type SignedReview = Review & { person: Person }

/** An approval and whether it counts; `why` explains to the reader why not. */
export type Approval = { review: SignedReview } & (
  | { counts: true; role: string; equal?: Equality & { same: true } }
  | { counts: false; kind: 'stale' | 'cannot count'; why: string }
)

/**
 * The one review of each person that stands: the last that is not a comment, matched by account id. A DISMISSED review counts
 * for nothing and hides the older ones, so dismissing never brings back an older approval. The order is the one in which
 * reviews were made; `id` breaks a tie. An approval without a time counts as the oldest and anything else as the newest, so
 * that missing data never lets a change through.
 */
export function standingReviews(reviews: Review[]): SignedReview[] {
  const last = new Map<number, SignedReview>()
  for (const review of [...reviews].sort(byTime)) {
    if (review.person && review.state !== 'COMMENTED' && review.state !== 'PENDING') {
      last.set(review.person.id, { ...review, person: review.person })
    }
  }
  return [...last.values()]
}

function byTime(a: Review, b: Review): number {
  const [first, second] = [timeOf(a), timeOf(b)]
  return first === second ? a.id - b.id : first < second ? -1 : 1
}

function timeOf({ submittedAt, state }: Review): number {
  if (submittedAt !== null) return Date.parse(submittedAt)
  return state === 'APPROVED' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Evaluates one standing APPROVED review: who it is from, then which content it is for. */
export function evaluateApproval(review: SignedReview, snapshot: Snapshot): Approval {
  const disqualified = whyCannotCount(review.person, snapshot)
  if (disqualified) return { review, counts: false, kind: 'cannot count', why: disqualified }
  const content = contentOf(review, snapshot)
  if (!content.same) return { review, counts: false, kind: 'stale', why: content.why }
  const role = snapshot.access[review.person.id]?.role ?? 'unknown'
  return { review, counts: true, role, ...(review.commit === snapshot.head.sha ? {} : { equal: content }) }
}

function whyCannotCount(person: Person, snapshot: Snapshot): string | undefined {
  if (person.type !== 'User') return 'only people can approve, not bots or apps'
  const access = snapshot.access[person.id]
  if (!access?.write) return `their role is now ${code(access?.role ?? 'none')}, and write access is needed`
  const parts = snapshot.contributors.filter((contributor) => contributor.person.id === person.id)
  if (parts.length > 0) return describeParts(parts)
  return person.id === snapshot.author?.id ? describeParts([{ person, as: 'opener' }]) : undefined
}

/** Roles with a commit, and roles without. */
const did: Record<Contributor['as'], string> = {
  opener: 'opened the pull request',
  author: 'wrote',
  committer: 'committed',
  'co-author': 'is named as co-author of',
  pusher: 'pushed',
  'behind the bot': 'is responsible for the bot that opened the pull request',
  'fork owner': 'owns the fork whose pushes cannot be read',
}

/** What one person did: `opened the pull request; wrote and pushed abc1234 (and 2 more commits)`. */
export function describeParts(parts: Contributor[]): string {
  const byPart = Map.groupBy(parts, (part) => part.as)
  const deeds = [...byPart].map(([as, entries]) => ({ verb: did[as], to: objectOf(as, entries) }))
  const byObject = Map.groupBy(deeds, ({ to }) => to)
  return [...byObject]
    .map(([to, all]) => [list(all.map(({ verb }) => verb)), to].filter(Boolean).join(' '))
    .join('; ')
}

const withoutCommits: Contributor['as'][] = ['opener', 'behind the bot', 'fork owner']

function objectOf(as: Contributor['as'], entries: Contributor[]): string {
  return withoutCommits.includes(as) ? '' : describeCommits(entries)
}

function describeCommits(entries: Contributor[]): string {
  const [first, ...others] = new Set(entries.flatMap((entry) => entry.commit ?? []))
  if (!first) return 'part of it'
  if (others.length === 0) return short(first)
  return `${short(first)} (and ${others.length} more ${others.length === 1 ? 'commit' : 'commits'})`
}

/** An approval belongs to a commit. It counts if that is the head, or if the change is proved to be the same. */
function contentOf(review: SignedReview, snapshot: Snapshot): Equality {
  if (review.commit === null) return stale('the commit that was approved no longer exists')
  const moved = baseMovedAfter(review, snapshot)
  if (moved) return moved
  if (review.commit === snapshot.head.sha) return { same: true, how: 'it is the head' }
  const known = Object.hasOwn(snapshot.equalities, review.commit)
    ? snapshot.equalities[review.commit]
    : undefined
  return told(known ?? stale('the change has not been compared with the head'))
}

/**
 * A change of base makes a different change out of the same head, unless both are proved to be equal. That proof is about the
 * head, so it does not cover an older commit that was approved against the old base.
 */
function baseMovedAfter(review: SignedReview, snapshot: Snapshot): Equality | undefined {
  const { changed } = snapshot.base
  const after =
    changed && review.submittedAt !== null && Date.parse(review.submittedAt) > Date.parse(changed.at)
  if (!changed || after) return undefined
  if (!changed.equality.same) return stale(`the base branch was changed since: ${told(changed.equality).why}`)
  if (review.commit === snapshot.head.sha) return undefined
  return stale('the base branch was changed since, and the head is no longer the approved commit')
}

/** Sentences from the facts may contain file names, which are user-supplied. */
function told<Fact extends Equality>(equality: Fact): Fact {
  return equality.same
    ? { ...equality, how: sentence(equality.how) }
    : { ...equality, why: sentence(equality.why, equality.paths[0]) }
}

function stale(why: string): Equality & { same: false } {
  return { same: false, why, paths: [] }
}
