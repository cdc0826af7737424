import { formatTime } from './calendar.ts'
import type { NoticeOf } from './notice.ts'
import { type SlackMessageText, toMessage } from './notice-blocks.ts'
import { authorOf, pullLink } from './notice-parts.ts'
import { slackLines, slackLink, slackText } from './slack-escape.ts'

/** Who marked a change as urgent, and why. Nothing here says whether it can be merged: its check does. */
export function urgentText(notice: NoticeOf<'urgent'>): SlackMessageText {
  const { repository, pull, by, at, until, zone, reason } = notice
  return toMessage({
    headline: `🔥 Marked as urgent: ${pullLink(repository, pull)}`,
    facts: [
      ['By', `${slackText(by, 60)}, ${formatTime(new Date(at), zone)}`],
      ['Author', authorOf(pull)],
      ['Expires', formatTime(new Date(until), zone)],
    ],
    body: reason === undefined ? 'No reason was given.' : slackText(reason, 300),
  })
}

/** A hold that was ordered in time, and could not stop the merge. */
export function lateHoldText(notice: NoticeOf<'late hold'>): SlackMessageText {
  const { repository, pull, by, url, at, mergedAt, zone, reason } = notice
  return toMessage({
    headline: `🚨 Hold came too late: the pull request was already merged: ${pullLink(repository, pull)}`,
    facts: [
      ['By', `${slackText(by, 60)}, ${formatTime(new Date(at), zone)}`],
      ['Author', authorOf(pull)],
      ['Merged', formatTime(new Date(mergedAt), zone)],
    ],
    body: reason === undefined ? 'No reason was given.' : slackText(reason, 300),
    links: [slackLink(url, 'The comment')],
  })
}

export function freezeText(notice: NoticeOf<'freeze'>): SlackMessageText {
  const { action, scope, by, reason, until, zone = 'UTC', still } = notice
  const facts: [string, string | undefined][] = [['By', slackText(by, 200)]]
  if (action === 'unfreeze')
    return toMessage({
      headline: `🟢 Freeze lifted: ${scopeInWords(scope)}`,
      facts,
      body: still.length === 0 ? undefined : `Still frozen:\n${slackLines(still)}`,
    })
  const end = until === undefined ? 'Until it is lifted' : `Until ${formatTime(new Date(until), zone)}`
  return toMessage({
    headline: `🧊 Frozen: ${scopeInWords(scope)}`,
    facts: [...facts, ['How long', end]],
    body: reason === undefined ? undefined : slackText(reason, 300),
  })
}

const exemptionTitles = {
  requested: '🙋 Exemption from freezes requested',
  confirmed: '🔓 Exempt from freezes',
  revoked: '🔒 Exemption from freezes revoked',
} as const

/** Whether it lets the change through is for its check to say: a push voids it. */
export function exemptionText(notice: NoticeOf<'exemption'>): SlackMessageText {
  const { repository, pull, action, order, by, requestedBy, until, zone, reason } = notice
  const done = { requested: 'Requested by', confirmed: 'Confirmed by', revoked: 'Revoked by' }[action]
  const name = `${repository.owner}/${repository.repo}#${pull.number}`
  const next = `A second person must confirm it: \`release-gate exempt ${slackText(name)} --confirm ${order}\``
  return toMessage({
    headline: `${exemptionTitles[action]}: ${pullLink(repository, pull)}`,
    facts: [
      ['Requested by', requestedBy === undefined ? undefined : slackText(requestedBy, 60)],
      [done, slackText(by, 200)],
      ['Author', authorOf(pull)],
      [action === 'revoked' ? 'Would have ended' : 'Until', formatTime(new Date(until), zone)],
    ],
    body: action === 'requested' ? `${slackText(reason, 300)}\n${next}` : slackText(reason, 300),
  })
}

function scopeInWords(scope: string): string {
  if (scope === '*') return 'every repository'
  return scope.endsWith('/*') ? `every repository of ${slackText(scope.slice(0, -2))}` : slackText(scope)
}
