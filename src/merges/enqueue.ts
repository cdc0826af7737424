import type { MergeTask } from '../decision/merge-task.ts'
import type { Queue } from '../store/queue.ts'
import { linkMayLag } from './pushes.ts'

/** Enqueues what an event asks to look at: a push after two minutes, since the link to its pull request may lag. */
export function enqueueWhenDue(
  queue: Pick<Queue, 'enqueueMerging'>,
  { now, serves }: { now: () => Date; serves: (account: string) => boolean },
) {
  return async (task: MergeTask): Promise<void> => {
    const { owner } = task.task === 'merged' ? task.pull : task.repository
    if (!serves(owner)) return
    const due = task.task === 'pushed' ? { at: new Date(now().getTime() + linkMayLag) } : {}
    await queue.enqueueMerging(task, due)
  }
}
