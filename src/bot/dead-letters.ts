import { regressionRequestSchema } from '../decision/regression-request.ts'
import { governingOfTask } from '../incidents/places.ts'
import { deadLetterNotice, unwrapDelayedJob } from '../notices/dead-letter-notice.ts'
import { markFailed } from '../store/inbox.ts'
import { COMMANDS, RUN_REGRESSION } from '../store/queue/queues.ts'
import type { DeadJob } from '../store/queue.ts'
import { endQuietlyIfGone } from './gone.ts'
import type { Parts } from './parts.ts'

/** Cleans up after a job that failed for good, and announces it. */
export async function handleDeadJob({ settings, shell, log }: Parts, job: DeadJob): Promise<void> {
  const { database, queue, now } = shell
  const { queue: name, data, problem } = job
  if (name === 'deliveries' && 'id' in data) await markFailed(database, String(data.id), problem, now())
  if (name === RUN_REGRESSION) {
    const { giveUpRegression } = await import('../staging/give-up.ts')
    const { servers } = settings
    await endQuietlyIfGone(
      giveUpRegression({ ...shell, servers }, regressionRequestSchema.parse(data), problem),
      log,
    )
  }
  const governing = await governingOfTask(database, unwrapDelayedJob(job).data)
  const notice = await deadLetterNotice(database, job, now(), governing)
  if (notice) await queue.enqueueNotice(notice)
  if (name === COMMANDS) {
    const { giveUpCommand } = await import('../comments/give-up.ts')
    await giveUpCommand(shell, data)
  }
}
