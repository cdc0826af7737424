import type { Logger } from 'pino'
import { verdictsChanged } from '../services/metrics.ts'
import type { StoredVerdict } from '../store/verdicts.ts'

type Seen = Pick<StoredVerdict, 'pull' | 'headSha' | 'state' | 'report'>

/** What made the verdict change: deliveries by their ids, or the calendar (freezes too), a failed evaluation, or else a check of everything. */
export type Cause = {
  deliveries?: string[]
  by?: 'calendar' | 'look' | 'failed evaluation' | undefined
  /** Milliseconds that it took, and for how many the change behind it had been stored, where a delivery brought it. */
  ms: number
  after?: number | undefined
}

/** The one line of the log that says that a verdict changed, and its count. */
export function logVerdict(
  log: Pick<Logger, 'info'>,
  before: Pick<Seen, 'state'> | undefined,
  { pull, headSha, state, report }: Seen,
  { deliveries = [], by, ...times }: Cause,
): void {
  verdictsChanged.inc({ state })
  const { owner, repo, number } = pull
  const about = {
    repository: `${owner}/${repo}`,
    pull: number,
    head: headSha,
    installation: pull.installationId,
  }
  const cause = deliveries.length > 0 ? { ...(by && { by }), deliveries } : { by: by ?? 'look' }
  log.info(
    { ...about, from: before?.state ?? 'none', to: state, why: report.title, ...cause, ...times },
    'A verdict changed',
  )
}
