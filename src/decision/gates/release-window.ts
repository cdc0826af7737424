import { type CalendarState, formatTime, formatTimeShort, stateAt } from '../calendar.ts'
import { parseDuration } from '../duration.ts'
import { defineGate, type Finding, passed, type Step, waiting } from '../gate.ts'
import { code, list } from '../markdown.ts'
import type { Snapshot } from '../snapshot.ts'
import { evaluateUrgency, type Urgency } from '../urgent.ts'
import { type WindowSettings, windowSettings } from '../window-settings.ts'

/** The weekly release window is open, or somebody with the right labelled the change urgent. */
export const releaseWindow = defineGate({
  title: 'Release window',
  settings: windowSettings,
  labels: ({ urgent }) => [urgent.label],
  evaluate(snapshot, settings) {
    const now = new Date(snapshot.takenAt)
    const urgency = evaluateUrgency(snapshot, settings.urgent)
    const finding = frozen(snapshot, settings) ?? judgeCalendar(now, settings, snapshot.takeBack ?? 0)
    if (urgency.state === 'absent') return finding
    if (urgency.state === 'void') return noting(finding, voided(urgency, settings))
    return finding.state === 'passed'
      ? noting(finding, `${labelled(urgency, settings)} The window is open without it.`)
      : lifted(urgency, settings, snapshot)
  },
})

/**
 * The window of a policy that names none: always open, so that only an ordered freeze and what lifts it are left of the
 * rule. Times are in UTC, since there is no zone of a window.
 */
export const noWindow: WindowSettings = windowSettings.parse({
  time_zone: 'UTC',
  windows: [
    { opens: 'Monday 00:00', closes: 'Thursday 00:00' },
    { opens: 'Thursday 00:00', closes: 'Monday 00:00' },
  ],
})

/** A freeze applies whichever gates the policy names: this is its finding where no release window is among them. */
export const freezeGate = {
  title: 'Freeze',
  evaluate: (snapshot: Snapshot) => releaseWindow.evaluate(snapshot, noWindow),
}

/** Whether a freeze was ordered that has not ended yet. */
export function isFrozen({ frozen: ordered, takenAt }: Pick<Snapshot, 'frozen' | 'takenAt'>): boolean {
  return ordered !== undefined && (!ordered.until || Date.parse(takenAt) < Date.parse(ordered.until))
}

function noting(finding: Finding, note: string): Finding {
  return { ...finding, reason: `${finding.reason} ${note}` }
}

/** A freeze that was ordered at once, or that a line in the policy says, beats every window. */
function frozen(snapshot: Snapshot, settings: WindowSettings): Finding | undefined {
  const { frozen: ordered } = snapshot
  const holds = isFrozen(snapshot) && ordered
  if (!holds && settings.frozen === undefined) return undefined
  const until = holds && ordered.until ? new Date(ordered.until) : undefined
  const when = until ? `until ${formatTime(until, settings.time_zone)}` : 'until it is lifted'
  const reason = holds
    ? `${code(ordered.reason, 140)} (by ${code(ordered.by)})`
    : code(settings.frozen ?? '', 140)
  return waiting(
    `Frozen: ${holds ? ordered.reason : settings.frozen}`,
    `Releases are frozen ${when}: ${reason}.`,
    {
      who: `Whoever froze it, by ${holds ? '`release-gate unfreeze`' : 'taking `frozen` out of the policy'}`,
      ...(until ? { when: `Ends ${formatTime(until, settings.time_zone)}`, next: recheck(until) } : {}),
    },
  )
}

function judgeCalendar(now: Date, settings: WindowSettings, takeBack: number): Finding {
  const calendar = stateAt(settings, now)
  if (!calendar.open) return closed(calendar, settings)
  const { closesAt } = calendar
  if (!closesAt) return passed('Release window open', 'The release window covers the whole week.')
  const before = Math.max(parseDuration(settings.closing_margin), takeBack)
  const lastGreen = new Date(closesAt.getTime() - before)
  if (now >= lastGreen) return closing(closesAt, settings)
  const until = formatTime(closesAt, settings.time_zone)
  return passed('Release window open', `Open until ${until}.${margin(settings)}`, {
    when: `Closes ${until}`,
    next: recheck(lastGreen),
  })
}

