import { isMoreSevere, type Severity, severities } from '../clocks/clocks.ts'
import { beginningOf, code } from '../markdown.ts'
import type { IncidentFacts } from './facts.ts'

export const severityPrefix = 'sev/'

/** A change of the severity. `by` null: it is the report's. `confirmedBy`: the second person of one that was lowered. */
export type SeverityChange = {
  at: number
  severity: Severity
  by: string | null
  confirmedBy?: string
  reason?: string
  /** An alert said so that fired again. */
  alert?: true
}

export type Proposal = { at: number; severity: Severity; by: string; reason: string }

/** A comment to write: once for each key. */
export type Note = { key: string; text: string }

export type SeverityHistory = {
  severity: Severity
  /** The first one counts from the start. */
  changes: SeverityChange[]
  /** A lower severity that nobody has confirmed yet. */
  proposal: Proposal | undefined
  notes: Note[]
}

/** `P1`, `sev1` is not one; the form's choices continue after the name, as in `P1: rewards incorrect`. */
export function severityIn(text: string | null): Severity | undefined {
  const [, name] = /^\s*(P[0-3])\b/i.exec(text ?? '') ?? []
  return severities.find((one) => one === name?.toUpperCase())
}

/** Whether nothing has set a severity, so that P0 counts. */
export function isSeverityUnset(facts: IncidentFacts): boolean {
  return historyOf(facts, 0).history.current === undefined
}

/** What happens at a time; gives the text of a comment where there is something to say. */
type Step = { at: number; order: number; key: string; take: (history: Building) => string | undefined }
type Building = {
  current: Severity | undefined
  changes: SeverityChange[]
  proposal: (Proposal & { id: number }) | undefined
}

/**
 * The severity over time. Raising it counts at once; lowering it takes a reason and a second person. Where the first reading of an
 * incident holds none, P0 counts from the start, and lowering it takes the same.
 */
export function severityHistory(facts: IncidentFacts, startedAt: number): SeverityHistory {
  const { history, notes } = historyOf(facts, startedAt)
  const { current = 'P0' } = history
  const [first = { at: startedAt, severity: current, by: null }, ...changes] = history.changes
  const isMissing = history.current === undefined || (facts.defaulted === true && changes.length === 0)
  return {
    severity: current,
    changes: [{ ...first, at: startedAt }, ...changes],
    proposal: history.proposal && withoutId(history.proposal),
    notes: [...notes, ...labelNotes(facts, current, isMissing)],
  }
}

function withoutId({ id: _, ...proposal }: Proposal & { id: number }): Proposal {
  return proposal
}

function historyOf(facts: IncidentFacts, startedAt: number): { history: Building; notes: Note[] } {
  const history: Building = { current: undefined, changes: [], proposal: undefined }
  if (facts.defaulted) set(history, { at: startedAt, severity: 'P0', by: null })
  const steps = [...reportSteps(facts), ...labelSteps(facts), ...commandSteps(facts), ...alertSteps(facts)]
  const notes = steps
    .toSorted((a, b) => a.at - b.at || a.order - b.order)
    .flatMap(({ key, take }) => {
      const text = take(history)
      return text === undefined ? [] : [{ key, text }]
    })
  return { history, notes }
}

function set(history: Building, change: SeverityChange): undefined {
  history.current = change.severity
  history.changes.push(change)
  // What was proposed was proposed of another severity.
  history.proposal = undefined
}

function isRaise({ current }: Building, severity: Severity): boolean {
  return current === undefined || isMoreSevere(severity, current)
}

function reportSteps({ reported }: IncidentFacts): Step[] {
  return reported.map(({ at, severity: text }, index) => ({
    at: Date.parse(at),
    order: 0,
    key: `report/${index}`,
    take: (history) => {
      const severity = severityIn(text)
      if (severity && isRaise(history, severity)) set(history, { at: Date.parse(at), severity, by: null })
      return undefined
    },
  }))
}

/**
 * An alert that says nothing of the severity, or less than what counts, changes nothing. Neither does one that is not more severe than an
 * earlier one: whoever lowered the incident since knew of that.
 */
function alertSteps({ alerts = [] }: IncidentFacts): Step[] {
  const said = alerts.map(({ severity }) => severityIn(severity))
  return alerts.map(({ at: time }, index) => ({
    at: Date.parse(time),
    order: 1,
    key: `alert/${index}`,
    take: (history) => {
      const [at, severity] = [Date.parse(time), said[index]]
      const isNews = severity && said.slice(0, index).every((one) => !one || isMoreSevere(severity, one))
      if (isNews && history.current && isMoreSevere(severity, history.current))
        set(history, { at, severity, by: null, alert: true })
      return undefined
    },
  }))
}

