import { formatTime } from '../../decision/calendar.ts'
import { oneLine } from '../../decision/markdown.ts'
import { appendRecord } from '../../store/audit.ts'
import type { Database, Transaction } from '../../store/database.ts'
import {
  activeFreezes,
  everywhere,
  type Freeze,
  installationsIn,
  saveFreezeOrder,
  scopeOf,
} from '../../store/freezes.ts'
import type { Queue } from '../../store/queue.ts'

/** What `release-gate freeze` and `unfreeze` ask for. Without `repository`: every repository. Times are ISO 8601 with an offset. */
export type FreezeOrder = {
  action: 'freeze' | 'unfreeze'
  repository?: string | undefined
  reason?: string | undefined
  until?: string | undefined
  by: string
  /** When it was signed. */
  at: string
}

/** The outcome of an order. `frozen`: whether its scope is frozen now. */
export type FreezeOutcome = { message: string; frozen: boolean } | { refused: string; status: number }

type FreezeShell = { database: Database; queue: Pick<Queue, 'enqueueTransition'>; now: () => Date }

/**
 * Carries out an order to freeze or unfreeze and records it in the chain of every installation that it affects. The checks
 * follow immediately, from stored facts. An order older than one that was already carried out is refused.
 */
export function recordFreezeOrder(shell: FreezeShell, order: FreezeOrder): Promise<FreezeOutcome> {
  const { database, queue, now } = shell
  const { action, by, reason } = order
  const at = now()
  const scope = order.repository ? scopeOf(order.repository) : everywhere
  const until = order.until ? new Date(order.until) : null
  if (until && until <= at) {
    const refused = `The freeze would end ${formatTime(until, 'UTC')}, which is in the past. It is now ${formatTime(at, 'UTC')}.`
    return Promise.resolve({ refused, status: 400 })
  }
  const freeze = action === 'freeze' && reason ? { freeze: { reason, until } } : {}
  return database.transaction(async (tx) => {
    const before = await activeFreezes(tx, at)
    const reached = await installationsIn(tx, scope)
    if (reached.length === 0 && scope !== everywhere && !isFrozen(before, scope)) return unknown(order)
    if (!(await saveFreezeOrder(tx, { scope, by, issuedAt: new Date(order.at), at, ...freeze })))
      return { refused: 'A newer order has already been carried out.', status: 409 }
    const kind = action === 'freeze' ? 'frozen' : 'unfrozen'
    const terms = action === 'freeze' ? { reason, until: until?.toISOString() ?? null } : {}
    for (const installationId of reached)
      await appendRecord(tx, { installationId, kind, at, body: { scope, by, ...terms } })
    await queue.enqueueTransition(at, { tx })
    return action === 'freeze' ? frozen(order, until) : unfrozen(tx, order, { before, at })
  })
}

function isFrozen(freezes: Freeze[], scope: string): boolean {
  return freezes.some((freeze) => freeze.scope === scope)
}

function unknown({ repository }: FreezeOrder): FreezeOutcome {
  return { refused: `release-gate does not know a policy for ${repository}. Check the name.`, status: 404 }
}

function frozen(order: FreezeOrder, until: Date | null): FreezeOutcome {
  const end = until ? `until ${formatTime(until, 'UTC')}` : 'until it is lifted'
  return { message: `${nameOf(order)} is frozen ${end}.`, frozen: true }
}

/** What an order to unfreeze lifted, and what is still frozen. */
async function unfrozen(
  tx: Transaction,
  order: FreezeOrder,
  { before, at }: { before: Freeze[]; at: Date },
): Promise<FreezeOutcome> {
  const scope = order.repository ? scopeOf(order.repository) : everywhere
  const ended = isFrozen(before, scope)
  const left = await activeFreezes(tx, at)
  const forAll = left.find((freeze) => freeze.scope === everywhere)
  if (order.repository && forAll) {
    const own = ended
      ? `The freeze of ${order.repository} was lifted`
      : `${order.repository} has no freeze of its own`
    return {
      message: `${own}, but every repository is still frozen: "${oneLine(forAll.reason, 200)}". To lift that freeze, run \`release-gate unfreeze --all\`.`,
      frozen: true,
    }
  }
  const rest = still(order, left)
  if (ended) return { message: `${nameOf(order)} is no longer frozen.${rest}`, frozen: false }
  const what = order.repository
    ? `${order.repository} was not frozen.`
    : 'There was no freeze on all repositories.'
  return { message: `${what}${rest}`, frozen: false }
}

/** Repositories whose own freeze remains when the one on all of them is lifted. */
function still({ repository }: FreezeOrder, left: Freeze[]): string {
  if (repository || left.length === 0) return ''
  const own = left.map(({ scope, reason }) => `${scope} ("${oneLine(reason, 200)}")`)
  return ` Still frozen by their own orders: ${own.join(', ')}.`
}

function nameOf({ repository }: FreezeOrder): string {
  return repository ?? 'Every repository'
}
