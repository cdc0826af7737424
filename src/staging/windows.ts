import { windowStateAt } from '../decision/calendar.ts'
import { effectiveGates } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import { currentRun, isFresh } from '../decision/staging.ts'
import type { Queue } from '../store/queue.ts'
import { type StoredVerdict, verdictsNaming } from '../store/verdicts.ts'
import { beforeWindow, type RequestShell } from './requests.ts'

/** When the next window of a policy opens; undefined while one is open, and where the gate or the window is off. */
function opening(gates: Policy['gates'], now: Date): Date | undefined {
  if (!gates.staging_regression || !gates.release_window) return undefined
  const calendar = windowStateAt(gates.release_window, now)
  return calendar.open ? undefined : calendar.opensAt
}

/** Asks for the calendar to be carried out an hour before the next window opens, for `requestRunsBeforeWindows`. */
export async function enqueueWindowTime(
  queue: Pick<Queue, 'enqueueTransition'>,
  stored: Pick<StoredVerdict, 'policy' | 'counts' | 'snapshot'>,
  now: Date,
): Promise<void> {
  const opensAt = stored.counts ? opening(effectiveGates(stored), now) : undefined
  const at = opensAt && new Date(opensAt.getTime() - beforeWindow)
  if (at && at > now) await queue.enqueueTransition(at)
}

/**
 * In the hour before a window opens: asks for a run on every candidate without evidence that is fresh when it opens. Facts are
 * read again by the job. What failed is evidence; what could not be evaluated is tried once more in this hour. Heads of forks
 * are tested only on request.
 */
export async function requestRunsBeforeWindows(
  { database, queue }: Pick<RequestShell, 'database'> & { queue: Pick<Queue, 'enqueueRegression'> },
  now: Date,
): Promise<void> {
  for (const stored of await verdictsNaming(database, 'staging_regression')) {
    const opensAt = opening(effectiveGates(stored), now)
    if (!opensAt || opensAt.getTime() - now.getTime() > beforeWindow) continue
    await askOne(queue, stored, { now, opensAt })
  }
}

async function askOne(
  queue: Pick<Queue, 'enqueueRegression'>,
  stored: StoredVerdict,
  { now, opensAt }: { now: Date; opensAt: Date },
): Promise<void> {
  const { pull, headSha: sha, snapshot } = stored
  const settings = effectiveGates(stored).staging_regression
  if (!settings || snapshot.draft || snapshot.head.fork || !snapshot.regression) return
  const run = currentRun(snapshot.regression, sha, settings)
  const at = run ? Date.parse(run.startedAt) : 0
  if (run?.verdict === 'failed') return
  if (run?.verdict === 'passed' && isFresh(run, settings, now.getTime(), opensAt.getTime())) return
  if (run?.verdict === 'inconclusive' && at >= opensAt.getTime() - beforeWindow) return
  const { requestedBy: _, ...plain } = pull
  await queue.enqueueRegression({ pull: plain, sha, server: settings.server, why: 'window' })
}
