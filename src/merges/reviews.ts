import type { RepositoryRef } from '../decision/merge-task.ts'
import type { GitHub } from '../services/github/client.ts'
import { readIssueState, reopenedAt } from '../services/github/review-issues.ts'
import { appendRecord } from '../store/audit.ts'
import { landingOfIssue, saveIssue, saveIssueState } from '../store/landings.ts'
import { storedOpenPulls } from '../store/verdicts/open-pulls.ts'
import { followUp } from './following-up.ts'
import type { MergeShell } from './shell.ts'

/**
 * Checks an issue that was closed, opened again or deleted, if it is the review of a merge or a push. Its closing ends the
 * review, and is recorded. A deleted one is opened again, since deleting is not a review.
 */
export async function recordReviewIssue(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  number: number,
): Promise<void> {
  const landing = await landingOfIssue(shell.database, repository, number)
  if (!landing) return
  const issue = await readIssueState(github, landing.repository, number)
  if (issue.state === 'gone') {
    await saveIssue(shell.database, landing, null)
    return followUp(shell, github, repository, landing.key)
  }
  const closed = issue.state === 'closed' ? issue : undefined
  const at = closed?.at ?? (await reopenedAt(github, landing.repository, number)) ?? shell.now()
  await shell.database.transaction(async (tx) => {
    if (!(await saveIssueState(tx, landing, { state: issue.state, at }))) return
    const { installationId, repositoryId, owner, repo } = landing.repository
    const body = {
      repository: { id: repositoryId, owner, name: repo },
      change: { seq: landing.recordSeq },
      issue: number,
      dueAt: landing.dueAt?.toISOString() ?? null,
      ended: closed !== undefined,
      by: closed?.by ?? null,
    }
    await appendRecord(tx, { installationId, kind: 'reviewed', at, body })
  })
  for (const pull of await storedOpenPulls(shell.database, landing.repository))
    await shell.queue.enqueueEvaluate(pull)
}
