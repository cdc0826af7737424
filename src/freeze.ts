import { appendRecord } from './services/audit.ts'
import type { Database } from './services/database.ts'
import { type FreezeOrder, installationsIn, order } from './services/freezes.ts'
import type { Queue } from './services/queue.ts'

type FreezeShell = { database: Database; queue: Pick<Queue, 'enqueueTransition'>; now: () => Date }

/**
 * Carries out an order to freeze or to unfreeze, and records it in the chain of every installation that it reaches; the
 * checks follow at once, from stored facts. False: a newer order has been carried out already.
 */
export function carryOutFreeze(shell: FreezeShell, wish: FreezeOrder): Promise<boolean> {
  const { database, queue, now } = shell
  const { scope, by, freeze } = wish
  return database.transaction(async (tx) => {
    if (!(await order(tx, wish))) return false
    for (const installationId of await installationsIn(tx, scope)) {
      const kind = freeze ? 'frozen' : 'unfrozen'
      const terms = freeze ? { reason: freeze.reason, until: freeze.until?.toISOString() ?? null } : {}
      await appendRecord(tx, { installationId, kind, at: wish.at, body: { scope, by, ...terms } })
    }
    await queue.enqueueTransition(now(), { tx })
    return true
  })
}
