import { formatTime } from '../decision/calendar.ts'
import { oneLine } from '../decision/markdown.ts'
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
import { openVerdictByName, type StoredVerdict } from '../store/verdicts.ts'

/** A person, and what lets them act, as whoever calls this has made sure. */
export type Exempter = { id: number; login: string; authority: string }

/** Who acts, on which pull request, and what for. */
export type ExemptionOrder = { repository: string; number: number; by: Exempter } & (
  | { action: 'order'; reason: string; until: string }
  | { action: 'confirm' | 'revoke' }
)

export type ExemptionOutcome =
  | { state: 'ordered' | 'confirmed' | 'revoked'; message: string }
  | { refused: string; status: number }

type ExemptionShell = { database: Database; queue: Pick<Queue, 'enqueueAll'>; now: () => Date }
type Standing = { verdict: StoredVerdict; held: Exemption | undefined; at: Date }

/**
 * Orders, confirms or revokes an exemption of a pull request from freezes, records it, and has the pull request evaluated
 * again. It takes two people: whoever ordered it cannot confirm it.
 */
export function applyExemption(shell: ExemptionShell, order: ExemptionOrder): Promise<ExemptionOutcome> {
  const at = shell.now()
  const { repository, number } = order
  return shell.database.transaction(async (tx) => {
    const verdict = await openVerdictByName(tx, repository, number)
    if (!verdict) return unknown(order)
    const standing = { verdict, held: await heldExemption(tx, verdict.pull, at), at }
    const outcome = await carryOut(tx, order, standing)
    if ('refused' in outcome) return outcome
    await record(tx, order, standing, outcome.state)
    const green = await markPullChanged(tx, verdict.pull, verdict.headSha)
    await shell.queue.enqueueAll([{ pull: verdict.pull, green }], { tx })
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
  if (until <= at) {
    const refused = `The exemption would end ${formatTime(until, 'UTC')}, which is in the past. It is now ${formatTime(at, 'UTC')}.`
    return { refused, status: 400 }
  }
  const { reason } = order
  const by = { id: order.by.id, login: order.by.login }
  await orderExemption(tx, verdict.pull, { head: verdict.headSha, reason, by, at, until })
  return {
    state: 'ordered',
    message: `Ordered for ${nameOf(order)} at commit ${verdict.headSha.slice(0, 7)}, until ${formatTime(until, 'UTC')}. It counts once a second person runs \`release-gate exempt ${nameOf(order)} --confirm\`. A push voids it.`,
  }
}

async function confirm(
  tx: Transaction,
  order: ExemptionOrder,
  { verdict, held, at }: Standing,
): Promise<ExemptionOutcome> {
  if (!held) return { refused: `No exemption is ordered for ${nameOf(order)}.`, status: 409 }
  const { by, head, reason, until } = held
  if (held.confirmedBy !== null)
    return { refused: `${oneLine(held.confirmedBy)} has already confirmed it.`, status: 409 }
  if (held.byId === order.by.id)
    return { refused: `${oneLine(by)} ordered it, so someone else must confirm it.`, status: 403 }
  if (head !== verdict.headSha) {
    const refused = `It was ordered for commit ${head.slice(0, 7)}, and ${nameOf(order)} was pushed since. Order it again.`
    return { refused, status: 409 }
  }
  await confirmExemption(tx, held.id, { by: order.by, at })
  return {
    state: 'confirmed',
    message: `${nameOf(order)} at commit ${head.slice(0, 7)} is exempt from freezes until ${formatTime(until, 'UTC')}. ${oneLine(by)} ordered it: "${oneLine(reason, 200)}". A push voids it.`,
  }
}

async function revoke(
  tx: Transaction,
  order: ExemptionOrder,
  { verdict, held, at }: Standing,
): Promise<ExemptionOutcome> {
  if (!held) return { refused: `No exemption is ordered for ${nameOf(order)}.`, status: 409 }
  await endExemption(tx, verdict.pull, at)
  return { state: 'revoked', message: `The exemption of ${nameOf(order)} was revoked.` }
}

function unknown(order: ExemptionOrder): ExemptionOutcome {
  const refused = `release-gate knows no open pull request ${nameOf(order)}. Check the name and the number.`
  return { refused, status: 404 }
}

async function record(
  tx: Transaction,
  order: ExemptionOrder,
  { verdict, held, at }: Standing,
  state: string,
): Promise<void> {
  const { pull, headSha } = verdict
  const terms =
    order.action === 'order'
      ? { head: headSha, reason: order.reason, until: new Date(order.until).toISOString() }
      : { head: held?.head, reason: held?.reason, until: held?.until.toISOString(), orderedBy: held?.by }
  await appendRecord(tx, {
    installationId: pull.installationId,
    kind: `exemption ${state}`,
    at,
    body: { pull, by: order.by.login, byId: order.by.id, authority: order.by.authority, ...terms },
  })
}

function nameOf({ repository, number }: Pick<ExemptionOrder, 'repository' | 'number'>): string {
  return `${repository}#${number}`
}
