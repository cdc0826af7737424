import { z } from 'zod'
import { oneLine } from '../../decision/markdown.ts'
import { alertDelivery } from '../../store/alerts.ts'
import type { Queryable } from '../../store/database.ts'
import { readDelivery, reopenDelivery } from '../../store/inbox.ts'
import {
  bringForward,
  type FailedJob,
  failedJobs,
  failedJobsById,
  queueDepths,
  removeDeadLetter,
} from '../../store/queue/inspect.ts'
import { DELIVERIES } from '../../store/queue/queues.ts'
import { problemIn } from '../../store/queue/workers.ts'
import type { Output, RequestShell } from './request.ts'

export const listArgs = z.strictObject({ json: z.boolean() })

/** Waiting, failed and given-up jobs. 1 if something was given up. */
export async function listQueue(
  { database }: RequestShell,
  { json }: z.output<typeof listArgs>,
  out: Output,
): Promise<number> {
  const [depths, failed] = [await queueDepths(database), await failedJobs(database, 200)]
  const about = await Promise.all(
    failed.map(async (job) => ({ ...job, about: await subjectOf(database, job) })),
  )
  const code = failed.some(({ state }) => state === 'given up') ? 1 : 0
  if (json) {
    await out(`${JSON.stringify({ queues: depths, failed: about.map(plain) })}\n`)
    return code
  }
  const { default: Table } = await import('cli-table3')
  const queues = new Table({
    head: ['Queue', 'Due', 'Running', 'Later', 'Oldest due'],
    style: { head: [], border: [] },
  })
  for (const { queue, due, running, later, oldestSeconds } of depths)
    queues.push([queue, due, running, later, due > 0 ? `${Math.round(oldestSeconds)} s` : ''])
  await out(depths.length === 0 ? 'No jobs are waiting.\n' : `${queues}\n`)
  if (failed.length === 0) return code
  const table = new Table({
    head: ['Job', 'State', 'Queue', 'About', 'Reason'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [10, 13, 16, 26, 60],
  })
  for (const job of about)
    table.push([
      job.id.slice(0, 8),
      job.state,
      job.queue,
      oneLine(job.about, 300),
      oneLine(problemIn(job.problem), 200),
    ])
  await out(`${table}\nDetails: release-gate queue show JOB. Start again: release-gate queue retry JOB.\n`)
  return code
}

export const jobArgs = z.strictObject({ job: z.string().regex(/^[0-9a-f-]{4,36}$/) })

export async function showJob(
  shell: RequestShell,
  { job }: z.output<typeof jobArgs>,
  out: Output,
): Promise<number> {
  const found = await only(shell.database, job)
  await out(
    `${JSON.stringify(plain({ ...found, about: await subjectOf(shell.database, found) }), null, 2)}\n`,
  )
  return 0
}

export const retryArgs = z.strictObject({ job: jobArgs.shape.job.optional() })

/** Starts one job again, or all that were given up. */
export async function retryJobs(
  shell: RequestShell,
  { job }: z.output<typeof retryArgs>,
  out: Output,
): Promise<number> {
  const { database } = shell
  const chosen = job
    ? [await only(database, job)]
    : (await failedJobs(database, 10_000)).filter(({ state }) => state === 'given up')
  if (chosen.length === 0) await out('Nothing was given up.\n')
  for (const each of chosen) {
    const started = await startAgain(shell, each)
    const what = `${each.queue}, ${oneLine(await subjectOf(database, each), 300)}`
    await out(started ? `Started again: ${what}\n` : `Already started: ${what}\n`)
  }
  return 0
}

async function startAgain({ database, queue }: RequestShell, job: FailedJob): Promise<boolean> {
  if (job.state === 'tried again') return bringForward(database, job.id)
  const opened = await queue()
  return database.transaction(async (tx) => {
    if (!(await removeDeadLetter(tx, job.id))) return false
    if (job.queue === DELIVERIES && 'id' in job.data) await reopenDelivery(tx, String(job.data.id))
    await opened.resend(unwrapped(job), { tx })
    return true
  })
}

/** A delayed job contains the job that it becomes. */
function unwrapped({ queue, data, key }: FailedJob): { queue: string; data: object; key: string | null } {
  const inner = z
    .object({ queue: z.string(), data: z.looseObject({}), key: z.string().nullable() })
    .safeParse(data)
  return inner.success ? inner.data : { queue, data, key }
}

async function only(db: Queryable, id: string): Promise<FailedJob> {
  const [job, second] = await failedJobsById(db, id)
  if (!job) throw new Error(`There is no failed job ${id}. List them with \`release-gate queue ls\`.`)
  if (second) throw new Error(`Several failed jobs begin with ${id}. Give more of its characters.`)
  return job
}

const place = z.object({ owner: z.string(), repo: z.string(), number: z.int().optional() })

const alertJob = z.object({ task: z.literal('alert'), source: z.string(), delivery: z.string() })

async function subjectOfAlert(
  db: Queryable,
  { source, delivery }: z.output<typeof alertJob>,
): Promise<string> {
  const stored = await alertDelivery(db, source, delivery)
  const place = stored ? ` for ${stored.repository.owner}/${stored.repository.repo}` : ', removed since'
  return `alert ${delivery} of ${source}${place}`
}

/** The pull request, repository, delivery or alert that a job concerns. */
async function subjectOf(db: Queryable, job: FailedJob): Promise<string> {
  const { queue, data } = unwrapped(job)
  if (queue === DELIVERIES && 'id' in data) {
    const delivery = await readDelivery(db, String(data.id))
    return delivery ? `${delivery.event} delivery ${delivery.guid}` : `delivery ${data.id}, removed since`
  }
  const alert = alertJob.safeParse(data).data
  if (alert) return subjectOfAlert(db, alert)
  const parts: unknown[] = [data, 'pull' in data && data.pull, 'repository' in data && data.repository]
  for (const part of parts) {
    const read = place.safeParse(part)
    if (!read.success) continue
    const { owner, repo, number } = read.data
    const own = number ?? ('number' in data ? data.number : undefined)
    return `${owner}/${repo}${own === undefined ? '' : `#${own}`}`
  }
  return 'all repositories'
}

function plain(job: FailedJob & { about: string }): object {
  const { id, state, queue, about, problem, attempts, at, nextAt, data } = job
  return {
    id,
    state,
    queue,
    about,
    reason: problemIn(problem),
    attempts,
    at,
    ...(nextAt && { nextAt }),
    data,
  }
}
