import { formatTime } from './calendar.ts'
import { exemptionText, freezeText, lateHoldText, urgentText } from './command-notice-text.ts'
import type { NoticeOf } from './notice.ts'
import { type SlackMessageText, slackNames, toMessage } from './notice-blocks.ts'
import {
  type Announced,
  authorOf,
  linksOf,
  nameOf,
  personOf,
  pullLink,
  recordsHeadline,
} from './notice-parts.ts'
import { slackLines, slackLink, slackText } from './slack-escape.ts'

type Merged = NoticeOf<'merged'>
type Exception = NoticeOf<'exception'>

/** A notice as Slack's message. Pure: all that people wrote is escaped here. */
export function noticeText(notice: Announced): SlackMessageText {
  switch (notice.kind) {
    case 'merged':
      return mergedText(notice)
    case 'exception':
      return exceptionText(notice)
    case 'drift':
      return driftText(notice)
    case 'records':
      return recordsText(notice)
    case 'organization policy':
      return organizationPolicyText(notice)
    case 'dead letter':
      return deadLetterText(notice)
    case 'incident':
      return incidentText(notice)
    case 'watched':
      return watchedText(notice)
    case 'release notes':
      return notesText(notice)
    case 'urgent':
      return urgentText(notice)
    case 'late hold':
      return lateHoldText(notice)
    case 'freeze':
      return freezeText(notice)
    case 'exemption':
      return exemptionText(notice)
  }
}

function recordsText({ of, seq, installationId, why }: NoticeOf<'records'>): SlackMessageText {
  const todo =
    of === 'anchors'
      ? 'Ask who did it, and compare the records with a copy that was saved: `release-gate audit verify --anchors FILE`.'
      : 'Leave the database as it is and run `release-gate audit verify`.'
  return toMessage({
    headline: `🚨 ${recordsHeadline({ of, seq })}`,
    facts: [['Installation', String(installationId)]],
    body: `${slackText(why, 300)}\n${todo}`,
  })
}

function notesText({ repository, title, url, lines }: NoticeOf<'release notes'>): SlackMessageText {
  return toMessage({
    headline: `📋 ${slackLink(url, title)} of ${nameOf(repository)}`,
    body: slackLines(lines),
  })
}

const watchMarks = { passed: '✅', failed: '🚨', inconclusive: '❔' } as const

function watchedText({
  repository,
  release,
  verdict,
  why,
  record,
  change,
}: NoticeOf<'watched'>): SlackMessageText {
  const name = `${repository.owner}/${repository.repo}`
  const offer = `Nothing was rolled back. To stop further releases: release-gate freeze --repository ${name} --reason "Production alerts"`
  return toMessage({
    headline: `${watchMarks[verdict]} Watch after the release of ${slackLink(release.url, release.summary)}: ${verdict}`,
    body: slackLines([
      why,
      ...(verdict === 'failed' ? [offer] : []),
      ...(record === undefined ? [] : [watchRecords(record, change)]),
    ]),
  })
}

function watchRecords(record: number, change: number | undefined): string {
  return `Record ${record} has each check.${change === undefined ? '' : ` Change record: ${change}.`}`
}

function incidentText({ issue, severity, state, lines, due, late }: NoticeOf<'incident'>): SlackMessageText {
  const mark = late ? '⏰' : state === 'resolved' ? '✅' : '🚨'
  return toMessage({
    headline: `${mark} ${slackText(severity)} ${slackLink(issue.url, `Incident ${issue.number}`)} ${slackText(issue.title)}`,
    facts: [
      ['State', slackText(state)],
      ['Due', due.length > 0 ? slackLines(due) : undefined],
    ],
    body: slackLines(lines),
  })
}

function mergedText(notice: Merged): SlackMessageText {
  const { repository, pull } = notice
  return toMessage({
    headline: `✅ Merged: ${pullLink(repository, pull)}`,
    facts: [
      ['Author', authorOf(pull)],
      ['Approved by', slackNames(notice.approvedBy)],
      ['Merged by', personOf(notice.mergedBy)],
      timingOf(notice.timing),
    ],
    links: linksOf(notice),
  })
}

function timingOf(timing: Merged['timing']): [string, string] {
  switch (timing.kind) {
    case 'window':
      return ['Window', `Open until ${formatTime(new Date(timing.closesAt), timing.zone)}`]
    case 'urgent': {
      const since = formatTime(new Date(timing.at), timing.zone)
      const reason = timing.reason === undefined ? 'No reason was given.' : slackText(timing.reason, 300)
      return ['Urgent', `By ${slackText(timing.by, 60)}, ${since}\n${reason}`]
    }
    case 'any time':
      return ['Window', 'None in the policy']
  }
}

function exceptionText(notice: Exception): SlackMessageText {
  const { repository, pull, how, commit, issue } = notice
  const what = pull ? pullLink(repository, pull) : nameOf(repository)
  return toMessage({
    headline: `🚨 Release gate bypassed by a ${how === 'merged' ? 'merge' : 'push'}: ${what}`,
    facts: [
      [how === 'merged' ? 'Merged by' : 'Pushed by', personOf(notice.by)],
      ['Author', pull && authorOf(pull)],
      ['Branch', slackText(notice.branch)],
      ['Commit', slackLink(commit.url, commit.sha.slice(0, 7))],
    ],
    body: `What was bypassed:\n${slackLines(notice.bypassed)}`,
    links: [issue && slackLink(issue.url, `Review in #${issue.number}`), ...linksOf(notice)],
  })
}

function driftText({ repository, subject, problems, fixed = [] }: NoticeOf<'drift'>): SlackMessageText {
  const name = nameOf(repository)
  const told = slackLines(problems, 1_400)
  const drifted = subject
    ? 'Row-level security differs from the policy of'
    : 'The release gate is not fully enforced on'
  const gone = fixed.length > 0 ? `Fixed since:\n${slackLines(fixed, 1_400)}` : undefined
  return toMessage({
    headline: problems.length > 0 ? `⚠️ ${drifted} ${name}` : `✅ Fixed on ${name}`,
    body: [told || undefined, gone].filter((part) => part !== undefined).join('\n'),
  })
}

function organizationPolicyText(notice: NoticeOf<'organization policy'>): SlackMessageText {
  const { organization, acceptedBy, before, after, seq } = notice
  const changed = before === after ? 'The locking policy changed' : 'The locked settings changed'
  const what = acceptedBy === undefined ? changed : 'The policy of another repository was accepted'
  return toMessage({
    headline: `🔒 ${what}: ${slackText(organization)}`,
    facts: [
      ['Accepted by', acceptedBy === undefined ? undefined : slackText(acceptedBy, 200)],
      ['Locked before', slackText(before || 'nothing', 350)],
      ['Locked now', after === null ? 'Unknown: the policy is invalid' : slackText(after || 'nothing', 350)],
    ],
    body: `Record ${seq} has the details.`,
  })
}

const commandLost =
  'A command in a comment may not have been carried out. If it was `/hold`, add the label by hand.'

function deadLetterText(notice: NoticeOf<'dead letter'>): SlackMessageText {
  const { repository, number } = notice
  const what = number === undefined ? '' : ` #${number}`
  const command = notice.queue === 'commands' ? `\n${commandLost}` : ''
  return toMessage({
    headline: `⚠️ A job was given up: ${nameOf(repository)}${what}`,
    facts: [['Queue', slackText(notice.queue)]],
    body: `${slackText(notice.problem, 500)}\nIt was retried for about half an hour. The log has the details.${command}`,
  })
}
