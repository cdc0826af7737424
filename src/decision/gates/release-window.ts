import { weekInWords } from '../calendar/week-in-words.ts'
import { type CalendarState, formatDate, formatTime, formatTimeShort, windowStateAt } from '../calendar.ts'
import { durationInWords, parseDuration } from '../duration.ts'
import { exemptionNote, isExempt } from '../exemption.ts'
import { isFrozen, noWindow } from '../freeze.ts'
import { defineGate, type Finding, passed, type Step, sameSettings, waiting } from '../gate.ts'
import { code, list } from '../markdown.ts'
import type { Snapshot } from '../snapshot.ts'
import { unusableTeams } from '../unusable-teams.ts'
import { evaluateUrgency, type Urgency } from '../urgent.ts'
import { type WindowSettings, windowSettings } from '../window-settings.ts'

/** The weekly release window is open, or the change is marked as urgent by someone who may. */
export const releaseWindow = defineGate({
  title: 'Release window',
  settings: windowSettings,
  labels: ({ urgent }) => [urgent.label],
  tightens: closesMore,
  evaluate(snapshot, settings) {
    const finding = withExemption(byWindowAndLabel(snapshot, settings), snapshot, settings)
    return finding.state === 'passed' ? finding : withUnusableTeams(finding, snapshot, settings)
  },
})

/** More freezes and nothing else: of other windows, zones or margins it is hard to tell. */
function closesMore(after: WindowSettings, than: WindowSettings): boolean {
  const { freezes, frozen, ...others } = after
  const { freezes: freezesBefore, frozen: frozenBefore, ...othersBefore } = than
  // Two lists of hundreds take a second to compare pair by pair, for each override and each pull request.
  const kept = new Set(freezes.map((freeze) => JSON.stringify(freeze)))
  return (
    sameSettings(others, othersBefore) &&
    freezesBefore.every((freeze) => kept.has(JSON.stringify(freeze))) &&
    (frozen !== undefined || frozenBefore === undefined)
  )
}

function byWindowAndLabel(snapshot: Snapshot, settings: WindowSettings): Finding {
  const now = new Date(snapshot.takenAt)
  const urgency = evaluateUrgency(snapshot, settings.urgent)
  const finding = isExempt(snapshot)
    ? byCalendar(now, { ...settings, freezes: [] }, snapshot.takeBack ?? 0)
    : (frozen(snapshot, settings) ?? byCalendar(now, settings, snapshot.takeBack ?? 0))
  if (urgency.state === 'absent') return finding
  if (urgency.state === 'void') return noting(finding, voided(urgency, settings))
  return finding.state === 'passed'
    ? noting(
        finding,
        `${labelled(urgency, settings)} The window is open without it.`,
        whatItLifts(urgency, settings),
      )
    : lifted(urgency, settings)
}

/** A closed window is all the same evaluated again when it opens; its text is the rule, which stays true until then. */
function withUnusableTeams(finding: Finding, snapshot: Snapshot, settings: WindowSettings): Finding {
  const { reason, lasting = reason, next } = finding
  const isRule = isExempt(snapshot) || (!isFrozen(snapshot) && settings.frozen === undefined)
  const problem = unusableTeams(
    settings.urgent.labelled_by,
    snapshot,
    'release_window.urgent.labelled_by',
    isRule ? `Release window: ${lasting}` : lasting,
  )
  return problem ? { ...problem, ...(next ? { next } : {}) } : finding
}

/** A freeze applies whichever gates the policy names: this is its finding where no release window is among them. */
export const freezeGate = {
  title: 'Freeze',
  evaluate(snapshot: Snapshot): Finding {
    const finding = releaseWindow.evaluate(snapshot, noWindow)
    const exempt = isExempt(snapshot) && exemptionNote(snapshot, noWindow.time_zone)
    return exempt
      ? { ...finding, title: 'Exempt from the freeze', reason: exempt.note, lasting: exempt.lasting }
      : finding
  },
}

/** Named while it lasts, whether or not there is a freeze to lift. The check is evaluated again when it ends. */
function withExemption(finding: Finding, snapshot: Snapshot, settings: WindowSettings): Finding {
  const exempt = exemptionNote(snapshot, settings.time_zone)
  if (exempt === undefined) return finding
  const { exemption } = snapshot
  const ends = isExempt(snapshot) && exemption ? recheck(new Date(exemption.until)) : []
  // Only a green check is written again when the exemption ends.
  const note = finding.state === 'passed' ? exempt.note : exempt.lasting
  return { ...noting(finding, note, exempt.lasting), next: [...(finding.next ?? []), ...ends] }
}

function noting(finding: Finding, note: string, lastingNote = note): Finding {
  const lasting = finding.lasting === undefined ? {} : { lasting: `${finding.lasting} ${lastingNote}` }
  return { ...finding, reason: `${finding.reason} ${note}`, ...lasting }
}

/** A freeze beats every window, whether it was ordered or stands in the policy. In the past tense, so that it stays true. */
function frozen(snapshot: Snapshot, settings: WindowSettings): Finding | undefined {
  const { frozen: ordered } = snapshot
  // One of the policy has no end, so it outlasts one that was ordered with an end.
  const outlasts = settings.frozen !== undefined && ordered?.until !== undefined
  if (isFrozen(snapshot) && ordered && !outlasts) return frozenByOrder(ordered, settings)
  if (settings.frozen === undefined) return undefined
  const reason = `Releases are frozen by the line ${code('frozen')} in the policy: ${code(settings.frozen, 140)}.`
  return waiting(`Frozen: ${settings.frozen}`, reason, {
    who: `Anyone who can change the policy: remove the line ${code('frozen')}`,
    lasting: reason,
  })
}

