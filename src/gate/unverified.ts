import pLimit from 'p-limit'
import { beginningOf } from '../decision/markdown.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { type Unreadable, unverifiedReport } from '../decision/unverified-report.ts'
import { requestOf, statusOfError } from '../services/github/errors.ts'
import { isGone } from '../services/github/gone.ts'
import { readPull } from '../services/github/pulls.ts'
import { appendRecord } from '../store/audit.ts'
import { lastValidPolicy } from '../store/policies.ts'
import { PRIORITY, RETRY_LIMIT } from '../store/queue/queues.ts'
import type { Queue } from '../store/queue.ts'
import { retryTimeOf } from '../store/retry-after-error.ts'
import { causesBefore } from '../store/verdicts/causes.ts'
import { pendingPull, savePending } from '../store/verdicts/pending.ts'
import {
  overdueGreens,
  saveUnverified,
  type Verification,
  verificationOf,
} from '../store/verdicts/unverified.ts'
import { digestOf } from './check-writer.ts'
import { publishHead } from './publish.ts'
import { appendPublished } from './records.ts'
import type { Shell } from './shell.ts'
import { logVerdict } from './verdict-log.ts'

export type UnverifiedShell = Pick<Shell, 'database' | 'github' | 'now' | 'log' | 'board'> & {
  queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueTransition'>
}

/** So many checks are revoked at once. */
const atOnce = 8

/** How many milliseconds a check may stay green on facts that have changed and could not be read again. */
export const verifyWithin = 60_000

/**
 * After a failed evaluation. A pull request that changed does not stay green beyond the second failure, or a minute; one that
 * did not change does until the job is given up. One without a verdict shows why. The evaluation is still retried.
 */
export async function noteFailure(
  shell: UnverifiedShell,
  pull: PullRef,
  { error, attempt }: { error: unknown; attempt: number },
  signal: AbortSignal,
): Promise<void> {
  const stored = await verificationOf(shell.database, pull)
  if (stored && (!stored.open || (stored.changedFor === undefined && attempt <= RETRY_LIMIT))) return
  const retryAt = retryTimeOf(error)
  const wait = retryAt && retryAt.getTime() - shell.now().getTime()
  if (canWait(stored?.changedFor ?? 0, wait, attempt)) return
  const why = unreadable(error)
  if (stored) await revokeUnverified(shell, pull, stored, why, signal)
  else await showPending(shell, pull, why, signal)
}

/** A first failure is retried within seconds, but a rate limit may name a time that is too far away. */
function canWait(changedFor: number, wait: number | undefined, attempt: number): boolean {
  return changedFor + Math.max(wait ?? 0, 0) < verifyWithin && (attempt < 2 || wait !== undefined)
}

/**
 * Revokes every green check whose pull request changed over a minute ago and was not evaluated since, whatever the reason: a
 * backlog, a hung worker, a rate limit. It is evaluated again, also where nothing else asks for that.
 */
export async function revokeOverdue(
  shell: UnverifiedShell,
  signal = new AbortController().signal,
): Promise<void> {
  const limit = pLimit(atOnce)
  const revoke = async (pull: PullRef) => {
    const stored = await verificationOf(shell.database, pull)
    const problem = `changed over ${verifyWithin / 1000} seconds ago and not evaluated since`
    if (!stored) return
    await shell.queue.enqueueEvaluate(pull, { priority: PRIORITY.mayBeGreen })
    await revokeUnverified(shell, pull, stored, { problem }, signal)
  }
  const overdue = await overdueGreens(shell.database, verifyWithin)
  // One that cannot be written keeps no other one green.
  const settled = await Promise.allSettled(overdue.map((pull) => limit(() => revoke(pull))))
  const failed = settled.find((each) => each.status === 'rejected' && !isGone(each.reason))
  if (failed?.status === 'rejected') throw failed.reason
}

/** Revokes a green verdict that cannot be verified, until an evaluation succeeds. */
export async function revokeUnverified(
  shell: UnverifiedShell,
  pull: PullRef,
  { generation, headSha, state }: Verification,
  why: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const { database, now } = shell
  const report = unverifiedReport(why)
  const began = performance.now()
  const { installationId, repositoryId, owner, repo, number } = pull
  const saved = await database.transaction(async (tx) => {
    if (!(await saveUnverified(tx, pull, { generation, report, digest: digestOf(report), at: now() })))
      return false
    const about = { installationId, repositoryId, owner, repo, number }
    const body = { pull: about, head: headSha, ...why }
    await appendRecord(tx, { installationId, kind: 'unverified', at: now(), body })
    // If the write to GitHub fails, the calendar repeats it.
    await shell.queue.enqueueTransition(now(), { tx })
    return true
  })
  const ms = Math.round(performance.now() - began)
  const after = { pull, headSha, state: 'failed' as const, report }
  const deliveries = await causesBefore(database, pull, Number.MAX_SAFE_INTEGER)
  if (saved) logVerdict(shell.log, { state }, after, { by: 'failed evaluation', deliveries, ms })
  await publish(shell, pull, headSha, why, signal)
}

/** A pull request that was never evaluated: its check says what is missing, where a policy covers its repository. */
async function showPending(
  shell: UnverifiedShell,
  pull: PullRef,
  why: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const { database, github } = shell
  if ((await lastValidPolicy(database, pull)) === undefined) return
  const known = (await pendingPull(database, pull))?.headSha
  const headSha = known ?? (await readPull(await github(pull.installationId), pull))?.head.sha
  if (!headSha) return
  await savePending(database, pull, { headSha, problem: why })
  await publish(shell, pull, headSha, why, signal)
}

async function publish(
  shell: UnverifiedShell,
  pull: PullRef,
  sha: string,
  why: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const { database, now, log } = shell
  log.warn(
    { pull: `${pull.owner}/${pull.repo}#${pull.number}`, ...why },
    'A pull request could not be verified',
  )
  const head = { ...pull, sha }
  const github = await shell.github(pull.installationId)
  const { written } = await publishHead({ database, github, now, signal, board: shell.board }, head)
  if (written) await appendPublished(database, head, written, now())
}

function unreadable(error: unknown): Unreadable {
  const problem = error instanceof Error ? error.message : String(error)
  return { request: requestOf(error), status: statusOfError(error), problem: beginningOf(problem, 300) }
}
