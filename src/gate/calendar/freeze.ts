import { formatTimeWithYear } from '../../decision/calendar.ts'
import { oneLine } from '../../decision/markdown.ts'
import type { NoticeOf } from '../../decision/notice.ts'
import { appendRecord } from '../../store/audit.ts'
import type { Database, Transaction } from '../../store/database.ts'
import {
  activeFreezes,
  everywhere,
  type Freeze,
  installationsIn,
  saveFreezeOrder,
  scopeOf,
  scopeOfOrganization,
  scopesOver,
} from '../../store/freezes.ts'
import type { Queue } from '../../store/queue.ts'

/** Who orders something: a person, as GitHub knows them, or a script with the operator's token. */
export type Orderer = {
  person?: { id: number; login: string }
  /** What lets them order it, as GitHub said at the order: `maintain`, `owner of acme`, or `operator token`. */
  authority: string
}

/** An order to freeze or unfreeze. Without `repository` and `organization`: every repository. Times are ISO 8601 with an offset. */
export type FreezeOrder = {
  action: 'freeze' | 'unfreeze'
  repository?: string | undefined
  organization?: string | undefined
  reason?: string | undefined
  until?: string | undefined
  orderer: Orderer
  /** When it was sent. */
  at: string
}

/** The outcome of an order. `frozen`: whether its scope is frozen now. */
export type FreezeOutcome = { message: string; frozen: boolean } | { refused: string; status: number }

type FreezeShell = {
  database: Database
  queue: Pick<Queue, 'enqueueTransition' | 'enqueueNotice'>
  now: () => Date
}

/**
 * Carries out an order to freeze or unfreeze and records it in the chain of every installation that it affects. The checks
 * follow immediately, from stored facts. An order older than one that was already carried out is refused.
 */
export function recordFreezeOrder(shell: FreezeShell, order: FreezeOrder): Promise<FreezeOutcome> {
  const { database, queue, now } = shell
  const { action, orderer, reason } = order
  const at = now()
  const scope = scopeIn(order)
  const by = nameOfOrderer(orderer)
  const until = order.until ? new Date(order.until) : null
  if (until && until <= at) {
    const refused = `The freeze would end ${formatTimeWithYear(until, 'UTC')}, which is in the past. It is now ${formatTimeWithYear(at, 'UTC')}.`
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
      await appendRecord(tx, { installationId, kind, at, body: { scope, by, ...orderer, ...terms } })
    await queue.enqueueTransition(at, { tx })
    await tell(tx, queue, order, { scope, by, at, before })
    return action === 'freeze' ? frozen(order, until) : unfrozen(tx, order, { before, at })
  })
}

type Carried = { scope: string; by: string; at: Date; before: Freeze[] }

/** It is announced in the channels in its scope, unless it lifted nothing. */
async function tell(
  tx: Transaction,
  queue: FreezeShell['queue'],
  order: FreezeOrder,
  carried: Carried,
): Promise<void> {
  if (order.action === 'unfreeze' && !isFrozen(carried.before, carried.scope)) return
  await queue.enqueueNotice(noticeOf(order, carried, await activeFreezes(tx, carried.at)), { tx })
}

function noticeOf(order: FreezeOrder, { scope, by, at }: Carried, left: Freeze[]): NoticeOf<'freeze'> {
  const { action, reason, until } = order
  const rest = left.filter((freeze) => freeze.scope !== scope && areNested(freeze.scope, scope))
  return {
    kind: 'freeze',
    key: `freeze/${scope}/${order.at}`,
    action,
    scope,
    by,
    at: at.toISOString(),
    still: rest.map((freeze) => `${freeze.scope}: ${oneLine(freeze.reason, 200)}`),
    ...(action === 'freeze' && reason ? { reason } : {}),
    ...(action === 'freeze' && until ? { until: new Date(until).toISOString() } : {}),
  }
}

function areNested(one: string, other: string): boolean {
  return scopesOver(one).includes(other) || scopesOver(other).includes(one)
}

/** How checks and the status name who ordered something. */
export function nameOfOrderer({ person, authority }: Orderer): string {
  return person ? `${person.login} (${authority})` : authority
}

function scopeIn({ repository, organization }: Pick<FreezeOrder, 'repository' | 'organization'>): string {
  if (repository) return scopeOf(repository)
  return organization ? scopeOfOrganization(organization) : everywhere
}

function isFrozen(freezes: Freeze[], scope: string): boolean {
  return freezes.some((freeze) => freeze.scope === scope)
}

function unknown({ repository, organization }: FreezeOrder): FreezeOutcome {
  const name = repository ?? organization
  return { refused: `release-gate does not know a policy for ${name}. Check the name.`, status: 404 }
}

function frozen(order: FreezeOrder, until: Date | null): FreezeOutcome {
  const end = until ? `until ${formatTimeWithYear(until, 'UTC')}` : 'until it is lifted'
  return { message: `${nameOf(order)} is frozen ${end}.`, frozen: true }
}

/** What an order to unfreeze lifted, and what is still frozen. */
async function unfrozen(
  tx: Transaction,
  order: FreezeOrder,
  { before, at }: { before: Freeze[]; at: Date },
): Promise<FreezeOutcome> {
  const scope = scopeIn(order)
  const ended = isFrozen(before, scope)
  const left = await activeFreezes(tx, at)
  const [, ...wider] = scopesOver(scope)
  const over = left.find((freeze) => wider.includes(freeze.scope))
  if (over) {
    const own = ended
      ? `The freeze of ${named(order)} was lifted`
      : `${named(order)} has no freeze of its own`
    return { message: `${own}, but ${stillFrozen(over)}`, frozen: true }
  }
  const rest = still(scope, left)
  if (ended) return { message: `${nameOf(order)} is no longer frozen.${rest}`, frozen: false }
  const what =
    scope === everywhere ? 'There was no freeze on all repositories.' : `${named(order)} was not frozen.`
  return { message: `${what}${rest}`, frozen: false }
}

/** A wider freeze that an order leaves in place, and how to lift it. */
function stillFrozen({ scope, reason }: Freeze): string {
  const [owner] = scope.split('/')
  const isEverywhere = scope === everywhere
  const what = isEverywhere ? 'every repository' : `every repository of ${owner}`
  const options = isEverywhere ? '--all' : `--organization ${owner}`
  return `${what} is still frozen: "${oneLine(reason, 200)}". To lift that freeze, run \`release-gate unfreeze ${options}\`.`
}

/** Freezes within a scope that remain when its own is lifted. */
function still(scope: string, left: Freeze[]): string {
  const own = left
    .filter((freeze) => freeze.scope !== scope && scopesOver(freeze.scope).includes(scope))
    .map((freeze) => `${freeze.scope} ("${oneLine(freeze.reason, 200)}")`)
  return own.length === 0 ? '' : ` Still frozen by their own orders: ${own.join(', ')}.`
}

function named({ repository, organization }: FreezeOrder): string {
  return repository ?? organization ?? 'all repositories'
}

function nameOf({ repository, organization }: FreezeOrder): string {
  return repository ?? (organization ? `Every repository of ${organization}` : 'Every repository')
}
