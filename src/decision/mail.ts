import { formatTime } from './calendar.ts'
import { oneLine } from './markdown.ts'
import type { Notice } from './notice.ts'
import { recordsHeadline } from './notice-parts.ts'

/** A message in plain text. What people wrote stands on one line each, so it can't pass for a line of ours. */
export type Mail = { subject: string; text: string }

/**
 * What a mail says of a notice. Undefined: it is not mailed. Mailed is what an attacker or a mistake may be behind; incidents only
 * where there is no Slack, which tells of them otherwise. A violation of row-level security is mailed beside its incident.
 */
export function mailOf(notice: Notice, { withSlack }: { withSlack: boolean }): Mail | undefined {
  switch (notice.kind) {
    case 'exception':
      return exceptionMail(notice)
    case 'drift':
      return mail(
        `${nameOf(notice)}: ${notice.subject ?? 'the release gate is not fully enforced'}`,
        section('Problems', notice.problems),
        section('Fixed', notice.fixed ?? []),
      )
    case 'records':
      return mail(recordsHeadline(notice), [
        `Installation ${notice.installationId}: ${oneLine(notice.why, 500)}`,
        `Run \`release-gate audit verify${notice.of === 'anchors' ? ' --anchors FILE` with a copy that was saved' : '`'}.`,
      ])
    case 'organization policy':
      return mail(`${notice.organization}: the organization's policy that locks settings changed`, [
        ...(notice.acceptedBy === undefined
          ? []
          : [`${oneLine(notice.acceptedBy)} accepted the policy of another repository.`]),
        `Before: ${oneLine(notice.before, 500) || 'nothing'}`,
        `Now: ${notice.after === null ? 'the policy is invalid' : oneLine(notice.after, 500) || 'nothing'}`,
        `Record ${notice.seq} has the details.`,
      ])
    case 'violation':
      return mail(notice.title, [
        `${formatTime(new Date(notice.at), 'UTC')}: ${oneLine(notice.title, 300)}.`,
        `Its incident is in ${oneLine(notice.incidents)}. More violations of the same table within the hour are not mailed.`,
      ])
    case 'incident':
      return withSlack ? undefined : incidentMail(notice)
  }
  return undefined
}

type Of<Kind extends Notice['kind']> = Extract<Notice, { kind: Kind }>

function exceptionMail(notice: Of<'exception'>): Mail {
  const { how, pull, branch, by = 'an unknown user', commit, bypassed, issue } = notice
  const what = pull ? `#${pull.number}` : commit.sha.slice(0, 7)
  return mail(
    `${nameOf(notice)}: release gate bypassed by ${by}`,
    [`${oneLine(by)} ${how === 'merged' ? 'merged' : 'pushed'} ${what} to ${oneLine(branch)}.`, commit.url],
    section('What was bypassed', bypassed),
    issue ? [`Review: ${issue.url}`] : [],
  )
}

function incidentMail(notice: Of<'incident'>): Mail {
  const { issue, severity, state, lines, due, late } = notice
  return mail(
    `${late ? 'Overdue: ' : ''}${severity} ${issue.title}`,
    [`${oneLine(severity)}, ${oneLine(state)}: ${oneLine(issue.title, 300)}`, issue.url],
    section('What happened', lines),
    section('Due', due),
  )
}

function nameOf({ repository }: Extract<Notice, { repository: unknown }>): string {
  return `${repository.owner}/${repository.repo}`
}

function section(heading: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `- ${oneLine(line, 500)}`)]
}

function mail(subject: string, ...parts: string[][]): Mail {
  const text = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  // Mailboxes decode what looks like an encoded word of a header, in which anything could stand.
  const plain = oneLine(subject, 150).replaceAll('=?', '= ?')
  return { subject: `[release-gate] ${plain}`, text: `${text.join('\n\n')}\n` }
}
