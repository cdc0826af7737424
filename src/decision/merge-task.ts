import { z } from 'zod'
import { pullRefSchema } from './snapshot.ts'

const repository = pullRefSchema.omit({ number: true, requestedBy: true })
const sha = z.string().min(1)

/**
 * The jobs of the queue `merging`. They only name a place; who merged, pushed or closed is read from GitHub. Written as a zod
 * schema, since a job may have been stored by an older version.
 */
export const mergeTaskSchema = z.discriminatedUnion('task', [
  z.object({ task: z.literal('merged'), pull: pullRefSchema.omit({ requestedBy: true }) }),
  /** A branch has moved; `branch` is its short name. `since`: the App has had no access from then on. */
  z.object({
    task: z.literal('pushed'),
    repository,
    push: z.object({ branch: z.string().min(1), before: sha, after: sha }),
    since: z.iso.datetime().optional(),
  }),
  /** GitHub wants a merge group checked, or has done with it; the refs are full names. */
  z.object({
    task: z.literal('group'),
    repository,
    group: z.object({ headSha: sha, headRef: z.string().min(1), baseRef: z.string().min(1) }),
  }),
  /** An issue was closed, opened again or deleted; it may be the review of a merge. */
  z.object({ task: z.literal('issue'), repository, number: z.int().positive() }),
  /** A recorded merge or push whose review issue is missing. */
  z.object({ task: z.literal('follow up'), repository, key: z.string().min(1) }),
])

export type MergeTask = z.infer<typeof mergeTaskSchema>
export type RepositoryRef = z.infer<typeof repository>
export type PushedRange = Extract<MergeTask, { task: 'pushed' }>['push']
export type MergeGroup = Extract<MergeTask, { task: 'group' }>['group']

/** Equal keys are one job. */
export function keyOfTask(task: MergeTask): string {
  const { installationId, repositoryId } = task.task === 'merged' ? task.pull : task.repository
  return [installationId, repositoryId, task.task, what(task)].join('/')
}

function what(task: MergeTask): string | number {
  switch (task.task) {
    case 'merged':
      return task.pull.number
    case 'pushed':
      return `${task.push.branch} ${task.push.before} ${task.push.after}`
    case 'group':
      return task.group.headSha
    case 'issue':
      return task.number
    case 'follow up':
      return task.key
  }
}
