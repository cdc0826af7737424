import type { Clock } from 'pg-boss'
import type { Logger } from 'pino'
import type { Probot } from 'probot'
import type { Shell } from '../gate/shell.ts'
import type { Budget } from '../services/github/hourly-quota.ts'
import type { Settings } from '../settings/settings.ts'
import type { Around } from '../staging/run-apart.ts'
import type { Queue } from '../store/queue.ts'

/** The parts of the running bot. Each file of this folder starts one of its sides. */
export type Parts = {
  settings: Settings
  log: Logger
  clock: Clock
  shell: Omit<Shell, 'queue' | 'web'> & { queue: Queue; web: string }
  probot: Probot
  /** What is left of GitHub's hourly limits. */
  budget: Pick<Budget, 'left'>
  /** Whether an account is served: `ALLOWED_ACCOUNTS`. */
  serves: (account: string) => boolean
  /** How the threads of regressions differ from the usual: tests shorten their patience, and use them again. */
  threads?: Pick<Around, 'patience' | 'startThread'>
}
