import { formatTimeWithYear } from '../decision/calendar.ts'
import { oneLine } from '../decision/markdown.ts'
import type { NoticeOf } from '../decision/notice.ts'
import { effectiveGates } from '../decision/overrides.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { appendRecord } from '../store/audit.ts'
import type { Database, Transaction } from '../store/database.ts'
import {
  confirmExemption,
  type Exemption,
  endExemption,
  heldExemption,
  orderExemption,
} from '../store/exemptions.ts'
import type { Queue } from '../store/queue.ts'
import { markPullChanged } from '../store/verdicts/changes.ts'
import { latestVerdict, type StoredVerdict } from '../store/verdicts.ts'
import { aboutPull } from './notices-of-verdict.ts'

/** A person, and what lets them act, as whoever calls this has made sure. */
export type Exempter = { id: number; login: string; authority: string }

/** Who acts, on which pull request, and what for. The ids count; `repository` is the name that they know it by. */
export type ExemptionOrder = {
  installationId: number
  repositoryId: number
  repository: string
  number: number
  by: Exempter
} & (
  | { action: 'order'; reason: string; until: string }
  /** `order`: the number of what is confirmed, so that nobody confirms terms that they have not read. */
  | { action: 'confirm'; order: number }
  | { action: 'revoke' }
)

export type ExemptionOutcome =
  | { state: 'ordered' | 'confirmed' | 'revoked'; message: string; order: number }
  | { refused: string; status: number }

type ExemptionShell = {
  database: Database
  queue: Pick<Queue, 'enqueueAll' | 'enqueueNotice'>
  now: () => Date
  /** Where people read GitHub; github.com when left out. */
  web?: string | undefined
}
type Standing = { verdict: StoredVerdict; held: Exemption | undefined; at: Date }

/**
 * Orders, confirms or revokes an exemption of a pull request from freezes, records it, and has the pull request evaluated
 * again. It takes two people: whoever ordered it cannot confirm it.
 */
export function recordExemptionOrder(
  shell: ExemptionShell,
  order: ExemptionOrder,
): Promise<ExemptionOutcome> {
  const at = shell.now()
  return shell.database.transaction(async (tx) => {
    const verdict = await latestVerdict(tx, order)
    if (!verdict?.counts) return unknown(order)
    const standing = { verdict, held: await heldExemption(tx, verdict.pull, at), at }
    const outcome = await carryOut(tx, order, standing)
    if ('refused' in outcome) return outcome
    await record(tx, order, standing, outcome)
    const changed = await markPullChanged(tx, verdict.pull, verdict.headSha)
    await shell.queue.enqueueAll(changed, { tx })
    const terms = order.action === 'order' ? { ...order, until: new Date(order.until) } : standing.held
    if (terms)
      await shell.queue.enqueueNotice(noticeOf(order, standing, { ...terms, id: outcome.order }, shell.web), {
        tx,
      })
    return outcome
  })
}

function carryOut(tx: Transaction, order: ExemptionOrder, standing: Standing): Promise<ExemptionOutcome> {
  if (order.action === 'order') return begin(tx, order, standing)
  return order.action === 'confirm' ? confirm(tx, order, standing) : revoke(tx, order, standing)
}

async function begin(
  tx: Transaction,
  order: ExemptionOrder & { action: 'order' },
  { verdict, at }: Standing,
): Promise<ExemptionOutcome> {
  const until = new Date(order.until)
  const zone = zoneOf(verdict)
  if (until <= at) {
    const refused = `The exemption would end ${formatTimeWithYear(until, zone)}, which is in the past. It is now ${formatTimeWithYear(at, zone)}.`
    return { refused, status: 400 }
  }
  const { reason } = order
  const by = { id: order.by.id, login: order.by.login }
  const terms = { head: verdict.headSha, base: verdict.snapshot.base.ref, reason, by, at, until }
  const number = await orderExemption(tx, verdict.pull, terms)
  const command = `release-gate exempt ${nameOf(order)} --confirm ${number}`
  return {
    state: 'ordered',
    order: number,
    message: `Requested for ${nameOf(order)} at commit ${terms.head.slice(0, 7)}, until ${formatTimeWithYear(until, zone)}. It takes effect once a second person runs \`${command}\`. A push or another base branch voids it.`,
  }
}

