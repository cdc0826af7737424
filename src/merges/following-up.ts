import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Notice } from '../decision/notice.ts'
import type { GitHub } from '../services/github/client.ts'
import { isUnwritable } from '../services/github/gone.ts'
import { findReviewIssue, openReviewIssue } from '../services/github/review-issues.ts'
import {
  claimNotification,
  type Landing,
  landingOf,
  saveIssue,
  unfinishedLandings,
} from '../store/landings.ts'
import { tryWithLease } from '../store/leases.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { noteWrite } from '../store/write-budget.ts'
import type { MergeShell } from './shell.ts'

/**
 * Carries out the follow-ups of a recorded merge or push, each step only once: opens the issue, then notifies people. In case
 * of a crash between GitHub's answer and our note of it, the issue is looked up before one is opened. Where none can be opened,
 * as in an archived repository or one without issues, people are notified all the same.
 */
export async function followUp(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  key: string,
): Promise<void> {
  const landing = await landingOf(shell.database, { repository, key })
  if (!landing) return
  const issue = await ensureIssue(shell, github, landing).catch(async (error) => {
    if (isUnwritable(error)) await announce(shell, landing, undefined)
    throw error
  })
  await announce(shell, landing, issue)
}

/** How long the jobs of a merge or a push have for it, before it counts as unfinished. */
const inTime = 3_600_000
const triedFor = 30 * 24 * 3_600_000

/** Of the last 30 days, announces what was not, and has the issues opened that are missing: a job may have lost its access, or been given up. */
export async function followUpUnfinished(
  shell: Pick<MergeShell, 'database' | 'queue' | 'now'>,
): Promise<void> {
  const now = shell.now().getTime()
  const span = { from: new Date(now - triedFor), to: new Date(now - inTime) }
  for (const landing of await unfinishedLandings(shell.database, span)) {
    const { repository, key, review, issue } = landing
    if (!landing.notified) await announce(shell, landing, issue)
    if (review && !issue) await shell.queue.enqueueMerging({ task: 'follow up', repository, key })
  }
}

async function announce(
  { database, queue }: Pick<MergeShell, 'database' | 'queue'>,
  landing: Landing,
  issue: Landing['issue'],
): Promise<void> {
  await database.transaction(async (tx) => {
    if (!(await claimNotification(tx, landing))) return
    await queue.enqueueNotice(withIssue(landing.notice, issue), { tx })
  })
}

/** One job at a time for each landing: two could both find no issue, and open one each. */
async function ensureIssue(shell: MergeShell, github: GitHub, landing: Landing): Promise<Landing['issue']> {
  const { database, now } = shell
  if (landing.issue || !landing.review) return landing.issue
  const { repository, key } = landing
  const lease = `review issue ${repository.installationId} ${repository.repositoryId} ${key}`
  const done = await tryWithLease(database, lease, now, async () => {
    const again = await landingOf(database, landing)
    return again && openIssueOnce(shell, github, again)
  })
  if (!done) throw retryAfterError(new Date(now().getTime() + 5_000), 'another job is opening this issue')
  return done.result
}

async function openIssueOnce(shell: MergeShell, github: GitHub, landing: Landing): Promise<Landing['issue']> {
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