function frozenByOrder(
  { reason, by, since, until }: NonNullable<Snapshot['frozen']>,
  settings: WindowSettings,
): Finding {
  const ends = until ? new Date(until) : undefined
  const end = ends ? `until ${formatTime(ends, settings.time_zone)}` : 'until it is lifted'
  const told = `${code(by)} froze releases on ${formatTime(new Date(since), settings.time_zone)}, ${end}: ${code(reason, 140)}.`
  return waiting(`Frozen: ${reason}`, told, {
    who: `${code(by)} or another operator: run ${code('release-gate unfreeze')}`,
    lasting: told,
    ...(ends ? { next: recheck(ends) } : {}),
  })
}

function byCalendar(now: Date, settings: WindowSettings, takeBack: number): Finding {
  const finding = inCalendar(now, settings, takeBack)
  return { ...finding, lasting: `${weekInWords(settings)}.` }
}

function inCalendar(now: Date, settings: WindowSettings, takeBack: number): Finding {
  const calendar = windowStateAt(settings, now)
  if (!calendar.open) return closed(calendar, settings, now)
  const { closesAt } = calendar
  if (!closesAt) return passed('Release window open', 'The release window covers the whole week.')
  const before = Math.max(parseDuration(settings.closing_margin), takeBack)
  const lastGreen = new Date(closesAt.getTime() - before)
  if (now >= lastGreen) return closing(closesAt, settings, before)
  return passed(
    'Release window open',
    `Open until ${formatTime(closesAt, settings.time_zone)}.${margin(before)}`,
    {
      next: recheck(lastGreen),
    },
  )
}

/** A green check does not expire, so nothing turns green within the margin before closing, or longer where revoking takes longer. */
function closing(closesAt: Date, settings: WindowSettings, before: number): Finding {
  const { opensAt } = windowStateAt(settings, closesAt)
  const open = opensAt && formatTime(opensAt, settings.time_zone)
  return waiting(
    opensAt ? `Opens ${formatTimeShort(opensAt, settings.time_zone)}` : 'No upcoming release window',
    `There was too little time left before the window closed at ${formatTime(closesAt, settings.time_zone)}.${margin(before)}${open ? ` The next one opens automatically ${open}.` : ''}`,
    { who: whoLifts(settings), next: recheck(closesAt), ...(opensAt && { automatic: true }) },
  )
}

function closed(calendar: CalendarState, settings: WindowSettings, now: Date): Finding {
  const why = calendar.freeze
    ? `Frozen from ${formatTime(calendar.freeze.from, settings.time_zone)} until ${formatTime(calendar.freeze.to, settings.time_zone)}: ${code(calendar.freeze.reason)}.`
    : calendar.holiday
      ? `Closed on ${formatDate(now, settings.time_zone)} for the holiday ${code(calendar.holiday)}.`
      : 'The release window is closed.'
  const { opensAt } = calendar
  if (!opensAt) {
    return waiting(
      'No upcoming release window',
      `${why} No window opens within the next two years. Check ${code('windows')} and ${code('freezes')} in the policy.`,
      { who: 'Anyone who can change the policy' },
    )
  }
  const opens = formatTime(opensAt, settings.time_zone)
  return waiting(
    `Opens ${formatTimeShort(opensAt, settings.time_zone)}`,
    `${why} It opens automatically ${opens}.`,
    { who: whoLifts(settings), next: recheck(opensAt), automatic: true },
  )
}

/** The label is the only alternative, and it lifts only the window. */
function whoLifts({ urgent }: WindowSettings): string {
  const teams = urgent.labelled_by.map((team) => code(team))
  const anyone = teams.length > 0 ? `members of ${list(teams, 'or')}` : 'anyone with write access'
  const who = urgent.allow_author ? anyone : `${anyone} except the author`
  return `No action needed. If it can't wait, ${who} can add the label ${code(urgent.label)}`
}

/** Urgent lifts the window and freezes, and nothing else; it is evaluated again when it ends. */
function lifted(urgency: Urgency & { state: 'valid' }, settings: WindowSettings): Finding {
  const reason = whatItLifts(urgency, settings)
  return passed(`Urgent by ${urgency.by.login}`, reason, { next: recheck(urgency.until), lasting: reason })
}

function whatItLifts(urgency: Urgency & { state: 'valid' }, settings: WindowSettings): string {
  return `${labelled(urgency, settings)} Until then, it doesn't wait for the release window or a freeze. All other gates still apply.`
}

/** One line about the label: by whom, when, until when, and the reason. */
function labelled({ by, at, until, reason }: Urgency & { state: 'valid' }, settings: WindowSettings): string {
  const [from, to] = [formatTime(at, settings.time_zone), formatTime(until, settings.time_zone)]
  const why = reason === undefined ? 'no reason given' : code(reason, 140)
  return `${code(by.login)} marked it as ${code(settings.urgent.label)} on ${from}, until ${to}: ${why}.`
}

function voided(urgency: Urgency & { state: 'void' }, settings: WindowSettings): string {
  return `The label ${code(settings.urgent.label)} does not count: ${urgency.why}.`
}

function margin(length: number): string {
  return length === 0
    ? ''
    : ` Nothing turns green in the last ${durationInWords(length).replace(/^1 (\w+)$/, '$1')}.`
}

function recheck(at: Date): Step[] {
  return [{ kind: 'recheck', at: at.toISOString() }]
}