async function confirm(
  tx: Transaction,
  order: ExemptionOrder & { action: 'confirm' },
  { verdict, held, at }: Standing,
): Promise<ExemptionOutcome> {
  if (!held) return { refused: `No exemption is requested for ${nameOf(order)}.`, status: 409 }
  const { by, head, base, reason, until } = held
  if (held.id !== order.order) return { refused: replaced(order, held, zoneOf(verdict)), status: 409 }
  if (held.confirmedBy !== null)
    return { refused: `${oneLine(held.confirmedBy)} has already confirmed it.`, status: 409 }
  if (held.byId === order.by.id)
    return { refused: `${oneLine(by)} requested it, so someone else must confirm it.`, status: 403 }
  if (head !== verdict.headSha) {
    const refused = `It was requested for commit ${head.slice(0, 7)}, and ${nameOf(order)} was pushed since. Request it again.`
    return { refused, status: 409 }
  }
  const baseNow = verdict.snapshot.base.ref
  if (base !== null && base !== baseNow) {
    const refused = `It was requested for a merge into ${oneLine(base)}, and ${nameOf(order)} is to be merged into ${oneLine(baseNow)} now. Request it again.`
    return { refused, status: 409 }
  }
  await confirmExemption(tx, held.id, { by: order.by, at })
  return {
    state: 'confirmed',
    order: held.id,
    message: `${nameOf(order)} at commit ${head.slice(0, 7)} is exempt from freezes until ${formatTimeWithYear(until, zoneOf(verdict))}. ${oneLine(by)} requested it: "${oneLine(reason, 200)}". A push or another base branch voids it.`,
  }
}

async function revoke(
  tx: Transaction,
  order: ExemptionOrder,
  { verdict, held, at }: Standing,
): Promise<ExemptionOutcome> {
  if (!held) return { refused: `No exemption is requested for ${nameOf(order)}.`, status: 409 }
  await endExemption(tx, verdict.pull, at)
  return { state: 'revoked', order: held.id, message: `The exemption of ${nameOf(order)} was revoked.` }
}

/** Someone may have requested another one since: its terms are shown, so that they can be read before they are confirmed. */
function replaced(order: ExemptionOrder, { id, by, head, until, reason }: Exemption, zone: string): string {
  const terms = `by ${oneLine(by)}, at commit ${head.slice(0, 7)}, until ${formatTimeWithYear(until, zone)}: "${oneLine(reason, 200)}"`
  return `The exemption that is requested for ${nameOf(order)} is number ${id}, ${terms}. To confirm it, run \`release-gate exempt ${nameOf(order)} --confirm ${id}\`.`
}

/** The check of the pull request shows the same times. */
function zoneOf(verdict: StoredVerdict): string {
  return timeZoneOf(effectiveGates(verdict))
}

function unknown(order: ExemptionOrder): ExemptionOutcome {
  const refused = `release-gate knows no open pull request ${nameOf(order)}. Check the name and the number.`
  return { refused, status: 404 }
}

async function record(
  tx: Transaction,
  order: ExemptionOrder,
  { verdict, held, at }: Standing,
  { state, order: number }: { state: string; order: number },
): Promise<void> {
  const { pull, headSha, snapshot } = verdict
  const terms =
    order.action === 'order'
      ? {
          head: headSha,
          base: snapshot.base.ref,
          reason: order.reason,
          until: new Date(order.until).toISOString(),
        }
      : {
          head: held?.head,
          base: held?.base,
          reason: held?.reason,
          until: held?.until.toISOString(),
          orderedBy: held?.by,
        }
  await appendRecord(tx, {
    installationId: pull.installationId,
    kind: `exemption ${state}`,
    at,
    body: {
      pull,
      order: number,
      by: order.by.login,
      byId: order.by.id,
      authority: order.by.authority,
      ...terms,
    },
  })
}

function noticeOf(
  { action, by }: ExemptionOrder,
  { verdict, held }: Standing,
  { id, reason, until }: Pick<Exemption, 'id' | 'reason' | 'until'>,
  web: string | undefined,
): NoticeOf<'exemption'> {
  const done = ({ order: 'requested', confirm: 'confirmed', revoke: 'revoked' } as const)[action]
  return {
    kind: 'exemption',
    key: `exemption/${verdict.pull.repositoryId}/${id}/${done}`,
    ...aboutPull(verdict, web),
    action: done,
    order: id,
    by: `${by.login} (${by.authority})`,
    ...(action !== 'order' && held && { requestedBy: held.by }),
    until: until.toISOString(),
    reason,
  }
}

function nameOf({ repository, number }: Pick<ExemptionOrder, 'repository' | 'number'>): string {
  return `${repository}#${number}`
}
