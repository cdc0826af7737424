import { type Allowance, type Place, partWay } from '../clocks/business-time.ts'
import { isMoreSevere, type Severity } from '../clocks/clocks.ts'
import type { EscalationSettings, PageTarget } from './escalation-settings.ts'
import type { Incident } from './incident.ts'

/**
 * A step of the escalation. `key` is another one after a reopening, under another severity, and each time that it is raised to one. What
 * becomes known later may change it: see `outcomesByKey`.
 */
export type EscalationStep = {
  key: string
  at: number
  page: PageTarget[]
  /** Since when its severity counts: see `countsSince`. */
  since: number
}

/** What became of a step, and when: taken, or why it was not possible. */
export type StepOutcome = { outcome: 'taken' | 'impossible'; why?: string | undefined; at?: Date }

/** In what kind of time the first response is due, and when the facts were read: a wait that has no end yet ends then. */
export type ResponseTime = { allowance: Allowance | undefined; place: Place; takenAt: number }

/**
 * The steps of an incident now, in their order. Resolving it or lowering its severity cancels what is still to come, and so does
 * a response, but for the first page of an opening, a raise or a reopening: whoever is on call learns of it in any case.
 */
export function escalationSteps(
  incident: Incident,
  settings: EscalationSettings,
  time?: ResponseTime,
): EscalationStep[] {
  const [response] = incident.clocks
  if (incident.state === 'resolved' || !response) return []
  const from = countsSince(incident)
  const episode = `${incident.reopened}/${incident.severity}${repetition(incident)}`
  const isFirstPaged = !wasLoweredLast(incident)
  const due = response.due ?? Number.POSITIVE_INFINITY
  return oneForEachTime(settings[incident.severity]).flatMap(({ after, page }) => {
    // At the very due instant the response is still in time.
    const at = after === 100 ? Math.max(from, due) + 1 : partOf({ from, due }, after / 100, incident, time)
    const isFirst = after === 0 && isFirstPaged
    const isAnswered = response.metAt !== undefined && response.metAt <= at
    if ((isAnswered && !isFirst) || !Number.isFinite(at)) return []
    return [{ key: `${episode}/${after}`, at, page, since: from }]
  })
}

/** In their order. A step is known by its time, so two of the same time are one that pages everyone. */
function oneForEachTime(steps: EscalationSettings[Severity]): EscalationSettings[Severity] {
  return [...Map.groupBy(steps, ({ after }) => after)]
    .map(([after, same]) => ({ after, page: [...new Set(same.flatMap(({ page }) => page))] }))
    .toSorted((a, b) => a.after - b.after)
}

/** When a part of the time for the response has passed: of service hours and business days, only these count. */
function partOf(
  { from, due }: { from: number; due: number },
  part: number,
  { waiting = [] }: Incident,
  time: ResponseTime | undefined,
): number {
  if (part === 0) return from
  const { allowance, place, takenAt } = time ?? {}
  if (!allowance || !place || takenAt === undefined || !Number.isFinite(due))
    return from + Math.max(0, due - from) * part
  const excluded = waiting.map((wait) => ({ from: wait.from, to: wait.to ?? takenAt }))
  return partWay({ from, to: due }, part, { allowance, place, excluded })
}

/** Since when the severity counts: the start, the change to it or the reopening, whichever is the last. */
export function countsSince({ startedAt, severities, severity, reopenedAt = 0 }: Incident): number {
  const change = severities.findLast((one) => one.severity === severity)
  return Math.max(startedAt, change?.at ?? 0, reopenedAt)
}

/** Nothing where the severity counts for the first time since the incident was opened or reopened, otherwise the time of its change. */
function repetition({ severities, severity, reopenedAt = 0 }: Incident): string {
  const index = severities.findLastIndex((change) => change.severity === severity)
  const counted = severities
    .slice(0, Math.max(0, index))
    .some((change, before) => change.severity === severity && (severities[before + 1]?.at ?? 0) > reopenedAt)
  const change = severities[index]
  return counted && change ? `-${new Date(change.at).toISOString()}` : ''
}

/** Whoever lowered it has seen it, so nobody is paged for that. */
function wasLoweredLast({ severities, reopenedAt = 0 }: Incident): boolean {
  const [before, last] = severities.slice(-2)
  return (
    before !== undefined &&
    last !== undefined &&
    isMoreSevere(before.severity, last.severity) &&
    last.at >= reopenedAt
  )
}

/**
 * The outcomes by the keys of now. What becomes known later can change a key, and earlier versions had others: a step that was taken
 * since its severity counts is not taken again, whatever its key was. One before that was of an earlier time: whoever was paged then is
 * paged again.
 */
export function outcomesByKey(
  steps: EscalationStep[],
  outcomes: Readonly<Record<string, StepOutcome>>,
): Record<string, StepOutcome> {
  const known = steps.flatMap(({ key, since }) => {
    const same = Object.entries(outcomes).find(
      ([other, { at }]) => kindOf(other) === kindOf(key) && at && at.getTime() >= since,
    )
    return same ? [[key, same[1]] as const] : []
  })
  return { ...Object.fromEntries(known), ...outcomes }
}

/** The severity and the part of the time of a step, which are the same in the keys of all versions. */
function kindOf(key: string): string {
  const [, severity = '', after] = key.split('/')
  return `${severity.slice(0, 2)}/${after}`
}

/** The steps to take now: those whose time has come, and the one after a step that was not possible. */
export function stepsToTake(
  steps: EscalationStep[],
  outcomes: Readonly<Record<string, StepOutcome>>,
  now: number,
): EscalationStep[] {
  return steps.filter(({ key, at }, index) => {
    const before = steps[index - 1]
    const isSkipped = before !== undefined && outcomes[before.key]?.outcome === 'impossible'
    return outcomes[key] === undefined && (at <= now || isSkipped)
  })
}

/** When the next step is due that is not taken yet. */
export function nextStepAt(
  steps: EscalationStep[],
  outcomes: Readonly<Record<string, StepOutcome>>,
): number | undefined {
  const left = steps.filter(({ key }) => outcomes[key] === undefined)
  return left.length > 0 ? Math.min(...left.map(({ at }) => at)) : undefined
}

/** PagerDuty's own words for how severe an alert is. */
export const pagerDutySeverity = {
  P0: 'critical',
  P1: 'error',
  P2: 'warning',
  P3: 'info',
} as const satisfies Record<Severity, string>
