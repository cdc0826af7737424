import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Shell } from '../gate/shell.ts'
import type { Queue } from '../store/queue.ts'

/** Everything outside that the work at and after a merge needs. */
export type MergeShell = Pick<Shell, 'database' | 'github' | 'now' | 'log'> & {
  queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueMerging' | 'enqueueNotice'>
}

export function repositoryOf({ installationId, repositoryId, owner, repo }: RepositoryRef): RepositoryRef {
  return { installationId, repositoryId, owner, repo }
}
