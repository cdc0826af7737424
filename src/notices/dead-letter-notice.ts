import { z } from 'zod'
import { incidentTaskSchema } from '../decision/incidents/task.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { mergeTaskSchema } from '../decision/merge-task.ts'
import type { Notice, NoticeOf } from '../decision/notice.ts'
import { pullRefSchema } from '../decision/snapshot.ts'
import type { Database } from '../store/database.ts'
import { readDelivery } from '../store/inbox.ts'
import { DELIVERIES, INCIDENTS, MERGING, NOTICES } from '../store/queue/queues.ts'
import type { DeadJob } from '../store/queue.ts'

type Place = NoticeOf<'dead letter'>['repository'] & { number?: number | undefined }

const delayed = z.object({ queue: z.string(), data: z.record(z.string(), z.unknown()) })

const payload = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
})

/**
 * The notice for a job that failed for good, for the channel of its repository. At most one per hour for each pull
 * request and queue, since one cause often fails many jobs. Failed notices and jobs without a repository get none; they
 * have only the alert in the log. `governing`: the repository whose channel it goes to where the job names none, or an incident.
 */
export async function deadLetterNotice(
  database: Database,
  job: DeadJob,
  now: Date,
  governing?: RepositoryRef,
): Promise<Notice | undefined> {
  const { queue, data } = unwrapDelayedJob(job)
  if (queue === NOTICES) return undefined
  const place: Place | undefined = (await placeOf(database, queue, data)) ?? governing
  if (!place) return undefined
  const { number, ...repository } = place
  const hour = now.toISOString().slice(0, 13)
  const key = `dead-letter/${queue}/${repository.repositoryId}/${number ?? 'delivery'}/${hour}`
  if (queue === INCIDENTS && governing && number !== undefined) {
    const problem = `${repository.owner}/${repository.repo}#${number}: ${job.problem}`
    return { kind: 'dead letter', key, repository: governing, queue, problem }
  }
  const about = number === undefined ? {} : { number }
  return { kind: 'dead letter', key, repository, queue, ...about, problem: job.problem }
}

/** A delayed job contains the job that it becomes. */
export function unwrapDelayedJob({ queue, data }: DeadJob): { queue: string; data: object } {
  const inner = delayed.safeParse(data)
  return inner.success ? inner.data : { queue, data }
}

async function placeOf(database: Database, queue: string, data: object): Promise<Place | undefined> {
  if (queue === DELIVERIES) return placeOfDelivery(database, data)
  if (queue === MERGING) return placeOfTask(data)
  if (queue === INCIDENTS) return placeOfIncident(data)
  return placeOfPull('pull' in data ? data.pull : data)
}

function placeOfTask(data: object): Place | undefined {
  const { data: task } = mergeTaskSchema.safeParse(data)
  if (!task) return undefined
  if (task.task === 'merged') return placeOfPull(task.pull)
  const { installationId, repositoryId, owner, repo } = task.repository
  return { installationId, repositoryId, owner, repo }
}

function placeOfIncident(data: object): Place | undefined {
  const { data: task } = incidentTaskSchema.safeParse(data)
  if (task?.task === 'link') return placeOfPull(task.pull)
  if (task?.task === 'watch' || task?.task === 'change') return task.repository
  return task?.task === 'look' || task?.task === 'mirror' || task?.task === 'post-mortem'
    ? { ...task.repository, number: task.number }
    : undefined
}

function placeOfPull(data: unknown): Place | undefined {
  const read = pullRefSchema.safeParse(data)
  if (!read.success) return undefined
  const { installationId, repositoryId, owner, repo, number } = read.data
  return { installationId, repositoryId, owner, repo, number }
}

async function placeOfDelivery(database: Database, data: object): Promise<Place | undefined> {
  const delivery = 'id' in data ? await readDelivery(database, String(data.id)) : undefined
  const read = payload.safeParse(delivery && parsed(delivery.body))
  if (!read.success) return undefined
  const { installation, repository } = read.data
  return {
    installationId: installation.id,
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
  }
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}
