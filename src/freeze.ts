import type { FreezeWish } from './server/freeze.ts'
import { appendRecord } from './services/audit.ts'
import type { Database } from './services/database.ts'
import { everywhere, installationsIn, order, scopeOf } from './services/freezes.ts'
import type { Queue } from './services/queue.ts'

type FreezeShell = { database: Database; queue: Pick<Queue, 'enqueueTransition'>; now: () => Date }

/**
 * Carries out an order to freeze or to unfreeze, and records it in the chain of every installation that it reaches; the
 * checks follow at once, from stored facts. False: a newer order has been carried out already.
 */
export function carryOutFreeze(shell: FreezeShell, wish: FreezeWish): Promise<boolean> {
  const { database, queue, now } = shell
  const { action, by, reason } = wish
  const at = now()
  const scope = wish.repository ? scopeOf(wish.repository) : everywhere
  const until = wish.until ? new Date(wish.until) : null
  const freeze = action === 'freeze' && reason ? { freeze: { reason, until } } : {}
  return database.transaction(async (tx) => {
    if (!(await order(tx, { scope, by, issuedAt: new Date(wish.at), at, ...freeze }))) return false
    for (const installationId of await installationsIn(tx, scope)) {
      const kind = action === 'freeze' ? 'frozen' : 'unfrozen'
      const terms = action === 'freeze' ? { reason, until: until?.toISOString() ?? null } : {}
      await appendRecord(tx, { installationId, kind, at, body: { scope, by, ...terms } })
    }
    await queue.enqueueTransition(at, { tx })
    return true
  })
}