function labelSteps({ events }: IncidentFacts): Step[] {
  return events.flatMap(({ id, kind, label = '', by, at: time, write }): Step[] => {
    const severity = severityIn(label.slice(severityPrefix.length))
    const isOurs = kind === 'labeled' && label.toLowerCase().startsWith(severityPrefix) && by?.type !== 'Bot'
    if (!isOurs || !severity) return []
    const at = Date.parse(time)
    const login = by?.login ?? 'a deleted account'
    const take = (history: Building) => {
      if (!write) return `${code(label)} does not count: ${noAccess(login)}`
      if (isRaise(history, severity)) return set(history, { at, severity, by: login })
      return severity === history.current ? undefined : lowering(label, history.current, severity)
    }
    return [{ at, order: 1, key: `label/${id}`, take }]
  })
}

function commandSteps({ comments }: IncidentFacts): Step[] {
  return comments.flatMap(({ id, by, since, write, commands }) =>
    commands.flatMap((command, index): Step[] => {
      if (command.name !== 'severity' && command.name !== 'confirm') return []
      const at = Date.parse(since)
      const person = by?.type === 'User' ? by : undefined
      const take = (history: Building) => {
        if (!write || !person)
          return `${code(`/${command.name}`)} does not count: ${noAccess(person?.login ?? 'a bot')}`
        if (command.name === 'confirm') return confirm(history, at, person)
        return propose(history, { at, by: person, text: command.severity, reason: command.reason })
      }
      // In one second, comments count in their own order.
      return [{ at, order: 2, key: `comment/${id}/${index}`, take }]
    }),
  )
}

type Account = { id: number; login: string }
type Proposing = { at: number; by: Account; text: string; reason: string }

function propose(history: Building, { at, by, text, reason }: Proposing): string | undefined {
  const severity = severityIn(text)
  if (!severity) return `${code(text)} is not a severity. Use ${severities.join(', ')}.`
  if (isRaise(history, severity)) return set(history, { at, severity, by: by.login })
  if (severity === history.current) return undefined
  if (reason === '') return `Lowering the severity needs a reason: ${code(`/severity ${severity} <reason>`)}.`
  history.proposal = { at, severity, by: by.login, reason, id: by.id }
  return `${code(by.login)} proposes ${severity}: ${code(reason, 300)}. ${history.current} stays in effect until someone else with write access comments ${code('/confirm')}.`
}

/** Another account: a login can change hands, and a person can change theirs. */
function confirm(history: Building, at: number, by: Account): string | undefined {
  const { proposal } = history
  if (!proposal) return 'There is no proposed severity to confirm.'
  if (proposal.id === by.id)
    return `${code(by.login)} proposed ${proposal.severity}, so someone else has to confirm it.`
  const { severity, reason } = proposal
  return set(history, { at, severity, by: proposal.by, confirmedBy: by.login, reason })
}

/** What is wrong with the labels that are on now. */
function labelNotes({ labels, events }: IncidentFacts, current: Severity, missing: boolean): Note[] {
  const ours = labels.filter((label) => label.toLowerCase().startsWith(severityPrefix))
  const unreadable = ours.filter((label) => !severityIn(label.slice(severityPrefix.length)))
  const set = ours.flatMap((label) => severityIn(label.slice(severityPrefix.length)) ?? [])
  const known = events.filter(({ label }) => label?.toLowerCase().startsWith(severityPrefix))
  // The bot corrects the labels after each comment. What people do to them may be listed late, and needs no other comment.
  const corrected = Math.max(0, ...known.filter(({ by }) => by?.type === 'Bot').map(({ id }) => id))
  const counts = `the severity is ${current}.`
  return [
    ...(missing
      ? [
          {
            key: 'missing',
            text: `No severity is set, so ${counts} To lower it, comment ${code('/severity P1 <reason>')}; it takes effect once someone else with write access comments ${code('/confirm')}.`,
          },
        ]
      : []),
    ...unreadable.map((label) => ({
      key: `unreadable/${beginningOf(label, 50)}`,
      text: `${code(label)} is not a severity, so ${counts} Use ${severities.map((one) => code(severityPrefix + one)).join(', ')}.`,
    })),
    ...(set.length > 1
      ? [
          {
            key: `doubled/${set.toSorted().join(',')}/${corrected}`,
            text: `More than one severity is set. The higher one counts: ${current}.`,
          },
        ]
      : []),
    ...(!missing && set.length === 0 && known.length > 0
      ? [
          {
            key: `removed/${corrected}`,
            text: `The severity label was removed. The severity is ${current}.`,
          },
        ]
      : []),
  ]
}

function lowering(label: string, current: Severity | undefined, severity: Severity): string {
  return `${code(label)} is lower than ${current}, which is still in effect. To lower it, comment ${code(`/severity ${severity} <reason>`)}; it takes effect once someone else with write access comments ${code('/confirm')}.`
}

export function noAccess(login: string): string {
  return `${code(login)} has no write access here.`
}
