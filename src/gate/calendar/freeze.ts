import { formatTime } from '../../decision/calendar.ts'
import { oneLine } from '../../decision/markdown.ts'
import type { FreezeOutcome, FreezeWish } from '../../server/freeze.ts'
import { appendRecord } from '../../store/audit.ts'
import type { Database, Transaction } from '../../store/database.ts'
import {
  activeFreezes,
  everywhere,
  type Freeze,
  installationsIn,
  order,
  scopeOf,
} from '../../store/freezes.ts'
import type { Queue } from '../../store/queue.ts'

type FreezeShell = { database: Database; queue: Pick<Queue, 'enqueueTransition'>; now: () => Date }

/**
 * Carries out an order to freeze or to unfreeze, and records it in the chain of every installation that it reaches; the
 * checks follow at once, from stored facts. An order that is older than one that was carried out is refused.
 */
export function carryOutFreeze(shell: FreezeShell, wish: FreezeWish): Promise<FreezeOutcome> {
  const { database, queue, now } = shell
  const { action, by, reason } = wish
  const at = now()
  const scope = wish.repository ? scopeOf(wish.repository) : everywhere
  const until = wish.until ? new Date(wish.until) : null
  if (until && until <= at) {
    const refused = `The freeze would end ${formatTime(until, 'UTC')}, which is past: it is ${formatTime(at, 'UTC')}.`
    return Promise.resolve({ refused, status: 400 })
  }
  const freeze = action === 'freeze' && reason ? { freeze: { reason, until } } : {}
  return database.transaction(async (tx) => {
    const before = await activeFreezes(tx, at)
    if (!(await order(tx, { scope, by, issuedAt: new Date(wish.at), at, ...freeze })))
      return { refused: 'A newer order has been carried out already.', status: 409 }
    const reached = await installationsIn(tx, scope)
    for (const installationId of reached) {
      const kind = action === 'freeze' ? 'frozen' : 'unfrozen'
      const terms = action === 'freeze' ? { reason, until: until?.toISOString() ?? null } : {}
      await appendRecord(tx, { installationId, kind, at, body: { scope, by, ...terms } })
    }
    await queue.enqueueTransition(at, { tx })
    const known = reached.length > 0
    return action === 'freeze' ? frozen(wish, until, known) : unfrozen(tx, wish, { before, at, known })
  })
}

const unseen = ' No policy of it has been seen here: is the name right?'

function frozen(wish: FreezeWish, until: Date | null, known: boolean): FreezeOutcome {
  const end = until ? `until ${formatTime(until, 'UTC')}` : 'until it is lifted'
  const note = known || !wish.repository ? '' : unseen
  return { says: `${nameOf(wish)} is frozen ${end}.${note}`, frozen: true }
}

/** What an order to unfreeze has ended, and what still holds. */
async function unfrozen(
  tx: Transaction,
  wish: FreezeWish,
  { before, at, known }: { before: Freeze[]; at: Date; known: boolean },
): Promise<FreezeOutcome> {
  const scope = wish.repository ? scopeOf(wish.repository) : everywhere
  const ended = before.some((freeze) => freeze.scope === scope)
  const left = await activeFreezes(tx, at)
  const forAll = left.find((freeze) => freeze.scope === everywhere)
  if (wish.repository && forAll) {
    const own = ended ? 'The freeze of its own has ended' : `${wish.repository} has no freeze of its own`
    return {
      says: `${own}; every repository is still frozen: "${oneLine(forAll.reason, 200)}". End that with \`release-gate unfreeze\`.`,
      frozen: true,
    }
  }
  const rest = still(wish, left)
  if (ended) return { says: `${nameOf(wish)} is not frozen any more.${rest}`, frozen: false }
  const note = known || !wish.repository ? '' : unseen
  const what = wish.repository
    ? `${wish.repository} was not frozen.`
    : 'There was no freeze of every repository.'
  return { says: `${what}${rest}${note}`, frozen: false }
}

/** Repositories that keep a freeze of their own when the one for all ends. */
function still({ repository }: FreezeWish, left: Freeze[]): string {
  if (repository || left.length === 0) return ''
  const own = left.map(({ scope, reason }) => `${scope} ("${oneLine(reason, 200)}")`)
  return ` Still frozen by orders of their own: ${own.join(', ')}.`
}

function nameOf({ repository }: FreezeWish): string {
  return repository ?? 'Every repository'
}
