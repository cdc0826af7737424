import { formatTime, formatTimeShort } from './calendar.ts'
import { list, plural } from './markdown.ts'
import { type Mention, mentionAll } from './mentions.ts'
import type { NoticeOf } from './notice.ts'
import { type SlackMessageText, toMessage } from './notice-blocks.ts'
import { pullLink } from './notice-parts.ts'
import type { Readiness } from './readiness.ts'
import type { ReleaseDayEvent } from './release-day.ts'
import { linesWithin, slackText } from './slack-escape.ts'

type Merged = NoticeOf<'merged'>
type Shown = Pick<Merged, 'repository' | 'pull'>

/** An open pull request of the day. */
export type DayPull = Shown & { readiness: Readiness }

/** What a channel's release day looks like at a moment. Times are shown on the clock of `zone`. */
export type ReleaseDay = {
  moment: ReleaseDayEvent
  at: Date
  zone: string
  /** The repositories that the window is for, by name; empty where the channel has no others. */
  repositories: string[]
  /** Repositories in which a freeze is in force, with its reason. */
  frozen: { repository: string; by: string; reason: string; until: string | undefined }[]
  pulls: DayPull[]
  /** What reached a covered branch since the opening: by the rule, and past the gate. */
  merged: Shown[]
  exceptions: { repository: Shown['repository']; pull?: Shown['pull'] | undefined; what: string }[]
  /** The first message of its thread. */
  first: boolean
}

/** The message of a moment; undefined: there is nothing to say. Only the first look ahead mentions people. */
export function releaseDayText(day: ReleaseDay, mention: Mention): SlackMessageText | undefined {
  switch (day.moment.kind) {
    case 'before':
      return day.pulls.length === 0 ? undefined : aheadText(day, mention)
    case 'open':
      return openText(day)
    case 'closing':
      return closingText(day)
    case 'closed':
      return day.first ? undefined : closedText(day)
  }
}

/** A merge in the thread of its day; several that came at about the same time are one message. */
export function mergesText(merges: Merged[]): SlackMessageText {
  const lines = merges.map(
    ({ repository, pull, mergedBy }) =>
      `${pullLink(repository, pull)}${mergedBy === undefined ? '' : `, by ${slackText(mergedBy, 60)}`}`,
  )
  if (lines.length === 1) return toMessage({ headline: `✅ Merged: ${lines[0]}` })
  return toMessage({ headline: `✅ ${plural(lines.length, 'change')} merged`, body: linesWithin(lines) })
}

function aheadText(day: ReleaseDay, mention: Mention): SlackMessageText {
  return toMessage({
    headline: `🗓️ Release window: ${hoursOf(day)}`,
    facts: namesOf(day),
    sections: [...frozenIn(day), ...standing(day, mention)],
    links: [asOf(day)],
  })
}

function openText(day: ReleaseDay): SlackMessageText | undefined {
  if (day.first && day.pulls.length === 0) return undefined
  const { closesAt } = day.moment
  const closes = closesAt ? ` Closes ${formatTime(closesAt, day.zone)}.` : ''
  const ready = day.pulls.filter(({ readiness }) => readiness.ready).length
  return toMessage({
    headline: `🟢 The release window opened.${closes}`,
    facts: namesOf(day),
    sections: day.first
      ? [...frozenIn(day), ...standing(day)]
      : [...frozenIn(day), `${plural(ready, 'change')} ready, ${day.pulls.length - ready} blocked.`],
    links: [asOf(day)],
  })
}

/** A warning to those who have something to merge. */
function closingText(day: ReleaseDay): SlackMessageText | undefined {
  const ready = day.pulls.filter(({ readiness }) => readiness.ready)
  if (ready.length === 0 || !day.moment.closesAt) return undefined
  return toMessage({
    headline: `⏰ The release window closes ${formatTime(day.moment.closesAt, day.zone)}`,
    facts: namesOf(day),
    sections: [section('Ready and not merged', ready.map(lineOf()))],
    links: [asOf(day)],
  })
}

function closedText(day: ReleaseDay): SlackMessageText | undefined {
  const { pulls, merged, exceptions, moment, zone } = day
  if (!moment.closesAt) return undefined
  const counts = [
    `${merged.length} merged`,
    `${pulls.length} not merged`,
    ...(exceptions.length > 0 ? [plural(exceptions.length, 'exception')] : []),
  ]
  return toMessage({
    headline: `🏁 The release window closed ${formatTime(moment.closesAt, zone)}: ${list(counts)}`,
    facts: namesOf(day),
    sections: [
      ...frozenIn(day),
      ...(merged.length > 0 ? [section('Merged', merged.map(linkOf))] : []),
      ...(pulls.length > 0 ? [section('Not merged', readyFirst(pulls).map(lineOf()))] : []),
      ...(exceptions.length > 0 ? [section('Exceptions', exceptions.map(exceptionLine))] : []),
    ],
    links: [asOf(day)],
  })
}

function standing({ pulls }: ReleaseDay, mention?: Mention): string[] {
  const ready = pulls.filter(({ readiness }) => readiness.ready)
  const blocked = pulls.filter(({ readiness }) => !readiness.ready)
  return [
    ...(ready.length > 0 ? [section('Ready', ready.map(lineOf()))] : []),
    ...(blocked.length > 0 ? [section('Blocked', blocked.map(lineOf(mention)))] : []),
  ]
}

function section(title: string, lines: string[]): string {
  return `*${title} (${lines.length})*\n${linesWithin(lines)}`
}

function readyFirst(pulls: DayPull[]): DayPull[] {
  return pulls.toSorted((a, b) => Number(b.readiness.ready) - Number(a.readiness.ready))
}

function linkOf({ repository, pull }: Shown): string {
  return pullLink(repository, pull)
}

function lineOf(mention: Mention = (login) => slackText(login, 60)): (pull: DayPull) => string {
  return ({ repository, pull, readiness }) => {
    if (readiness.ready) return `${pullLink(repository, pull)}: ready`
    const { why, more, awaited } = readiness
    const who = awaited.length > 0 ? `, waiting for ${mentionAll(awaited, mention, 5)}` : ''
    return `${pullLink(repository, pull)}: ${slackText(why)}${more > 0 ? ` (+${more} more)` : ''}${who}`
  }
}

function exceptionLine({ repository, pull, what }: ReleaseDay['exceptions'][number]): string {
  return pull ? pullLink(repository, pull) : slackText(`${repository.owner}/${repository.repo}: ${what}`)
}

function frozenIn({ frozen, zone }: ReleaseDay): string[] {
  if (frozen.length === 0) return []
  const lines = frozen.map(({ repository, by, reason, until }) => {
    const end = until === undefined ? 'until it is lifted' : `until ${formatTime(new Date(until), zone)}`
    return `${slackText(repository)}: by ${slackText(by, 200)}, ${end}: ${slackText(reason, 200)}`
  })
  return [`*🧊 Frozen*\n${linesWithin(lines)}`]
}

function namesOf({ repositories }: ReleaseDay): [string, string | undefined][] {
  return [['Repositories', repositories.length > 0 ? slackText(list(repositories), 1_500) : undefined]]
}

function hoursOf({ moment: { opensAt, closesAt }, zone }: ReleaseDay): string {
  const opens = formatTime(opensAt, zone)
  return closesAt ? `${opens} to ${formatTimeShort(closesAt, zone)}` : `from ${opens}`
}

function asOf({ at, zone }: ReleaseDay): string {
  return `As of ${formatTime(at, zone)}`
}
