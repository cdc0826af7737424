import type { Logger } from 'pino'
import { verdictsChanged } from '../services/metrics.ts'
import type { StoredVerdict } from '../store/verdicts.ts'

type Seen = Pick<StoredVerdict, 'pull' | 'headSha' | 'state' | 'report'>

/**
 * The one line of the log that says that a verdict changed, and its count. `after`: for how many milliseconds the change
 * behind it had been stored; undefined where the calendar or the hourly check brought it.
 */
export function logVerdict(
  log: Pick<Logger, 'info'>,
  before: Pick<Seen, 'state'> | undefined,
  { pull, headSha, state, report }: Seen,
  times: { ms?: number; after?: number | undefined } = {},
): void {
  verdictsChanged.inc({ state })
  const { owner, repo, number } = pull
  const about = {
    repository: `${owner}/${repo}`,
    pull: number,
    head: headSha,
    installation: pull.installationId,
  }
  log.info(
    { ...about, from: before?.state ?? 'none', to: state, why: report.title, ...times },
    'A verdict changed',
  )
}
