import type { GitHub } from '../services/github/client.ts'
import { addLabel, removeLabel } from '../services/github/comments.ts'
import { labelledAs, readTimeline } from '../services/github/timeline.ts'
import { retryAfter } from '../store/retry-later.ts'
import type { Purpose } from '../store/write-budget.ts'
import { type CommentShell, reserve, type Task } from './shell.ts'

type Where = { shell: CommentShell; github: GitHub; pull: Task['pull'] }

/**
 * Has the label on by an event of the App, and gives that event: nothing else proves later for whom it was put on. `renew`: also
 * where the label is on already, since GitHub has no event for adding it again. Undefined: it is on, and a person's.
 *
 * A process that dies before the event is kept leaves a label that is the App's, and counts for nobody.
 */
export async function putOn(
  where: Where,
  label: string,
  { renew, purpose }: { renew: boolean; purpose: Purpose },
): Promise<number | undefined> {
  const { shell, github, pull } = where
  const before = await labelEvent(where, label)
  if (before && !renew) return before.by?.type === 'Bot' ? before.event : undefined
  if (before) {
    await reserve(shell, pull, purpose)
    await removeLabel(github, pull, pull.number, label)
  }
  await reserve(shell, pull, purpose)
  await addLabel(github, pull, pull.number, label)
  const after = await labelEvent(where, label)
  if (after?.by?.type === 'Bot' && after.event > (before?.event ?? 0)) return after.event
  const soon = new Date(shell.now().getTime() + 5_000)
  throw retryAfter(soon, `GitHub does not list yet that the label ${label} was added`)
}

export async function takeOff({ shell, github, pull }: Where, label: string): Promise<void> {
  await reserve(shell, pull, 'update')
  await removeLabel(github, pull, pull.number, label)
}

async function labelEvent({ github, pull }: Where, label: string) {
  return labelledAs(await readTimeline(github, pull, pull.number), label)
}
