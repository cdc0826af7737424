import { hasRole } from './access.ts'
import type { By } from './context.ts'
import { record } from './events.ts'
import type { Hub } from './hub.ts'
import { unprocessable } from './problems.ts'
import { emitPull } from './pull-facts.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import { simpleUser, team as teamShape } from './shapes/account.ts'
import type { Account, Team } from './world.ts'

type Asked = { accounts: Account[]; teams: Team[]; wanted: boolean }

/** Asks people and teams for a review, or takes the request back. */
export async function requestReviewers(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  asked: Asked,
  by: By,
) {
  for (const account of asked.accounts) {
    if (asked.wanted) refuseReviewer(hub, repository, issue, account)
    if (asked.wanted) issue.pull.requestedReviewers.add(account.id)
    else issue.pull.requestedReviewers.delete(account.id)
    await tellRequest(
      hub,
      repository,
      issue,
      asked.wanted,
      { requested_reviewer: simpleUser(hub, account) },
      by,
    )
  }
  for (const team of asked.teams) {
    if (asked.wanted) issue.pull.requestedTeams.add(team.id)
    else issue.pull.requestedTeams.delete(team.id)
    await tellRequest(hub, repository, issue, asked.wanted, { requested_team: teamShape(hub, team) }, by)
  }
}

function refuseReviewer(hub: Hub, repository: Repository, issue: PullIssue, account: Account): void {
  if (account.id === issue.userId) throw unprocessable('Review cannot be requested from pull request author.')
  if (!hasRole(hub, repository, account.id, 'read')) {
    throw unprocessable('Reviews may only be requested from collaborators.')
  }
}

async function tellRequest(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  wanted: boolean,
  detail: Record<string, unknown>,
  by: By,
): Promise<void> {
  const event = wanted ? 'review_requested' : 'review_request_removed'
  const requester = hub.world.accounts.get(by.userId)
  const review_requester = requester ? simpleUser(hub, requester) : null
  record(hub, issue, event, by, { detail: { ...detail, review_requester } })
  await emitPull(hub, repository, issue, event, by, detail)
}
