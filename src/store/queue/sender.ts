import { randomUUID } from 'node:crypto'
import { type Clock, enableClockOverride, type PgBoss } from 'pg-boss'
import type { PullRef } from '../../decision/snapshot.ts'
import type { Transaction } from '../database.ts'
import type { Delayed } from './handlers.ts'
import { COMMANDS, EVALUATE, INSIDER_PRIORITY, JOBS_SCHEMA, PRIORITY, RUN_REGRESSION } from './queues.ts'

type SendOptions = { singletonKey?: string; priority?: number; startAfter?: Date; group?: { id: string } }

export type Sender = ReturnType<typeof senderOn>

/** Sends jobs. A job joins an equal one that is waiting. With `tx`, it is sent within that transaction. */
export function senderOn(boss: PgBoss, clock: Clock) {
  /** Returns false if an equal job is already waiting. */
  const send = async (queue: string, data: object, options: SendOptions, tx?: Transaction) => {
    const within = await joining(tx, clock)
    return (await boss.send(queue, data, { ...options, ...within })) !== null
  }
  /** Gives the waiting job with this key a higher priority, never a lower one. */
  const raise = async (queue: string, { singletonKey, priority }: SendOptions, tx?: Transaction) => {
    if (singletonKey === undefined || priority === undefined) return
    await (tx?.boss ?? boss.getDb()).executeSql(
      `UPDATE ${JOBS_SCHEMA}.job SET priority = $3 WHERE name = $1 AND singleton_key = $2 AND state < 'active' AND priority < $3`,
      [queue, singletonKey, priority],
    )
  }
  return {
    send,
    /** Changes the waiting job with this key; false if none is waiting anymore. */
    change: async (queue: string, data: object, options: SendOptions, tx?: Transaction) => {
      const { priority: _, ...update } = options
      const within = await joining(tx, clock)
      await raise(queue, options, tx)
      return (await boss.update(queue, data, { ...update, ...within, match: 'all' })).updated > 0
    },
    /** `before`: the priority that the job had. */
    forward: async (queue: string, data: object, key: string | null, before?: number, tx?: Transaction) => {
      // Runs on one staging environment go one at a time, even after delays.
      const group = queue === RUN_REGRESSION && 'server' in data ? { group: { id: String(data.server) } } : {}
      const first = queue === COMMANDS && 'insider' in data && data.insider === true
      const priority = before ?? (first ? INSIDER_PRIORITY : undefined)
      const options = {
        ...(priority !== undefined && { priority }),
        ...(key !== null && { singletonKey: key }),
      }
      if (!(await send(queue, data, { ...group, ...options }, tx))) await raise(queue, options, tx)
    },
    /** At least a second ahead, so that a handler that names a past time does not loop. */
    delay: async (queue: string, delayed: Delayed, at: Date, tx?: Transaction) => {
      const startAfter = new Date(Math.max(at.getTime(), clock.now() + 1_000))
      // Jobs without a key are not equal to each other, but `short` would treat them as equal.
      const singletonKey = `${delayed.key ?? randomUUID()}@${startAfter.toISOString()}`
      await send(queue, delayed, { startAfter, singletonKey }, tx)
    },
  }
}

/** A simulated clock applies only to pg-boss's own sessions, so our transactions have to set it, once. */
async function joining(tx: Transaction | undefined, clock: Clock) {
  if (!tx) return {}
  if ('attach' in clock && !withClock.has(tx)) {
    await tx.script(enableClockOverride())
    withClock.add(tx)
  }
  return { db: tx.boss }
}

const withClock = new WeakSet<Transaction>()

/** One queued evaluation per pull request, which newer requests update: see `Queue`. */
export async function sendEvaluate(
  sender: Sender,
  pull: PullRef,
  priority: number | undefined,
  tx: Transaction | undefined,
): Promise<void> {
  const options = { singletonKey: keyOf(pull), ...(priority !== undefined && { priority }) }
  if (await sender.send(EVALUATE, pull, options, tx)) return
  if (pull.requestedBy === undefined && priority === undefined) return
  if (await sender.change(EVALUATE, pull, options, tx)) return
  // The waiting job was started between the two statements, so it may miss this request.
  await sender.send(EVALUATE, pull, options, tx)
}

/**
 * Sends those that may be green, or that a person requested, one by one, since they update a waiting job; the others together.
 */
export async function sendAll(
  boss: PgBoss,
  sender: Sender,
  clock: Clock,
  pulls: { pull: PullRef; green: boolean }[],
  tx: Transaction | undefined,
): Promise<void> {
  const isFirst = ({ pull, green }: (typeof pulls)[number]) => green || pull.requestedBy !== undefined
  for (const { pull, green } of pulls.filter(isFirst))
    await sendEvaluate(sender, pull, green ? PRIORITY.mayBeGreen : undefined, tx)
  const rest = pulls.filter((each) => !isFirst(each)).map(({ pull }) => pull)
  const within = await joining(tx, clock)
  for (let from = 0; from < rest.length; from += together) {
    const jobs = rest.slice(from, from + together).map((pull) => ({ data: pull, singletonKey: keyOf(pull) }))
    await boss.insert(EVALUATE, jobs, within)
  }
}

/** How many jobs one statement inserts. */
const together = 500

/** The key that equal requests about one pull request share. */
export function keyOf(pull: PullRef): string {
  return `${pull.installationId}/${pull.repositoryId}/${pull.number}`
}