/** A green check does not expire by itself, so nothing turns green within the margin before closing. */
function closing(closesAt: Date, settings: WindowSettings): Finding {
  const { opensAt } = stateAt(settings, closesAt)
  return waiting(
    opensAt
      ? `Closing; opens again ${formatTimeShort(opensAt, settings.time_zone)}`
      : 'The release window is closing',
    `The window closes ${formatTime(closesAt, settings.time_zone)}.${margin(settings)}`,
    { who: whoLifts(settings), ...whenOpens(opensAt, settings), next: recheck(closesAt) },
  )
}

function closed(calendar: CalendarState, settings: WindowSettings): Finding {
  const why = calendar.freeze
    ? `Frozen until ${formatTime(calendar.freeze.to, settings.time_zone)}: ${code(calendar.freeze.reason)}.`
    : calendar.holiday
      ? `Closed for the holiday ${code(calendar.holiday)}.`
      : 'The release window is closed.'
  const { opensAt } = calendar
  if (!opensAt) {
    return waiting(
      'No release window is in sight',
      `${why} No window opens within the next two years; see \`windows\` and \`freezes\` in the policy.`,
      { who: 'Whoever keeps the policy' },
    )
  }
  return waiting(`Opens ${formatTimeShort(opensAt, settings.time_zone)}`, `${why} It opens by itself.`, {
    who: whoLifts(settings),
    ...whenOpens(opensAt, settings),
    next: recheck(opensAt),
  })
}

function whenOpens(opensAt: Date | undefined, settings: WindowSettings): Pick<Finding, 'when'> {
  return opensAt ? { when: `Opens ${formatTime(opensAt, settings.time_zone)}` } : {}
}

/** The label is the only other way, and it lifts nothing but the window. */
function whoLifts({ urgent }: WindowSettings): string {
  const teams = urgent.labelled_by.map((team) => code(team))
  const member = teams.length > 0 ? ` who is a member of ${list(teams, 'or')}` : ''
  return `Nobody; if it cannot wait, a person with write access${member}, by the label ${code(urgent.label)}`
}

/** Urgent lifts the window and freezes, and nothing else; it is looked at again when it ends. */
function lifted(
  urgency: Urgency & { state: 'valid' },
  settings: WindowSettings,
  snapshot: Snapshot,
): Finding {
  const until = formatTime(urgency.until, settings.time_zone)
  return passed(
    `Urgent by ${urgency.by.login}`,
    `${labelled(urgency, settings)} It lifts the window, and nothing else.`,
    { when: `Expires ${until}`, next: recheck(endOf(urgency, settings, snapshot)) },
  )
}

/** It expires, or ends when the review of an earlier one falls due where that blocks. */
function endOf(
  { until }: Urgency & { state: 'valid' },
  { urgent }: WindowSettings,
  { owedReviews = [], takenAt }: Snapshot,
): Date {
  const due = urgent.block_when_overdue ? owedReviews.map((owed) => Date.parse(owed.due)) : []
  const ahead = due.filter((time) => time > Date.parse(takenAt))
  return new Date(Math.min(until.getTime(), ...ahead))
}

/** Who made it urgent, when, why, until when. */
function labelled({ by, at, until, reason }: Urgency & { state: 'valid' }, settings: WindowSettings): string {
  const [from, to] = [formatTime(at, settings.time_zone), formatTime(until, settings.time_zone)]
  const why = reason === undefined ? 'no reason given' : code(reason, 140)
  return `${code(by.login)} labelled it ${code(settings.urgent.label)} on ${from}, until ${to}: ${why}.`
}

function voided(urgency: Urgency & { state: 'void' }, settings: WindowSettings): string {
  return `The label ${code(settings.urgent.label)} does not count: ${urgency.why}.`
}

function margin({ closing_margin }: WindowSettings): string {
  return parseDuration(closing_margin) === 0 ? '' : ` Nothing turns green in the last ${closing_margin}.`
}

function recheck(at: Date): Step[] {
  return [{ kind: 'recheck', at: at.toISOString() }]
}
