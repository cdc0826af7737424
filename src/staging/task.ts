import type { Logger } from 'pino'
import type { RegressionRequest } from '../decision/regression-request.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { RunbookSettings } from '../decision/runbook-settings.ts'
import type { RunReport } from '../regression/report-schema.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Pull } from '../services/github/pulls.ts'
import type { StagingServer } from '../settings/servers.ts'
import type { Database } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import type { Around } from './run-apart.ts'
import type { OnStaging } from './target.ts'

/** The external dependencies of a run on staging. */
export type RegressionShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueAll' | 'enqueueEvaluate' | 'enqueueNotice' | 'enqueueRegression'>
  servers: ReadonlyMap<string, StagingServer>
  now: () => Date
  log: Pick<Logger, 'info' | 'warn'>
  threads?: Pick<Around, 'patience' | 'startThread'> | undefined
}

/** One head to be evaluated, with what is known of it. `absent` says why staging does not hold it. */
export type RunTask = {
  github: GitHub
  request: RegressionRequest
  settings: RegressionSettings
  /** Where the policy requires runbooks, they are drilled. */
  runbooks: RunbookSettings | undefined
  pull: Pull
  tree: string | null
  staging: OnStaging
  absent: string | undefined
}

/** The result. `recorded` is the list of tools as it was read, where it was, as text. */
export type RunResult = {
  report: RunReport
  recorded: string | undefined
  suiteText: string | null
  baselineId: number | null
}

/** What a run relates to. */
export type RunOrigin = Pick<RunTask, 'github' | 'request' | 'settings' | 'runbooks' | 'tree' | 'absent'> & {
  staging: { live: { id: number } | undefined }
}
