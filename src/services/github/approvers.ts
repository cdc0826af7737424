import { withoutSuggesters } from '../../decision/contributors.ts'
import { standingReviews } from '../../decision/reviews.ts'
import type { Access, Contributor, Equality, Review } from '../../decision/snapshot.ts'
import type { Work } from './contributions.ts'
import { pushersOfDropped } from './dropped-pushes.ts'
import { writersOfEarlierVersions } from './earlier-versions.ts'
import type { Prover } from './proofs.ts'
import type { Pull } from './pulls.ts'
import { pushersElsewhere } from './pushes.ts'

/** The facts about approvals when their approvers are checked. */
type Told = { reviews: Review[]; access: Record<string, Access>; equalities: Record<string, Equality> }

/** A head that was approved may be compared with a later one. */
export function approvedHere(reviews: Review[], head: string): boolean {
  return standingReviews(reviews).some(({ state, commit }) => state === 'APPROVED' && commit === head)
}

/**
 * Of those whose approval would count, who pushed a commit of the change anywhere, or to its branch at any time, or wrote it before it was
 * rewritten: only those need requests.
 */
export async function contributorsAmongApprovers(
  prover: Prover,
  pull: Pull,
  work: Work,
  { reviews, access, equalities }: Told,
): Promise<Contributor[]> {
  if (!work.pusherKnown) return []
  // The policy may accept approvals of people who only suggested a change, so they are checked too.
  const { contributors } = withoutSuggesters(work.contributions)
  const barred = new Set(contributors.map(({ person }) => person.id))
  const counts = (commit: string | null) =>
    commit !== null && (commit === pull.head.sha || equalities[commit]?.same)
  const people = standingReviews(reviews)
    .filter(({ state, commit }) => state === 'APPROVED' && counts(commit))
    .map(({ person }) => person)
    .filter(({ id }) => access[id]?.write && !barred.has(id))
  const source = pull.head.repo
  const fork = source && source.id !== pull.base.repo.id && !work.hiddenFork
  const others = fork ? [{ owner: source.owner.login, repo: source.name }] : []
  const change = { ...work, mergeBase: work.head?.change.mergeBase }
  const { github, repository } = prover
  const found = await Promise.all([
    pushersElsewhere(github, [repository, ...others], people, work),
    pushersOfDropped(people, change),
    writersOfEarlierVersions(prover, pull.base.ref, work, people),
  ])
  return found.flat()
}
