import type { CommentTask } from '../decision/comment-task.ts'
import type { Shell } from '../gate/shell.ts'
import type { Queue } from '../store/queue.ts'
import { type Purpose, reserveWrite } from '../store/write-budget.ts'

/** The external dependencies of the commands in comments. */
export type CommentShell = Pick<Shell, 'database' | 'github' | 'now' | 'log' | 'web' | 'board'> & {
  queue: Pick<Queue, 'enqueueAll' | 'enqueueEvaluate' | 'enqueueNotice'>
}

export type Task = CommentTask

/** Takes one of the writes that GitHub's limits allow, or throws `retryAfterError`. */
export function reserve(
  { database, now }: Pick<CommentShell, 'database' | 'now'>,
  { installationId }: { installationId: number },
  purpose: Purpose,
): Promise<void> {
  return database.transaction((tx) => reserveWrite(tx, installationId, now(), purpose))
}
