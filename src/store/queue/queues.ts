import type { PgBoss, Queue as QueueSettings } from 'pg-boss'

/** pg-boss's own schema, separate from ours and from those that Supabase exposes. */
export const JOBS_SCHEMA = 'release_gate_jobs'

export const DELIVERIES = 'deliveries'
export const EVALUATE = 'evaluate'
export const RECHECK = 'recheck'
export const TRANSITIONS = 'transitions'
export const MERGING = 'merging'
export const INCIDENTS = 'incidents'
export const COMMANDS = 'commands'
export const RUN_REGRESSION = 'run-regression'
export const LATER = 'later'
export const NOTICES = 'notices'
export const DEAD_LETTERS = 'dead-letters'

type Definition = Omit<QueueSettings, 'name' | 'policy'> & {
  policy: 'standard' | 'short' | 'stately' | 'exclusive'
}

/** The order of evaluations. A check that may have to be revoked is never behind anything else. */
export const PRIORITY = { mayBeGreen: 20, atOpening: 10, sameHead: 5 } as const

/** Commands of the people of a repository are not behind those of strangers. */
export const INSIDER_PRIORITY = 10

/** After this many retries a job becomes a dead letter. */
export const RETRY_LIMIT = 10

const DAY = 24 * 60 * 60

/**
 * An active job blocks its key, so a lost worker is detected by its heartbeat, not after pg-boss's 900 s. Ten retries with
 * these delays take about half an hour; then the job goes to the dead letter queue, with an alert.
 */
const COMMON = {
  heartbeatSeconds: 10,
  expireInSeconds: 60,
  retryLimit: RETRY_LIMIT,
  retryDelay: 2,
  retryBackoff: true,
  retryDelayMax: 300,
  deleteAfterSeconds: DAY,
} as const

/**
 * The queues and their settings.
 * - `evaluate` is `stately`: for each key one job queued and one running, so that a request during a run is never lost.
 * - `recheck` and `later` are queues of their own, with the time in their key: a *delayed* job with the key of `evaluate`
 * would absorb an immediate one. `short` joins equal requests for one time.
 */
const DEFINITIONS: Record<string, Definition> = {
  [DEAD_LETTERS]: { policy: 'standard', notify: true, deleteAfterSeconds: 30 * DAY, retryLimit: 3 },
  [DELIVERIES]: { ...COMMON, policy: 'stately', notify: true, deadLetter: DEAD_LETTERS },
  [EVALUATE]: { ...COMMON, policy: 'stately', notify: true, deadLetter: DEAD_LETTERS },
  [RECHECK]: { ...COMMON, policy: 'short', notify: true, deadLetter: DEAD_LETTERS },
  // Revoking hundreds of green checks at GitHub's pace is one job. It has a heartbeat, and more time than the others.
  [TRANSITIONS]: { ...COMMON, policy: 'short', expireInSeconds: 600, notify: true, deadLetter: DEAD_LETTERS },
  [MERGING]: { ...COMMON, policy: 'stately', notify: true, deadLetter: DEAD_LETTERS },
  [COMMANDS]: { ...COMMON, policy: 'stately', notify: true, deadLetter: DEAD_LETTERS },
  // More time than others: a job of an incident may ask several systems, each of which has ten seconds.
  [INCIDENTS]: {
    ...COMMON,
    policy: 'stately',
    expireInSeconds: 180,
    notify: true,
    deadLetter: DEAD_LETTERS,
  },
  // `exclusive`: a second request for the same head joins the first, whether it is waiting or running.
  [RUN_REGRESSION]: {
    ...COMMON,
    policy: 'exclusive',
    expireInSeconds: 2 * 60 * 60,
    notify: true,
    deadLetter: DEAD_LETTERS,
  },
  [LATER]: { ...COMMON, policy: 'short', notify: true, deadLetter: DEAD_LETTERS },
  [NOTICES]: { ...COMMON, policy: 'standard', notify: true, deadLetter: DEAD_LETTERS },
}

/** Creates the queues, and updates existing ones to these settings. A policy cannot change later. */
export async function createQueues(boss: PgBoss): Promise<void> {
  for (const [name, definition] of Object.entries(DEFINITIONS)) {
    const { policy, ...settings } = definition
    await boss.createQueue(name, { policy, ...settings })
    await boss.updateQueue(name, settings)
  }
}
