import type { Snapshot } from '../decision/snapshot.ts'
import type { Judging } from '../policy/policy-source.ts'
import type { Queryable } from '../store/database.ts'
import { openReviews } from '../store/follow-ups.ts'

/** The fact for a snapshot, where the policy lets an overdue review block the next urgent change. */
export async function openReviewsFact(
  database: Queryable,
  repository: { installationId: number; repositoryId: number },
  judging: Judging,
): Promise<Pick<Snapshot, 'owedReviews'>> {
  const blocks =
    judging.kind === 'policy' && judging.policy.gates.release_window?.urgent.block_when_overdue === true
  if (!blocks) return {}
  const owed = await openReviews(database, repository)
  return {
    owedReviews: owed.flatMap(({ number, issue, dueAt }) =>
      number === undefined || !dueAt
        ? []
        : [{ pull: number, due: dueAt.toISOString(), ...(issue ? { issue: issue.number } : {}) }],
    ),
  }
}
