import type { Logger } from 'pino'
import type { GitHub } from '../../services/github/client.ts'
import type { Allowance } from '../../services/github/hourly-quota.ts'
import type { SignInApp } from '../../services/github/user-tokens.ts'
import type { Database } from '../../store/database.ts'
import type { Queue } from '../../store/queue.ts'

/** What the board works with. */
export type BoardShell = {
  database: Database
  queue: Pick<Queue, 'enqueueTransition' | 'enqueueNotice'>
  /** The bot's clock, for windows and freezes. Sessions follow the system's clock. */
  now: () => Date
  /** The client of an installation. */
  github: (installationId: number) => Promise<GitHub>
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** The address that people open, without a slash at the end. */
  base: () => string
  /** The App that people sign in with, or why nobody can. */
  signIn: SignInApp | { problem: string }
  /** Teams, `org/slug` in lower case, whose members may freeze their whole organization, as its owners may. */
  freezeTeams: readonly string[]
  /** How many proxies in front of the bot are the operator's own; without it, none. */
  trustedProxies?: number
  /** What GitHub said last about the hourly limit of an installation's requests. */
  allowance?: (installationId: number) => Allowance | undefined
  /** Aborted when the server is about to stop. */
  ending?: AbortSignal
}
