import type { Clock } from 'pg-boss'
import type { Logger } from 'pino'
import type { Probot } from 'probot'
import type { Shell } from '../gate/evaluate.ts'
import type { Settings } from '../settings/settings.ts'
import type { Queue } from '../store/queue.ts'
import type { Enqueue } from './app.ts'

/** What the bot is put together from; each file of this folder starts one side of it. */
export type Parts = {
  settings: Settings
  log: Logger
  clock: Clock
  shell: Omit<Shell, 'queue'> & { queue: Queue }
  probot: Probot
  /** Whether an account is served: `ALLOWED_ACCOUNTS`. */
  serves: (account: string) => boolean
  /** Asks for a pull request to be looked at, because something was heard of it. */
  enqueue: Enqueue
}
