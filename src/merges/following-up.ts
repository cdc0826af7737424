import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Notice } from '../decision/notice.ts'
import type { GitHub } from '../services/github/client.ts'
import { findReviewIssue, openReviewIssue } from '../services/github/review-issues.ts'
import { type Landing, landingOf, saveIssue, takeNotifying } from '../store/follow-ups.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { MergeShell } from './shell.ts'

/**
 * Carries out the follow-ups of a recorded merge or push, each step only once: opens the issue, then notifies people. In case
 * of a crash between GitHub's answer and our note of it, the issue is looked up before one is opened.
 */
export async function followUp(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  key: string,
): Promise<void> {
  const landing = await landingOf(shell.database, { repository, key })
  if (!landing) return
  const issue = landing.review ? await ensureIssue(shell, github, landing) : undefined
  await shell.database.transaction(async (tx) => {
    if (!(await takeNotifying(tx, landing))) return
    await shell.queue.enqueueNotice(withIssue(landing.notice, issue), { tx })
  })
}

async function ensureIssue(
  shell: MergeShell,
  github: GitHub,
  landing: Landing,
): Promise<NonNullable<Landing['issue']> | undefined> {
  const { issue, review, repository } = landing
  if (issue || !review) return issue
  const found = await findReviewIssue(github, repository, review, landing.landedAt)
  const opened = found ?? (await openReviewIssue(github, repository, review))
  if (!found) await noteWrite(shell.database, repository.installationId, shell.now())
  await saveIssue(shell.database, landing, opened)
  return opened
}

function withIssue(notice: Notice, issue: Landing['issue']): Notice {
  return notice.kind === 'exception' && issue ? { ...notice, issue } : notice
}
