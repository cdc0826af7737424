import { type Clock, PgBoss } from 'pg-boss'
import pino from 'pino'
import { expect } from 'vitest'
import type { PullRef } from '../../src/decision/snapshot.ts'
import type { Database } from '../../src/store/database.ts'
import { type Handlers, openQueue, type Queue } from '../../src/store/queue.ts'
import { eventually } from './eventually.ts'

export const aPull = (changes: Partial<PullRef> = {}): PullRef => ({
  installationId: 1,
  repositoryId: 2,
  owner: 'octo-org',
  repo: 'shop',
  number: 7,
  ...changes,
})

/** A log that keeps its lines. */
export function aLog() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  return { log, lines }
}

/** A queue whose evaluations are kept in `ran`; handlers that are not given do nothing. */
export async function aQueue(database: Database, handlers: Partial<Handlers> = {}, clock?: Clock) {
  const { log, lines } = aLog()
  const queue = await openQueue({ database, log, ...(clock && { clock }) })
  const ran: PullRef[] = []
  const work = () =>
    queue.work({
      delivery: async () => undefined,
      transition: async () => undefined,
      notice: async () => undefined,
      merging: async () => undefined,
      regression: async () => undefined,
      incident: async () => undefined,
      comment: async () => undefined,
      ...handlers,
      evaluate: async (pull, signal, attempt) => {
        ran.push(pull)
        await handlers.evaluate?.(pull, signal, attempt)
      },
    })
  return { queue, ran, lines, work }
}

/** The queue's own pg-boss beside it, as the process that is killed had one: what it takes up it never ends. */
export async function aBossBeside(database: Database): Promise<PgBoss> {
  const boss = new PgBoss({
    ...database.boss,
    schema: 'release_gate_jobs',
    schedule: false,
    supervise: false,
    migrate: false,
  })
  boss.on('error', () => undefined)
  await boss.start()
  return boss
}

export async function untilIdle(queue: Queue): Promise<void> {
  await eventually(async () => expect(await queue.idle()).toBe(true))
}

/** A promise with its handle. */
export function aGate() {
  return Promise.withResolvers<void>()
}
