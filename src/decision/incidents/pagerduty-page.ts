import { oneLine } from '../markdown.ts'
import { countsSince, type EscalationStep, pagerDutySeverity } from './escalation.ts'
import type { PageTarget } from './escalation-settings.ts'
import { isTakenOnAfter } from './incident.ts'
import type { DesiredState, Subject } from './mirror.ts'

/** An alert in PagerDuty. Its deduplication key makes a repeated event the same alert. */
export type WantedPage = {
  target: PageTarget
  action: 'trigger' | 'acknowledge' | 'resolve'
  summary: string
  severity: 'critical' | 'error' | 'warning' | 'info'
  url: string
  /** When it became due: only an acknowledgement after that is one of it. */
  since: number
}

/** How the keys of our own pages begin: what PagerDuty reports of them is not an alert. */
export const pageKeyPrefix = 'release-gate/'

/** At most 255 characters, and another one after each reopening: a key that was resolved opens a new alert. */
export function pageKey({ repository, number }: Subject, step: string, target: PageTarget): string {
  return `${pageKeyPrefix}${repository.installationId}/${repository.repositoryId}/${number}/${step}/${target}`
}

/** The key of the step that a page is of. */
export function stepOfPage(key: string): string {
  return key.split('/').slice(4, 7).join('/')
}

export function newPages(subject: Subject, { key, page, at: since }: EscalationStep): DesiredState[] {
  const { repository, number, facts, incident } = subject
  const name = `${repository.owner}/${repository.repo}#${number}`
  return page.map((target) => {
    const wanted: WantedPage = {
      target,
      action: 'trigger',
      summary: oneLine(`${incident.severity} ${name}: ${facts.title}`, 1_024),
      severity: pagerDutySeverity[incident.severity],
      url: facts.url,
      since,
    }
    return { mirror: 'pagerduty', key: pageKey(subject, key, target), wanted }
  })
}

/**
 * What became of a page: whether PagerDuty was asked for it, and whether it said that it has it. `pagedAt`: when its step was taken; left
 * out, when it became due.
 */
type Sending = { isAsked: boolean; isTaken: boolean; pagedAt?: number | undefined }

/**
 * What a page should be now. Pages of an earlier opening were resolved with it and stay so; one that PagerDuty has not taken is not wanted
 * anymore once another severity counts, which has pages of its own. One that it was not asked for is sent before it is acknowledged, since
 * PagerDuty opens no alert for an acknowledgement: nobody would learn of it.
 */
export function pageNow(
  { incident, facts }: Pick<Subject, 'incident' | 'facts'>,
  key: string,
  page: WantedPage,
  { isAsked, isTaken, pagedAt = page.since }: Sending,
): WantedPage {
  const [, severity = ''] = stepOfPage(key).split('/')
  const isOver = incident.state === 'resolved' || pagedAt < (incident.reopenedAt ?? 0)
  const isOther = severity.slice(0, 2) !== incident.severity || pagedAt < countsSince(incident)
  const isLate = !isTaken && isOther
  if (isOver || isLate) return { ...page, action: 'resolve' }
  const isAnswered = isAsked && page.action === 'trigger' && isTakenOnAfter(facts, page.since)
  return isAnswered ? { ...page, action: 'acknowledge' } : page
}
