import type { Span } from '../calendar/open-spans.ts'
import { day } from '../calendar/wall-clock.ts'
import { type Allowance, deadlineOf, type Place } from './business-time.ts'

/** Most severe first. */
export const severities = ['P0', 'P1', 'P2', 'P3'] as const
export type Severity = (typeof severities)[number]

export type ClockName = 'response' | 'resolution'

/** How long each clock of a severity may run. Undefined: that clock has no deadline. */
export type Targets = Record<Severity, { [name in ClockName]: Allowance | undefined }>

const minute = 60_000
const hour = 60 * minute
const elapsed = (length: number): Allowance => ({ kind: 'elapsed', length })
const businessDays = (count: number): Allowance => ({ kind: 'business', length: count * day })

export const defaultTargets: Targets = {
  P0: { response: elapsed(15 * minute), resolution: elapsed(4 * hour) },
  P1: { response: elapsed(hour), resolution: businessDays(1) },
  P2: {
    response: { kind: 'service', length: 4 * hour, opens: 9 * hour, closes: 21 * hour },
    resolution: businessDays(3),
  },
  P3: { response: businessDays(1), resolution: undefined },
}

/** What the clocks of an incident depend on. All times are milliseconds since 1970. */
export type IncidentTimes = {
  /** When the facts were read: what has no end yet ends here. */
  takenAt: number
  /** The earliest fact: the ticket was received or the alert fired, not when it was triaged. */
  startedAt: number
  /** In order. The first one counts from the start. */
  severities: { at: number; severity: Severity }[]
  /** The first response of a person who did not report the incident. */
  respondedAt?: number | undefined
  /** When it was resolved and reopened, in order. `to` undefined: resolved now. */
  resolved: { from: number; to?: number | undefined }[]
  /** When it waited for the customer. They may overlap. `to` undefined: it waits now. */
  waiting: { from: number; to?: number | undefined }[]
}

export type IncidentClock = {
  name: ClockName
  startedAt: number
  /** Undefined: no deadline. While `paused`, the earliest that it can be. */
  due: number | undefined
  paused: boolean
  metAt: number | undefined
  /** Deadlines that passed unmet, under the severity of that time. A later change of severity does not remove them. */
  breaches: { at: number; severity: Severity }[]
}

/**
 * The two clocks of an incident. A deadline is met at its very instant. Only business and service time pause while the
 * incident waits for the customer; no clock runs while it is resolved: each keeps the deadline that it had then.
 *
 * Raising the severity moves a deadline to the earlier of itself and the new target from then; where that is elapsed time, neither pauses
 * from then on. Lowering it gives the new target from the start.
 *
 * @throws RangeError for an incident without a severity, or where a target is not used up within ten years.
 */
export function evaluateClocks(times: IncidentTimes, targets: Targets, place: Place): IncidentClock[] {
  const met = { response: times.respondedAt, resolution: resolvedNow(times) }
  return (['response', 'resolution'] as const).map((name) => clockOf(name, met[name], times, targets, place))
}

function resolvedNow({ resolved }: IncidentTimes): number | undefined {
  const last = resolved.at(-1)
  return last && last.to === undefined ? last.from : undefined
}

function clockOf(
  name: ClockName,
  metAt: number | undefined,
  times: IncidentTimes,
  targets: Targets,
  place: Place,
): IncidentClock {
  const { startedAt, takenAt } = times
  const stoppedAt = Math.min(metAt ?? takenAt, resolvedNow(times) ?? takenAt)
  const [first, ...changes] = times.severities
  if (!first) throw new RangeError('An incident has at least one severity.')
  let severity = first.severity
  let counts: Count[] = [{ from: startedAt, target: targets[severity][name] }]
  const dueNow = () => Math.min(...counts.map((count) => dueOf(count, { ...times, stoppedAt }, place)))
  const breaches: IncidentClock['breaches'] = []
  const breachBefore = (at: number) => {
    const due = dueNow()
    if (due < at && breaches.at(-1)?.at !== due) breaches.push({ at: due, severity })
  }
  for (const change of changes.filter(({ at }) => at <= stoppedAt)) {
    breachBefore(change.at)
    const target = targets[change.severity][name]
    if (isMoreSevere(change.severity, severity)) counts = raised(counts, { from: change.at, target })
    else if (change.severity !== severity) counts = [{ from: startedAt, target }]
    severity = change.severity
  }
  breachBefore(stoppedAt)
  const due = dueNow()
  const pausable = targets[severity][name]?.kind !== 'elapsed'
  const paused = metAt === undefined && pausable && times.waiting.some(({ to }) => to === undefined)
  return { name, startedAt, due: Number.isFinite(due) ? due : undefined, paused, metAt, breaches }
}

export function isMoreSevere(one: Severity, other: Severity): boolean {
  return severities.indexOf(one) < severities.indexOf(other)
}

/** A target that counts from a time on. `pausesUntil`: no pause counts from then on. */
type Count = { from: number; target: Allowance | undefined; pausesUntil?: number }

/** A deadline that elapsed time may have brought forward no longer pauses either. */
function raised(counts: Count[], next: Count): Count[] {
  const { from, target } = next
  if (target?.kind !== 'elapsed') return [...counts, next]
  return [...counts.map((count) => ({ ...count, pausesUntil: count.pausesUntil ?? from })), next]
}

/** Infinity where there is no deadline. What happened after the clock stopped moves none. */
function dueOf(
  { from: start, target, pausesUntil = Number.POSITIVE_INFINITY }: Count,
  { resolved, waiting, stoppedAt }: IncidentTimes & { stoppedAt: number },
  place: Place,
): number {
  if (!target) return Number.POSITIVE_INFINITY
  const until = (spans: IncidentTimes['waiting'], end: number): Span[] =>
    spans.filter(({ from }) => from < end).map(({ from, to = end }) => ({ from, to: Math.min(to, end) }))
  const pauses = target.kind === 'elapsed' ? [] : until(waiting, Math.min(stoppedAt, pausesUntil))
  return deadlineOf(start, target, place, [...until(resolved, stoppedAt), ...pauses])
}

/** When the post-mortem of an incident is due: 72 hours after `from`, on any days. Both are milliseconds since 1970. */
export function postMortemDue(from: number): number {
  return from + 72 * hour
}
