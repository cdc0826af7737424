import { applyTransitions, type TransitionShell } from '../gate/calendar/transitions.ts'
import { failOpenGroupsEverywhere } from '../merges/open-groups.ts'
import { runAll } from '../merges/run-all.ts'
import type { MergeShell } from '../merges/shell.ts'
import { planReleaseDays } from '../notices/release-day.ts'
import { requestRunsBeforeWindows } from '../staging/windows.ts'
import type { Queue } from '../store/queue.ts'

type CalendarShell = TransitionShell &
  Pick<MergeShell, 'log'> & { queue: Pick<Queue, 'enqueueNotice' | 'enqueueRegression'> }

/**
 * Everything that the calendar changes. No part keeps another one from being done, and what may have to lose its green is never behind
 * what can wait.
 */
export async function carryOutCalendar(
  shell: CalendarShell,
  signal: AbortSignal,
  { days }: { days: boolean },
): Promise<void> {
  const applied = runAll([
    failOpenGroupsEverywhere(shell),
    applyTransitions(shell, signal),
    ...(days ? [planReleaseDays(shell)] : []),
  ])
  const requested = applied.catch(() => undefined).then(() => requestRunsBeforeWindows(shell, shell.now()))
  await runAll([applied, requested])
}
