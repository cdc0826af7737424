import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Shell } from '../gate/shell.ts'
import type { Queue } from '../store/queue.ts'

/** The external dependencies of the work at and after a merge. */
export type MergeShell = Pick<Shell, 'database' | 'github' | 'now' | 'log'> & {
  queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueIncident' | 'enqueueMerging' | 'enqueueNotice'>
}

export function repositoryOf({ installationId, repositoryId, owner, repo }: RepositoryRef): RepositoryRef {
  return { installationId, repositoryId, owner, repo }
}
