import { formatTime } from './calendar.ts'
import type { ChangeRecord } from './change-record.ts'
import { type DirectPush, keyOfPush } from './direct-push-record.ts'
import { stagingRegression } from './gates/staging-regression.ts'
import { code, lineWithCode, list, oneLine, short } from './markdown.ts'
import type { Exception } from './merge-exception.ts'

/** The review issue of a merge or a push; `key` identifies it (`#12`, or the pushed commit). */
export type ReviewIssue = { key: string; title: string; body: string; labels: string[] }

export const exceptionLabel = 'release-exception'
export const urgentReviewLabel = 'urgent-review'

type Due = { at: Date; zone: string }

/** The end of our issues' bodies, by which an issue is found again, so that it is opened only once. */
export function reviewIssueMarker(repositoryId: number, key: string): string {
  return `<!-- release-gate review ${repositoryId} ${key} -->`
}

const notPassed = { what: 'when the release gate had not passed for that commit', lines: 'What was missing:' }

/** The kind of exception, and the heading of its details. */
const described: Record<Exception['kind'], { what: string; lines: string }> = {
  'not evaluated': notPassed,
  'not passed': notPassed,
  late: { ...notPassed, lines: 'The gate had passed earlier, but no longer did:' },
  outdated: {
    what: 'while the release gate was still green, but the facts had changed',
    lines: 'At the time of the merge:',
  },
  unverified: {
    what: 'while the release gate was green, but the facts could not be verified',
    lines: 'What could not be verified:',
  },
}

/** Asks for the regression of a merge that deferred it. */
function deferredRegression({ urgent }: Pick<ChangeRecord, 'urgent'>): string {
  return urgent?.skipped.some((line) => line.startsWith(`${stagingRegression.title}: `))
    ? 'The regression does not run automatically after the merge. Run it with `release-gate regress` and write the result here.'
    : ''
}

/** The review of a merge that bypassed the gate. */
export function exceptionIssue(record: ChangeRecord, due: Due): ReviewIssue {
  const { exception, number, head, base } = record
  const key = `#${number}`
  const who = record.mergedBy ? code(record.mergedBy.login) : 'An unknown user'
  const { what, lines } = described[exception?.kind ?? 'not passed']
  const intro = `${who} merged #${number} ${code(record.title)} at ${short(head.sha)} into ${code(base.ref)} on ${formatTime(new Date(record.mergedAt), due.zone)}, ${what}.`
  return {
    key,
    title: oneLine(`Review: #${number} bypassed the release gate`, 200),
    labels: [exceptionLabel],
    body: bodyOf(record.repository.id, key, [
      intro,
      [lines, ...bullets(exception?.bypassed ?? [])].join('\n'),
      deferredRegression(record),
      questions(
        due,
        'Was there a good reason? Write it here. Is the change fine as it is, or does it need to be reverted?',
      ),
    ]),
  }
}

/** The review of an urgent merge, with what it skipped. */
export function urgentIssue(record: ChangeRecord, due: Due): ReviewIssue {
  const { number, urgent } = record
  const key = `#${number}`
  const approvers = record.approvers.map(({ login }) => code(login))
  const facts = [
    `Marked as urgent by ${code(urgent?.by ?? '')} on ${formatTime(new Date(urgent?.at ?? record.mergedAt), due.zone)}.`,
    `Reason: ${urgent?.reason === null || urgent === null ? 'none given' : code(urgent.reason, 300)}.`,
    `Approved by ${approvers.length > 0 ? list(approvers) : 'nobody'}.`,
  ]
  return {
    key,
    title: oneLine(`Review: #${number} was released as urgent`, 200),
    labels: [urgentReviewLabel],
    body: bodyOf(record.repository.id, key, [
      `#${number} ${code(record.title)} was merged as urgent.`,
      ['What was skipped:', ...bullets(urgent?.skipped ?? [])].join('\n'),
      deferredRegression(record),
      bullets(facts).join('\n'),
      questions(due, 'Was it urgent? What would have avoided it?'),
    ]),
  }
}

/** The review of a push that belongs to no pull request. */
export function pushIssue(push: DirectPush, due: Due): ReviewIssue {
  const key = keyOfPush(push)
  const who = push.by ? code(push.by.login) : 'An unknown user'
  const how = push.forced ? 'force-pushed' : 'pushed'
  return {
    key,
    title: oneLine(`Review: a push to ${push.branch} bypassed the release gate`, 200),
    labels: [exceptionLabel],
    body: bodyOf(push.repository.id, key, [
      `${who} ${how} ${short(push.before)} to ${short(push.after)} on ${code(push.branch)} without a pull request.`,
      push.commits.length > 0 ? ['Commits:', ...push.commits.slice(0, 50).map(asBullet)].join('\n') : '',
      questions(
        due,
        'Was there a good reason? Write it here. Is the change fine as it is, or does it need to be reverted?',
      ),
    ]),
  }
}

const bullets = (lines: string[]) => lines.map((line) => `- ${lineWithCode(line)}`)
const asBullet = (sha: string) => `- ${short(sha)}`

function questions({ at, zone }: Due, question: string): string {
  return `${question}\n\nDue ${formatTime(at, zone)}. Close this issue when the review is done. The record of the review keeps who closed it.`
}

function bodyOf(repositoryId: number, key: string, parts: string[]): string {
  return [...parts.filter((part) => part !== ''), reviewIssueMarker(repositoryId, key)].join('\n\n')
}
