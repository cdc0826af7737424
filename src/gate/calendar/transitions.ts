import { waitingForTurnReport } from '../../decision/report.ts'
import { isAnyQueued } from '../../store/check-runs.ts'
import type { Queue } from '../../store/queue.ts'
import { retryTimeOf } from '../../store/retry-after-error.ts'
import { nextTransition, type Times, takeToPrepare } from '../../store/verdicts/due.ts'
import { requestMonitors } from '../health-fact.ts'
import { evaluateDue, type ReevaluationShell } from './reevaluate-due.ts'
import { type HeadsShell, writeHeads } from './write-checks.ts'

export { scheduleOf } from './schedule.ts'

export type TransitionShell = ReevaluationShell &
  HeadsShell & { queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueIncident' | 'enqueueTransition'> }

/**
 * Carries out what the calendar changes, at each opening, closing, expiry and freeze, and once at the start for what was
 * missed: candidates are read again in the five minutes before an opening; at the time itself stored facts are evaluated again
 * without reading, and only the checks whose state changes are written, those that must not be green first. What was written is
 * read afresh after it, in the background. What GitHub's limits did not allow is done at the time that they allow it.
 */
export async function applyTransitions(shell: TransitionShell, signal: AbortSignal): Promise<void> {
  const { database, queue } = shell
  const now = shell.now()
  for (const pull of await takeToPrepare(database, now)) await queue.enqueueEvaluate(pull)
  const keepTimes = await evaluateDue(shell, now, signal)
  await enqueueNext(shell)
  const { failures, again, monitors, turnedGreen } = await writeHeads(shell, signal)
  await keepTimes()
  // Closing begins earlier for those that are green now.
  if (turnedGreen) await (await evaluateDue(shell, shell.now(), signal))()
  await enqueueNext(shell)
  await goOn(shell, failures)
  await requestMonitors(queue, monitors)
  for (const pull of again) await queue.enqueueEvaluate(pull)
  const failure = failures.find((error) => !retryTimeOf(error))
  if (failure) throw failure
}

/** Each run enqueues the next one, so that none is lost if the process dies between a verdict and its job. */
async function enqueueNext({ database, queue, now }: TransitionShell): Promise<void> {
  const next = await nextTransition(database, now())
  if (next) await queue.enqueueTransition(next)
}

/** Runs again for what GitHub's limits did not allow, and every minute for checks that wait for their turn. */
async function goOn({ database, queue, now }: TransitionShell, failures: unknown[]): Promise<void> {
  const limits = failures.flatMap((error) => retryTimeOf(error)?.getTime() ?? [])
  const soonest = Math.max(Math.min(...limits), now().getTime() + 1_000)
  if (limits.length > 0) await queue.enqueueTransition(upTo(soonest, 1_000))
  if (await isAnyQueued(database, waitingForTurnReport().title)) {
    await queue.enqueueTransition(upTo(now().getTime() + 1_000, 60_000))
  }
}

/** Rounded up, so that several runs request the same one. */
function upTo(time: number, step: number): Date {
  return new Date(Math.ceil(time / step) * step)
}

/** Asks for the calendar to be carried out when a verdict is due, and when its facts are to be read again. */
export async function enqueueTimes(
  queue: Pick<Queue, 'enqueueTransition'>,
  { nextAt, prepareAt }: Times,
): Promise<void> {
  if (nextAt) await queue.enqueueTransition(nextAt)
  if (prepareAt) await queue.enqueueTransition(prepareAt)
}
