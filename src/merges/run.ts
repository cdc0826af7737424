import { mergeTaskSchema } from '../decision/merge-task.ts'
import { isGone, isUnwritable } from '../services/github/gone.ts'
import { recordDirectPushes, reschedulePush } from './direct-pushes.ts'
import { followUp } from './following-up.ts'
import { evaluateGroup } from './groups.ts'
import { recordMerge } from './recording.ts'
import { recordReviewIssue } from './reviews.ts'
import { runAll } from './run-all.ts'
import type { MergeShell } from './shell.ts'

/**
 * The job of the queue `merging`; `attempt` counts from 1. Idempotent: work that was done before a crash is not repeated. A
 * reached limit is thrown as `retryAfterError` with the time that GitHub names.
 */
export async function runMergeTask(
  shell: MergeShell,
  data: object,
  signal: AbortSignal,
  attempt: number,
): Promise<void> {
  const task = mergeTaskSchema.parse(data)
  const { installationId } = task.task === 'merged' ? task.pull : task.repository
  const keep = async (error: unknown): Promise<never> => {
    if (task.task === 'pushed' && isGone(error)) await reschedulePush(shell, task)
    throw error
  }
  const github = await shell.github(installationId).catch(keep)
  signal.throwIfAborted()
  switch (task.task) {
    case 'merged':
      if (await recordMerge({ shell, github, pull: task.pull, attempt })) {
        await followUp(shell, github, task.pull, `#${task.pull.number}`)
      }
      return
    case 'pushed': {
      const pushed = { range: task.push, attempt }
      const keys = await recordDirectPushes(shell, github, task.repository, pushed, signal).catch(keep)
      return runAll(keys.map((key) => followUp(shell, github, task.repository, key)))
    }
    case 'follow up':
      // Only what had no access before comes here: it is asked for again every hour.
      return followUp(shell, github, task.repository, task.key).catch((error) => {
        if (!isUnwritable(error)) throw error
      })
    case 'group':
      return evaluateGroup(shell, github, task.repository, task.group, signal)
    case 'issue':
      return recordReviewIssue(shell, github, task.repository, task.number)
  }
}
