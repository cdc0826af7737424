import type { Notice, NoticeOf } from '../decision/notice.ts'
import { effectiveGates } from '../decision/overrides.ts'
import { readinessOf } from '../decision/readiness.ts'
import { nextMoment } from '../decision/release-day.ts'
import { evaluateUrgency } from '../decision/urgent.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { askForCard } from '../store/change-cards.ts'
import type { Transaction } from '../store/database.ts'
import type { Queue } from '../store/queue.ts'
import type { StoredVerdict } from '../store/verdicts.ts'
import type { Shell } from './shell.ts'

/** Asks for the calendar to be carried out when a message of a release day is due next. */
export async function enqueueDayTime(
  queue: Pick<Queue, 'enqueueTransition'>,
  { policy }: Pick<StoredVerdict, 'policy'>,
  now: Date,
): Promise<void> {
  const window = policy?.slack && policy.gates.release_window
  const at = window && nextMoment(window, now)
  if (at) await queue.enqueueTransition(at)
}

/**
 * Enqueues what is announced of a new verdict, together with it: that the change is ready or no longer is, and that it was marked as
 * urgent. What was so at the verdict before is not news.
 */
export async function enqueueNotices(
  tx: Transaction,
  shell: Pick<Shell, 'queue' | 'now' | 'web'>,
  before: StoredVerdict | undefined,
  stored: StoredVerdict,
): Promise<void> {
  if (!stored.policy?.slack && !before?.policy?.slack) return
  if (isReady(stored) && !isReady(before)) await askForCard(tx, stored.pull, shell.now())
  const moved = isReady(stored) !== isReady(before) || stored.snapshot.state !== before?.snapshot.state
  if (moved) await shell.queue.enqueueNotice(changeNotice(stored), { tx })
  const urgent = urgentNotice(stored, before, shell.web)
  if (urgent) await shell.queue.enqueueNotice(urgent, { tx })
}

function isReady(verdict: StoredVerdict | undefined): boolean {
  return verdict?.counts === true && readinessOf(verdict).ready
}

function changeNotice({ pull }: StoredVerdict): Notice {
  const { number, ...repository } = placeOf(pull)
  return { kind: 'change', key: `change/${repository.repositoryId}/${number}`, repository, number }
}

function urgentNotice(
  stored: StoredVerdict,
  before: StoredVerdict | undefined,
  web: string | undefined,
): Notice | undefined {
  const urgency = urgencyOf(stored)
  const earlier = before && urgencyOf(before)
  if (!urgency || urgency.at.getTime() === earlier?.at.getTime()) return undefined
  const { repositoryId, number } = stored.pull
  const at = urgency.at.toISOString()
  return {
    kind: 'urgent',
    key: `urgent/${repositoryId}/${number}/${at}`,
    ...aboutPull(stored, web),
    by: urgency.by.login,
    at,
    until: urgency.until.toISOString(),
    ...(urgency.reason === undefined ? {} : { reason: urgency.reason }),
  }
}

/** What a notice says of a pull request, and the time zone of its times. */
export function aboutPull(
  stored: StoredVerdict,
  web = 'https://github.com',
): Pick<NoticeOf<'urgent'>, 'repository' | 'pull' | 'zone'> {
  const { number, ...repository } = placeOf(stored.pull)
  const { title, author } = stored.snapshot
  const url = `${web}/${repository.owner}/${repository.repo}/pull/${number}`
  return {
    repository,
    pull: { number, title, url, ...(author ? { author: author.login } : {}) },
    zone: timeZoneOf(effectiveGates(stored)),
  }
}

/** The label of an open pull request, where it counts. */
function urgencyOf(verdict: StoredVerdict) {
  const settings = effectiveGates(verdict).release_window?.urgent
  if (!settings || !verdict.counts) return undefined
  const urgency = evaluateUrgency(verdict.snapshot, settings)
  return urgency.state === 'valid' ? urgency : undefined
}

function placeOf({ installationId, repositoryId, owner, repo, number }: StoredVerdict['pull']) {
  return { installationId, repositoryId, owner, repo, number }
}
