import type { PullRef } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'

export type Reviewers = { logins: string[]; teams: string[] }

/**
 * Asks people and teams for a review, except those who are asked already. Teams are named by their slug, of the
 * repository's owner. Answers who was asked, or why GitHub refused: it takes none of them if one may not review.
 */
export async function requestReviews(
  github: GitHub,
  { owner, repo, number: pull_number }: PullRef,
  wanted: Reviewers,
): Promise<{ asked: Reviewers } | { refused: string }> {
  const pull = { owner, repo, pull_number }
  const { data: already } = await github.rest.pulls.listRequestedReviewers(pull)
  const people = new Set(already.users.map(({ login }) => login.toLowerCase()))
  const slugs = new Set(already.teams.map(({ slug }) => slug.toLowerCase()))
  const reviewers = wanted.logins.filter((login) => !people.has(login.toLowerCase()))
  const teams = wanted.teams.flatMap((team) => team.split('/').at(-1) ?? [])
  const team_reviewers = teams.filter((slug) => !slugs.has(slug.toLowerCase()))
  const asked = { logins: reviewers, teams: team_reviewers }
  if (reviewers.length + team_reviewers.length === 0) return { asked }
  try {
    await github.rest.pulls.requestReviewers({ ...pull, reviewers, team_reviewers })
    return { asked }
  } catch (error) {
    if (statusOfError(error) !== 422) throw error
    return { refused: error instanceof Error ? error.message : String(error) }
  }
}
