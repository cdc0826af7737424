import type { GitHub } from '../services/github/client.ts'
import { addLabel, removeLabel } from '../services/github/comments.ts'
import { ownLogin } from '../services/github/own-login.ts'
import { type Labelled, labelledAs, readTimeline, unlabelledAs } from '../services/github/timeline.ts'
import { labelOrders } from '../store/comment-commands.ts'
import type { Purpose } from '../store/write-budget.ts'
import { type CommentShell, reserve, type Task } from './shell.ts'

type Where = { shell: CommentShell; github: GitHub; pull: Task['pull']; signal: AbortSignal }

/** Who added a label last, if it is on, and who removed it last. `own`: the App's login. */
export type LabelHistory = { own: string; added: Labelled | undefined; removed: Labelled | undefined }

export async function labelHistory({ github, pull }: Where, label: string): Promise<LabelHistory> {
  const own = await ownLogin(github)
  const timeline = await readTimeline(github, pull, pull.number)
  return { own, added: labelledAs(timeline, label), removed: unlabelledAs(timeline, label) }
}

/** The removal of a label by anyone but the App in the second of a comment or later. */
export function removalSince({ own, removed }: LabelHistory, at: string): Labelled | undefined {
  return removed && removed.by?.login !== own && isFrom(removed, at) ? removed : undefined
}

function isFrom(event: Labelled, at: string): boolean {
  return Date.parse(event.at) >= Date.parse(at)
}

/**
 * The event of an earlier attempt for this comment, which ended before the event was kept: the App's own, no older than the comment, and
 * nobody's order yet.
 */
export async function earlierAttempt(
  { shell, pull }: Where,
  { own, added }: LabelHistory,
  at: string,
): Promise<number | undefined> {
  if (!added || added.by?.login !== own || !isFrom(added, at)) return undefined
  const orders = await labelOrders(shell.database, pull)
  return orders.some(({ event }) => event === added.event) ? undefined : added.event
}

/**
 * Adds a label, in place of one that is on, and gives the event: nothing else proves later for whom it was put on. GitHub has no event
 * for adding a label that is on.
 *
 * A process that dies before the event is kept leaves a label that is the App's, and counts for nobody until `earlierAttempt` finds it.
 * @throws where GitHub does not list the event yet. The queue retries later and later, and not forever.
 */
export async function addLabelForPerson(
  where: Where,
  label: string,
  { before, isOn, purpose }: { before: LabelHistory; isOn: boolean; purpose: Purpose },
): Promise<number> {
  const { github, pull } = where
  if (isOn || before.added) await write(where, purpose, () => removeLabel(github, pull, pull.number, label))
  await write(where, purpose, () => addLabel(github, pull, pull.number, label))
  const { own, added } = await labelHistory(where, label)
  if (added?.by?.login === own && added.event > (before.added?.event ?? 0)) return added.event
  throw new Error(`GitHub does not list yet that the label ${label} was added`)
}

export async function removeLabelForPerson(where: Where, label: string): Promise<void> {
  const { github, pull } = where
  await write(where, 'update', () => removeLabel(github, pull, pull.number, label))
}

/** A job that ran out of time runs beside its retry, and must not write after it. */
async function write({ shell, pull, signal }: Where, purpose: Purpose, request: () => Promise<void>) {
  signal.throwIfAborted()
  await reserve(shell, pull, purpose)
  signal.throwIfAborted()
  await request()
}
