import type { Policy } from '../decision/policy.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from '../store/database.ts'
import { openReviews } from '../store/landings.ts'

/** The fact for a snapshot at a time, where the policy lets an overdue review block the next urgent change. */
export async function openReviewsFact(
  database: Queryable,
  repository: { installationId: number; repositoryId: number },
  /** The one that applies to the pull request. */
  policy: Policy | undefined,
  at: Date,
): Promise<Pick<Snapshot, 'owedReviews'>> {
  if (policy?.gates.release_window?.urgent.block_when_overdue !== true) return {}
  const open = await openReviews(database, repository, at)
  return {
    owedReviews: open.flatMap(({ number, issue, dueAt }) =>
      number === undefined || !dueAt
        ? []
        : [{ pull: number, due: dueAt.toISOString(), ...(issue ? { issue: issue.number } : {}) }],
    ),
  }
}
