import {
  type EscalationStep,
  escalationSteps,
  nextStepAt,
  outcomesByKey,
  type StepOutcome,
  stepsToTake,
} from '../decision/incidents/escalation.ts'
import { jiraIssue } from '../decision/incidents/mirror.ts'
import { newPages, pageNow, stepOfPage, type WantedPage } from '../decision/incidents/pagerduty-page.ts'
import { placeOf, targetsOf } from '../decision/incidents/settings.ts'
import { list } from '../decision/markdown.ts'
import { appendRecord } from '../store/audit.ts'
import type { Transaction } from '../store/database.ts'
import type { StoredIncident } from '../store/incidents.ts'
import { mirrorRows, saveDesiredState, saveStep, stepOutcomes } from '../store/mirrors.ts'
import { incidentNotice } from './incident-notice.ts'
import type { IncidentShell } from './shell.ts'

/**
 * Takes the steps of the escalation that are due and stores what every mirror should say, in the transaction of the decision: a
 * crash loses neither. The systems are asked by jobs of their own, so that one that is down delays no other.
 * @returns when the next step is due.
 */
export async function escalate(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
): Promise<number | undefined> {
  const { incident, settings, facts } = stored
  const now = Date.parse(facts.takenAt)
  const allowance = targetsOf(settings)[incident.severity].response
  const time = { allowance, place: placeOf(settings), takenAt: now }
  const steps = escalationSteps(incident, settings.escalation, time)
  const outcomes = outcomesByKey(steps, await stepOutcomes(tx, stored))
  for (let [step] = stepsToTake(steps, outcomes, now); step; [step] = stepsToTake(steps, outcomes, now))
    outcomes[step.key] = await take(shell, tx, stored, step)
  await wantMirrors(shell, tx, stored, outcomes)
  return nextStepAt(steps, outcomes)
}

const names = { on_call: 'on call', lead: 'the operations lead' } as const

/** A page to someone for whom the operator has set no key is not possible. It is recorded, and the next step is taken at once. */
async function take(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  step: EscalationStep,
): Promise<StepOutcome> {
  const reachable = step.page.filter((target) => shell.paging.keys[target] !== undefined)
  const missing = step.page.filter((target) => !reachable.includes(target)).map((target) => names[target])
  const why = missing.length > 0 ? `no routing key is set for ${list(missing)}` : undefined
  const outcome: StepOutcome = {
    outcome: reachable.length > 0 ? 'taken' : 'impossible',
    why,
    at: shell.now(),
  }
  // A step that is taken early, since the one before was not possible, is answered from now on.
  const at = Math.min(step.at, Date.parse(stored.facts.takenAt))
  for (const page of newPages(stored, { ...step, at, page: reachable }))
    await saveDesiredState(tx, stored, page)
  await recordEscalationStep(shell, tx, stored, step.key, outcome, [
    ...(reachable.length > 0 ? [`Paged: ${list(reachable.map((target) => names[target]))}`] : []),
    ...(why === undefined ? [] : [`Not everyone could be paged: ${why}`]),
  ])
  return outcome
}

/** Keeps what became of a step, with its record and its notice. */
export async function recordEscalationStep(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  step: string,
  outcome: StepOutcome,
  lines: string[],
): Promise<void> {
  const { repository, number } = stored
  if (!(await saveStep(tx, stored, step, outcome, shell.now()))) return
  const { installationId, repositoryId, owner, repo } = repository
  const body = {
    repository: { id: repositoryId, owner, name: repo },
    incident: number,
    step,
    outcome: outcome.outcome,
    why: outcome.why ?? null,
    text: lines.join('. '),
  }
  await appendRecord(tx, { installationId, kind: 'incident step', at: shell.now(), body })
  const key = `incident/${repositoryId}/${number}/step/${step}/${outcome.outcome}`
  await shell.queue.enqueueNotice(incidentNotice(stored, { key, lines, late: false }), { tx })
}

/** Stores what each system should say now, and enqueues the jobs of those that say something else. */
async function wantMirrors(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  outcomes: Readonly<Record<string, StepOutcome>>,
): Promise<void> {
  const { repository, number, settings } = stored
  for (const { key, wanted, done, triedAt, refused } of await mirrorRows(tx, stored, 'pagerduty')) {
    const pagedAt = outcomes[stepOfPage(key)]?.at?.getTime()
    const sending = { isAsked: (done ?? triedAt ?? refused) !== null, isTaken: done !== null, pagedAt }
    const page = pageNow(stored, key, wanted as WantedPage, sending)
    await saveDesiredState(tx, stored, { mirror: 'pagerduty', key, wanted: page })
  }
  if (settings.jira && shell.jira)
    await saveDesiredState(tx, stored, jiraIssue(stored, settings.jira, settings.time_zone))
  const pending = new Set(
    (await mirrorRows(tx, stored)).filter((row) => row.pending).map((row) => row.mirror),
  )
  for (const mirror of pending)
    await shell.queue.enqueueIncident({ task: 'mirror', repository, number, mirror }, { tx })
}
