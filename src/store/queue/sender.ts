import { randomUUID } from 'node:crypto'
import { type Clock, enableClockOverride, type PgBoss } from 'pg-boss'
import type { PullRef } from '../../decision/snapshot.ts'
import type { Transaction } from '../database.ts'
import type { Delayed } from './handlers.ts'
import { EVALUATE, PRIORITY, RUN_REGRESSION } from './queues.ts'

type SendOptions = { singletonKey?: string; priority?: number; startAfter?: Date; group?: { id: string } }

export type Sender = ReturnType<typeof senderOn>

/** How jobs are sent: joined where an equal one waits, within a transaction where one is given. */
export function senderOn(boss: PgBoss, clock: Clock) {
  /** Gives false when an equal job waits already. */
  const send = async (queue: string, data: object, options: SendOptions, tx?: Transaction) => {
    const within = await joining(tx, clock)
    return (await boss.send(queue, data, { ...options, ...within })) !== null
  }
  return {
    send,
    /** Changes the job that waits with this key; false when none does any more. */
    change: async (queue: string, data: object, options: SendOptions, tx?: Transaction) => {
      const within = await joining(tx, clock)
      return (await boss.update(queue, data, { ...options, ...within, match: 'all' })).updated > 0
    },
    forward: async (queue: string, data: object, key: string | null) => {
      // On one staging environment runs one at a time, however often a run was put off.
      const group = queue === RUN_REGRESSION && 'server' in data ? { group: { id: String(data.server) } } : {}
      await send(queue, data, { ...group, ...(key !== null && { singletonKey: key }) })
    },
    /** At least a second ahead, so that a handler which names a time in the past does not run in a circle. */
    delay: async (queue: string, delayed: Delayed, at: Date, tx?: Transaction) => {
      const startAfter = new Date(Math.max(at.getTime(), clock.now() + 1_000))
      // Jobs without a key are not equal to each other, and `short` would take them to be.
      const singletonKey = `${delayed.key ?? randomUUID()}@${startAfter.toISOString()}`
      await send(queue, delayed, { startAfter, singletonKey }, tx)
    },
  }
}

/** A story's clock reaches pg-boss's own sessions only, so a transaction of ours must be told of it. */
async function joining(tx: Transaction | undefined, clock: Clock) {
  if (!tx) return {}
  if ('attach' in clock) await tx.script(enableClockOverride())
  return { db: tx.boss }
}

/** One queued evaluation for each pull request, which newer requests change: see `Queue`. */
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
  // The job that waited was taken up between the two statements: it may miss what is asked for now.
  await sender.send(EVALUATE, pull, options, tx)
}

/** Those that may be green, or that a person asked for, one by one, since they change a job that waits; the others together. */
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

/** So many jobs are inserted by one statement. */
const together = 500

/** What makes two requests about one pull request equal. */
export function keyOf(pull: PullRef): string {
  return `${pull.installationId}/${pull.repositoryId}/${pull.number}`
}
