import { RE2JS } from 're2js'
import { membersOf } from './count-approvals.ts'
import { parseDuration } from './duration.ts'
import { code, list, oneLine, sentence, withoutHtmlComments } from './markdown.ts'
import { type Revert, revertOf } from './reverts.ts'
import type { Label, Person, Snapshot } from './snapshot.ts'
import type { WindowSettings } from './window-settings.ts'

type UrgentSettings = WindowSettings['urgent']

/** Whether the label counts, and until when; if not, `why` completes 'The label does not count: …'. */
export type Urgency =
  | { state: 'absent' }
  | { state: 'void'; why: string }
  | { state: 'valid'; by: Person; at: Date; until: Date; reason: string | undefined }

/**
 * Evaluates the label `urgent`. It counts when a person who has write
 * permission now put it on, and is void when removed, expired, or put on before the last change of base or, where it is
 * bound to the head, before a push that brought other content. Events of one and the same second are taken to have come
 * after the label: GitHub's times are no finer, and the label can be put on again.
 *
 * @throws RangeError for a duration, or RE2's error for a pattern, that the policy's schema refuses.
 */
export function evaluateUrgency(snapshot: Snapshot, settings: UrgentSettings): Urgency {
  const label = snapshot.labels.find((entry) => entry.name.toLowerCase() === settings.label.toLowerCase())
  if (!label) return { state: 'absent' }
  if (!label.by || !label.at)
    return {
      state: 'void',
      why: 'GitHub does not yet list who added it; wait a minute, or remove it and add it again',
    }
  const at = new Date(label.at)
  const until = new Date(at.getTime() + parseDuration(settings.expires_after))
  const written = withoutHtmlComments(snapshot.body)
  const ordered = label.order?.reason
  const described = describedBy(written, settings, revertOf(snapshot, settings.reverts), ordered)
  const why =
    whyNotBy(label.by, snapshot, settings) ??
    whyNotNow(at, until, snapshot) ??
    (settings.bound_to_head ? whyNotThisHead(label, at, snapshot) : undefined) ??
    described.why ??
    whyNotReviewed(snapshot, settings)
  return why === undefined
    ? {
        state: 'valid',
        by: label.by,
        at,
        until: earliest(until, described.until, ...duesAhead(snapshot, settings)),
        reason: described.reason,
      }
    : { state: 'void', why }
}

function earliest(...times: (Date | undefined)[]): Date {
  return new Date(Math.min(...times.flatMap((time) => time?.getTime() ?? [])))
}

/** When the reviews of earlier urgent changes fall due, where an overdue one ends this one. */
function duesAhead({ owedReviews = [] }: Snapshot, settings: UrgentSettings): Date[] {
  return settings.block_when_overdue ? owedReviews.map(({ due }) => new Date(due)) : []
}

function whyNotBy(person: Person, snapshot: Snapshot, settings: UrgentSettings): string | undefined {
  const name = code(person.login)
  if (person.type !== 'User') return `${name} is not a person; someone with write access must add it`
  const access = snapshot.access[person.id]
  if (!access?.write)
    return `${name}, who added it, now has the role ${code(access?.role ?? 'none')}; write access is needed`
  if (!settings.allow_author && person.id === snapshot.author?.id)
    return `${name} is the author; someone else must add it`
  const teams = settings.labelled_by
  if (teams.length > 0 && !teams.some((team) => membersOf(team, snapshot).includes(person.id))) {
    return `${name}, who added it, is not a member of ${list(
      teams.map((team) => code(team)),
      'or',
    )}`
  }
  return undefined
}

function whyNotNow(at: Date, until: Date, snapshot: Snapshot): string | undefined {
  if (Date.parse(snapshot.takenAt) >= until.getTime()) return 'it has expired; remove it and add it again'
  const moved = snapshot.base.changed
  if (moved && Date.parse(moved.at) >= at.getTime())
    return 'the base branch was changed since; remove it and add it again'
  return undefined
}

/** The label was added for one content: a later push invalidates it, unless the content is proved to be equal. */
function whyNotThisHead(label: Label, at: Date, { head }: Snapshot): string | undefined {
  if (head.pushedAt === undefined) {
    return 'it is bound to the head, and GitHub does not say when the head was pushed; push to a branch of this repository and add it again'
  }
  if (Date.parse(head.pushedAt) < at.getTime() || label.equality?.same) return undefined
  const why = label.equality ? ` (${sentence(label.equality.why, label.equality.paths[0])})` : ''
  return `it was added before the last push${why}; remove it and add it again`
}

/** The reason, of the command or of the description, and what is lacking. A proven revert needs neither a reason nor an incident, for a time. */
function describedBy(
  written: string,
  settings: UrgentSettings,
  revert: Revert | undefined,
  ordered: string | undefined,
): { reason: string | undefined; why?: string; until?: Date } {
  const reason = ordered ?? reasonOf(written)
  const why = whyNotDescribed(reason, written, settings)
  if (why === undefined || !revert) return { reason, ...(why === undefined ? {} : { why }) }
  return 'until' in revert
    ? { reason: reason ?? `Reverts #${revert.pull}`, until: revert.until }
    : { reason, why: `${why}. It is not proved to revert #${revert.pull}: ${revert.why}` }
}

function whyNotDescribed(
  reason: string | undefined,
  written: string,
  settings: UrgentSettings,
): string | undefined {
  if (settings.reason === 'required' && reason === undefined) {
    return 'the description gives no reason; add a line `Urgent: …`'
  }
  if (settings.incident !== undefined && !RE2JS.compile(settings.incident).matcher(written).find()) {
    return `the description names no incident; add one that matches ${code(settings.incident)}`
  }
  return undefined
}

/** An urgent change with an overdue review blocks the next one, if the policy says so. */
function whyNotReviewed(snapshot: Snapshot, settings: UrgentSettings): string | undefined {
  if (!settings.block_when_overdue) return undefined
  const overdue = (snapshot.owedReviews ?? []).filter(
    ({ due }) => Date.parse(due) <= Date.parse(snapshot.takenAt),
  )
  if (overdue.length === 0) return undefined
  const names = overdue.map(({ pull, issue }) =>
    issue === undefined ? `of #${pull}` : `of #${pull} in #${issue}`,
  )
  return `the review ${list(names)} is overdue; do the review and close its issue`
}

/** The line `Urgent: …` of the description, the line `Reason: …`, or else its first sentence. Headings say nothing. */
function reasonOf(written: string): string | undefined {
  const lines = written.split(/[\r\n]+/).map((line) => line.trim())
  const field = (name: RegExp) =>
    lines.map((each) => name.exec(each)?.[1]).find((value) => value !== undefined)
  const line = field(/^urgent:\s*(\S.*)$/i) ?? field(/^reason:\s*(\S.*)$/i)
  const text = oneLine(line ?? firstSentence(lines.find((each) => each !== '' && !each.startsWith('#'))), 140)
  return text === '' ? undefined : text
}

function firstSentence(line = ''): string {
  const end = line.search(/[.!?](\s|$)/)
  return end === -1 ? line : line.slice(0, end + 1)
}
