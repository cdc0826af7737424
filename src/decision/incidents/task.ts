import { z } from 'zod'
import { pullRefSchema } from '../snapshot.ts'

const repository = pullRefSchema.omit({ number: true, requestedBy: true })

/**
 * The jobs of the queue `incidents`. They only name a place: what happened there is read. Written as a zod schema, since a job
 * may have been stored by an older version.
 */
export const incidentTaskSchema = z.discriminatedUnion('task', [
  /** An issue of the incident repository may have changed, or one of its clocks is due. */
  z.object({ task: z.literal('look'), repository, number: z.int().positive() }),
  /** An alert was taken in. */
  z.object({ task: z.literal('alert'), source: z.string().min(1), delivery: z.string().min(1) }),
  /** A post-mortem has to be opened, announced or checked. */
  z.object({ task: z.literal('post-mortem'), repository, number: z.int().positive() }),
  /** Everything of an incident repository has to be read. */
  z.object({
    task: z.literal('read all'),
    installationId: z.int().positive(),
    owner: z.string().min(1),
    repo: z.string().min(1),
  }),
  /** Another system may not say what it should of an incident. */
  z.object({
    task: z.literal('mirror'),
    repository,
    number: z.int().positive(),
    mirror: z.enum(['pagerduty', 'jira']),
  }),
  /** Monitors have to be read. `ids`: checks wait for these to turn green. */
  z.object({ task: z.literal('monitors'), ids: z.array(z.int().positive()).optional() }),
  /** A release has to be watched. `key` is that of its merge. */
  z.object({
    task: z.literal('watch'),
    repository,
    key: z.string().min(1),
    summary: z.string(),
    at: z.iso.datetime({ offset: true }),
    url: z.url(),
  }),
  /** A change was merged, which PagerDuty shows beside its alerts. */
  z.object({
    task: z.literal('change'),
    repository,
    key: z.string().min(1),
    summary: z.string(),
    at: z.iso.datetime({ offset: true }),
    url: z.url(),
  }),
  /** An urgent pull request may name an incident. */
  z.object({ task: z.literal('link'), pull: pullRefSchema.omit({ requestedBy: true }) }),
])

export type IncidentTask = z.infer<typeof incidentTaskSchema>

/** Equal keys are one job. */
export function keyOfIncidentTask(task: IncidentTask): string {
  switch (task.task) {
    case 'read all':
      return ['read all', task.installationId, task.owner, task.repo].join('/')
    case 'post-mortem':
    case 'look': {
      const { installationId, repositoryId } = task.repository
      return [task.task, installationId, repositoryId, task.number].join('/')
    }
    case 'mirror': {
      const { installationId, repositoryId } = task.repository
      return ['mirror', task.mirror, installationId, repositoryId, task.number].join('/')
    }
    case 'monitors':
      return ['monitors', ...(task.ids ?? [])].join('/')
    case 'watch':
    case 'change':
      return task.key
    case 'alert':
      return ['alert', task.source, task.delivery].join('/')
    case 'link': {
      const { installationId, repositoryId, number } = task.pull
      return ['link', installationId, repositoryId, number].join('/')
    }
  }
}
