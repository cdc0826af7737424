import { digestOf } from '../comments/digest.ts'
import type { MergeTask } from '../decision/merge-task.ts'
import { linkMayLag } from '../merges/direct-pushes.ts'
import { runAll } from '../merges/run-all.ts'
import { isGone } from '../services/github/gone.ts'
import { noteToldLabel } from '../services/github/told-labels.ts'
import type { Transaction } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { type Delivery, markFailed, markProcessed, type Received, storeDelivery } from '../store/inbox.ts'
import { mayHoldIncidents } from '../store/incidents.ts'
import { markChanged, markPullChanged } from '../store/verdicts/changes.ts'
import type { Effect } from './events/reading.ts'
import { effectsOf } from './events.ts'
import { lookUp } from './lookups.ts'
import type { Parts } from './parts.ts'

/**
 * Takes a webhook in. In one transaction: the delivery is stored, what it names is marked as changed, and its evaluation is
 * enqueued, green checks first. So there is no backlog between an event and the red of a check, and a crash after the answer
 * loses nothing. What GitHub has to be asked for is left to a job; the delivery is processed when that is done.
 *
 * A payload that does not have the documented fields is kept as failed, with an alert: GitHub cannot send a better one.
 */
export function receiver(parts: Parts) {
  const { shell, log } = parts
  return async (received: Received & { payload: object }): Promise<void> => {
    const { event, guid, payload } = received
    const effects = readable(() => effectsOf(event, payload))
    const isUnfinished = effects instanceof Error || effects.some(({ kind }) => kind === 'lookup')
    const follow = async (id: string, tx: Transaction) => {
      if (effects instanceof Error) {
        log.error({ guid, event, problem: effects.message, alert: true }, 'A webhook could not be read')
        return markFailed(tx, id, effects.message, shell.now())
      }
      await applyEffects(parts, tx, effects, guid)
      if (isUnfinished) await shell.queue.enqueueDelivery(id, { tx })
    }
    const state = isUnfinished ? 'received' : 'processed'
    await storeDelivery(shell.database, received, shell.now(), follow, state)
  }
}

function readable(read: () => Effect[]): Effect[] | Error {
  try {
    return read()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The job of a delivery that GitHub has to be asked about. The rest of its effects is done again, which changes nothing. */
export async function finishDelivery(parts: Parts, { id, guid, event, body }: Delivery): Promise<void> {
  const { database, now } = parts.shell
  const effects = effectsOf(event, JSON.parse(Buffer.from(body).toString('utf8')))
  await database.transaction((tx) => applyEffects(parts, tx, effects, guid))
  try {
    await runAll(
      effects.flatMap((effect) => (effect.kind === 'lookup' ? [lookUp(parts, effect.lookup, guid)] : [])),
    )
  } catch (error) {
    // Nobody is left to ask. A delivery that stays unread would keep every check from turning green at an opening.
    if (isGone(error)) await markProcessed(database, id, now())
    throw error
  }
  await markProcessed(database, id, now())
}

async function applyEffects(parts: Parts, tx: Transaction, effects: Effect[], guid: string): Promise<void> {
  for (const effect of effects) await carryOutOne(parts, tx, effect, guid)
}

async function carryOutOne(
  { shell, serves }: Parts,
  tx: Transaction,
  effect: Effect,
  guid: string,
): Promise<void> {
  const { queue } = shell
  switch (effect.kind) {
    case 'pull': {
      if (!serves(effect.pull.owner)) return
      const changed = await markPullChanged(tx, effect.pull, effect.sha, guid)
      // After the row of the pull request was locked: events that come at once are noted one after the other.
      if (effect.label) await noteToldLabel(factStore(tx, shell.now), effect.pull, effect.label)
      return queue.enqueueAll(changed, { tx })
    }
    case 'pulls': {
      const { requestedBy } = effect
      const changed = (await markChanged(tx, effect.scope, guid)).filter(({ pull }) => serves(pull.owner))
      return queue.enqueueAll(
        changed.map(({ pull, green }) => ({ pull: { ...pull, ...(requestedBy && { requestedBy }) }, green })),
        { tx },
      )
    }
    case 'merge': {
      if (!serves(ownerOf(effect.task))) return
      // GitHub ties a merged commit to its pull request a little after the event of the push.
      const due = effect.task.task === 'pushed' ? new Date(shell.now().getTime() + linkMayLag) : undefined
      return queue.enqueueMerging(effect.task, { tx, ...(due && { at: due }) })
    }
    case 'incident': {
      const { repository, number } = effect
      if (!serves(repository.owner) || !(await mayHoldIncidents(tx, repository))) return
      return queue.enqueueIncident({ task: 'look', repository, number }, { tx })
    }
    case 'command':
      if (!serves(effect.comment.pull.owner)) return
      return queue.enqueueComment({ ...effect.comment, digest: digestOf(effect.text) }, { tx })
    case 'lookup':
      return
  }
}

function ownerOf(task: MergeTask): string {
  return task.task === 'merged' ? task.pull.owner : task.repository.owner
}
