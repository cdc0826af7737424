import { formatTimeWithYear } from '../../decision/calendar.ts'
import { oneLine } from '../../decision/markdown.ts'
import type { NoticeOf } from '../../decision/notice.ts'
import { appendRecord } from '../../store/audit.ts'
import type { Database, Transaction } from '../../store/database.ts'
import {
  activeFreezes,
  everywhere,
  type Freeze,
  type FrozenScope,
  installationsIn,
  saveFreezeOrder,
  scopeOf,
  scopeOfOrganization,
  scopesNamed,
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
  /** Its id, where GitHub said at the order which repository has the name. */
  repositoryId?: number | undefined
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
 * follow immediately, from stored facts. An order to unfreeze that was sent before one that was already carried out is refused.
 */
export function recordFreezeOrder(shell: FreezeShell, order: FreezeOrder): Promise<FreezeOutcome> {
  const { database, queue, now } = shell
  const { action } = order
  const at = now()
  const until = order.until ? new Date(order.until) : null
  if (until && until <= at) {
    const refused = `The freeze would end ${formatTimeWithYear(until, 'UTC')}, which is in the past. It is now ${formatTimeWithYear(at, 'UTC')}.`
    return Promise.resolve({ refused, status: 400 })
  }
  return database.transaction(async (tx) => {
    const before = await activeFreezes(tx, at)
    const about = await aboutOf(tx, order, before)
    if (about.length === 0) return unknown(order)
    if (!(await carryOut(tx, order, { about, until, at }))) return { refused: overtaken, status: 409 }
    await queue.enqueueTransition(at, { tx })
    const wasFrozen = isFrozen(before, about)
    if (action === 'freeze' || wasFrozen) await tell(tx, queue, order, at)
    return action === 'freeze' ? frozen(order, until) : unfrozen(tx, order, { wasFrozen, at })
  })
}

const overtaken =
  'A request that was sent later has already been carried out. If yours is the later one, check the clock of your machine.'

/** Stores and records an order for all that it is about. False: a later one was carried out for each. */
async function carryOut(
  tx: Transaction,
  order: FreezeOrder,
  { about, until, at }: { about: FrozenScope[]; until: Date | null; at: Date },
): Promise<boolean> {
  const { action, orderer, reason } = order
  const by = nameOfOrderer(orderer)
  const isFreeze = action === 'freeze'
  const freeze = isFreeze && reason ? { freeze: { reason, until } } : {}
  const terms = isFreeze ? { reason, until: until?.toISOString() ?? null } : {}
  let carriedOut = false
  for (const one of about) {
    if (!(await saveFreezeOrder(tx, { ...one, by, issuedAt: new Date(order.at), at, ...freeze }))) continue
    carriedOut = true
    const id = one.repositoryId === null ? {} : { repositoryId: one.repositoryId }
    const body = { scope: one.scope, ...id, by, ...orderer, ...terms }
    for (const installationId of await installationsIn(tx, one))
      await appendRecord(tx, { installationId, kind: isFreeze ? 'frozen' : 'unfrozen', at, body })
  }
  return carriedOut
}

/** What an order is about, by what is known of the name; what is still frozen under it may have no policy now. */
async function aboutOf(tx: Transaction, order: FreezeOrder, before: Freeze[]): Promise<FrozenScope[]> {
  const scope = scopeIn(order)
  const named = await scopesNamed(tx, scope)
  const frozen = before.filter((freeze) => freeze.scope === scope)
  const known = named.length > 0 ? named : frozen
  const { repositoryId } = order
  return repositoryId === undefined ? known : known.filter((one) => one.repositoryId === repositoryId)
}

/** Announces it in the channels in its scope. */
async function tell(
  tx: Transaction,
  queue: FreezeShell['queue'],
  order: FreezeOrder,
  at: Date,
): Promise<void> {
  await queue.enqueueNotice(noticeOf(order, at, await activeFreezes(tx, at)), { tx })
}

function noticeOf(order: FreezeOrder, at: Date, left: Freeze[]): NoticeOf<'freeze'> {
  const { action, reason, until } = order
  const scope = scopeIn(order)
  const rest = left.filter((freeze) => freeze.scope !== scope && areNested(freeze.scope, scope))
  return {
    kind: 'freeze',
    key: `freeze/${scope}/${order.at}`,
    action,
    scope,
    by: nameOfOrderer(order.orderer),
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

function isFrozen(freezes: Freeze[], about: FrozenScope[]): boolean {
  return freezes.some((freeze) => about.some((one) => isAbout(freeze, one)))
}

function isAbout(freeze: Freeze, { scope, repositoryId, installationId }: FrozenScope): boolean {
  if (freeze.repositoryId === null && freeze.installationId === null) return freeze.scope === scope
  return freeze.repositoryId === repositoryId && freeze.installationId === installationId
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
  { wasFrozen, at }: { wasFrozen: boolean; at: Date },
): Promise<FreezeOutcome> {
  const scope = scopeIn(order)
  const left = await activeFreezes(tx, at)
  const [, ...wider] = scopesOver(scope)
  const over = left.find((freeze) => wider.includes(freeze.scope))
  if (over) {
    const own = wasFrozen
      ? `The freeze of ${named(order)} was lifted`
      : `${named(order)} has no freeze of its own`
    return { message: `${own}, but ${stillFrozen(over)}`, frozen: true }
  }
  const rest = still(scope, left)
  if (wasFrozen) {
    const whose = order.repository ?? nameOf(order).replace(/^E/, 'e')
    return { message: `The freeze of ${whose} was lifted.${rest}`, frozen: false }
  }
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
  return own.length === 0 ? '' : ` Still frozen on their own: ${own.join(', ')}.`
}

function named({ repository, organization }: FreezeOrder): string {
  return repository ?? organization ?? 'all repositories'
}

function nameOf({ repository, organization }: FreezeOrder): string {
  return repository ?? (organization ? `Every repository of ${organization}` : 'Every repository')
}
