import type { Severity } from '../clocks/clocks.ts'
import type { EscalationSettings, PageTarget } from './escalation-settings.ts'
import type { Incident } from './incident.ts'

/** A step of the escalation. `key` is another one after a reopening or under another severity. */
export type EscalationStep = { key: string; at: number; page: PageTarget[] }

/** What became of a step: taken, or why it was not possible. */
export type StepOutcome = { outcome: 'taken' | 'impossible'; why?: string | undefined }

/**
 * The steps of an incident now, in their order. Resolving it or lowering its severity cancels what is still to come, and so does
 * a response, but for the first page: whoever is on call learns of it in any case.
 */
export function escalationSteps(incident: Incident, settings: EscalationSettings): EscalationStep[] {
  const [response] = incident.clocks
  if (incident.state === 'resolved' || !response) return []
  const { severity, reopened } = incident
  const from = Math.max(
    incident.startedAt,
    incident.severities.findLast((change) => change.severity === severity)?.at ?? 0,
    incident.reopenedAt ?? 0,
  )
  const due = response.due ?? Number.POSITIVE_INFINITY
  return settings[severity]
    .toSorted((a, b) => a.after - b.after)
    .map(({ after, page }) => ({
      key: `${reopened}/${severity}/${after}`,
      // At the very due instant the response is still in time.
      at: after === 0 ? from : from + Math.max(0, due - from) * (after / 100) + (after === 100 ? 1 : 0),
      page: [...page],
    }))
    .filter(({ at }, index) => index === 0 || response.metAt === undefined || response.metAt > at)
    .filter(({ at }) => Number.isFinite(at))
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
