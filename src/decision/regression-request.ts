import { z } from 'zod'
import { pullRefSchema } from './snapshot.ts'

/**
 * What the queue `run-regression` carries: the head to test, and why. Everything else is read again. Written as a zod schema,
 * since a job may have been stored by an older version.
 */
export const regressionRequestSchema = z.object({
  /** One of the pull requests with the head; `requestedBy` where a person pressed the button. */
  pull: pullRefSchema,
  sha: z.string().min(1),
  /** The operator's name of the staging environment, of which one run at a time is allowed. */
  server: z.string().min(1),
  /**
   * `gate`: the head was deployed, or the label requested it; `window`: a window opens soon; `button`: a person requested it.
   */
  why: z.enum(['gate', 'window', 'button']),
})

export type RegressionRequest = z.infer<typeof regressionRequestSchema>

/** Equal keys are one job. */
export function keyOfRegression({ pull, sha }: Pick<RegressionRequest, 'pull' | 'sha'>): string {
  return `${pull.installationId}/${pull.repositoryId}/${sha}`
}
