import type { Logger } from 'pino'
import { checkReport } from '../../decision/report.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { decide, type Verdict } from '../../decision/verdict.ts'
import type { Database } from '../../store/database.ts'
import { activeFreezes, type Freeze, frozenFact } from '../../store/freezes.ts'
import { isAnyUnread } from '../../store/inbox.ts'
import { PRIORITY } from '../../store/queue/queues.ts'
import type { Queue } from '../../store/queue.ts'
import {
  type DueVerdict,
  dueVerdicts,
  saveReevaluated,
  saveTimes,
  type Times,
} from '../../store/verdicts/due.ts'
import { revocationTimeOf } from '../../store/write-budget.ts'
import { digestOf } from '../check-writer.ts'
import { type KeptFacts, keptFactsOf } from '../kept-facts.ts'
import { reasonNotToTurnGreen } from '../may-turn-green.ts'
import { appendDecided } from '../records.ts'
import { logVerdict } from '../verdict-log.ts'
import { scheduleOf } from './schedule.ts'

export type ReevaluationShell = {
  database: Database
  queue: Pick<Queue, 'enqueueEvaluate'>
  now: () => Date
  clockAhead?: () => number
  log: Pick<Logger, 'info'>
}

/** The outcome for a stored verdict under the current calendar. */
type Outcome =
  | { kind: 'read again'; before: DueVerdict }
  | { kind: 'changed'; before: DueVerdict; snapshot: Snapshot; verdict: Verdict; times: Times }
  | { kind: 'same'; before: DueVerdict; snapshot: Snapshot; verdict: Verdict }

/** How many changes are stored in one transaction, which locks the audit chain. */
const together = 25

/**
 * Evaluates again what the calendar may have changed, from stored facts and without reading, and stores the changes. Pull
 * requests that would turn green on stale facts are read again instead.
 * @returns the rest of the work, for which no check waits: when the others are next due.
 */
export async function evaluateDue(
  shell: ReevaluationShell,
  now: Date,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { database } = shell
  const due = await dueVerdicts(database, now)
  if (due.length === 0) return async () => undefined
  const context = await contextOf(shell, due, now)
  const keptFacts = keptFactsOf(database, now)
  const outcomes: Outcome[] = []
  for (const stored of due) outcomes.push(evaluateAgain(stored, context, await keptFacts(stored)))
  const changed = outcomes.filter((outcome) => outcome.kind === 'changed')
  for (let from = 0; from < changed.length; from += together) {
    signal.throwIfAborted()
    await keep(shell, changed.slice(from, from + together), now)
  }
  for (const { kind, before } of outcomes) {
    if (kind === 'read again')
      await shell.queue.enqueueEvaluate(before.pull, { priority: PRIORITY.atOpening })
  }
  return () => keepTimes(database, outcomes, now)
}

function keepTimes(database: Database, outcomes: Outcome[], now: Date): Promise<void> {
  const same = outcomes.filter((outcome) => outcome.kind === 'same')
  const times = same.map(({ before, snapshot, verdict }) => ({
    before,
    times: scheduleOf(verdict, snapshot, before.policy, now),
  }))
  return saveTimes(database, times.filter(hasOtherTime))
}

type Context = {
  now: Date
  clockAhead: number | undefined
  freezes: Freeze[]
  takeBack: Map<number, number>
  unread: boolean
}

async function contextOf(
  { database, clockAhead }: ReevaluationShell,
  due: DueVerdict[],
  now: Date,
): Promise<Context> {
  const takeBack = new Map<number, number>()
  for (const id of new Set(due.map(({ pull }) => pull.installationId))) {
    takeBack.set(id, await revocationTimeOf(database, id, now))
  }
  return {
    now,
    clockAhead: clockAhead?.(),
    freezes: await activeFreezes(database, now),
    takeBack,
    unread: await isAnyUnread(database),
  }
}

function evaluateAgain(
  before: DueVerdict,
  { now, clockAhead, freezes, takeBack, unread }: Context,
  kept: KeptFacts,
): Outcome {
  const { frozen: _, ...facts } = before.snapshot
  const snapshot = {
    ...facts,
    ...kept,
    takenAt: now.toISOString(),
    takeBack: takeBack.get(before.pull.installationId) ?? 0,
    ...frozenFact(freezes, before.pull),
  }
  const verdict = decide(snapshot, before.policy)
  const turnsGreen = verdict.state === 'passed' && before.state !== 'passed'
  const readAt = new Date(before.snapshot.takenAt)
  const basis = { readAt, clockAhead, changedSince: unread || !before.upToDate }
  if (turnsGreen && reasonNotToTurnGreen(basis, now)) return { kind: 'read again', before }
  const changed =
    verdict.state !== before.state ||
    (verdict.state === 'passed' && digestOfOutcome(before, snapshot, verdict) !== before.digest)
  if (!changed) return { kind: 'same', before, snapshot, verdict }
  return {
    kind: 'changed',
    before,
    snapshot,
    verdict,
    times: scheduleOf(verdict, snapshot, before.policy, now),
  }
}

function hasOtherTime({ before, times }: { before: DueVerdict; times: Times }): boolean {
  return before.nextAt?.getTime() !== times.nextAt?.getTime()
}

async function keep(
  { database, log }: ReevaluationShell,
  changes: (Outcome & { kind: 'changed' })[],
  now: Date,
): Promise<void> {
  const began = performance.now()
  const kept = await database.transaction(async (tx) => {
    const saved = []
    for (const { before, snapshot, verdict, times } of changes) {
      const next = {
        state: verdict.state,
        report: reportOf(before, snapshot, verdict),
        digest: digestOfOutcome(before, snapshot, verdict),
        decidedAt: now,
        ...times,
      }
      const { health, incidents } = snapshot
      const facts = { ...before.snapshot, ...(health && { health }), ...(incidents && { incidents }) }
      if (!(await saveReevaluated(tx, before, { ...next, snapshot: facts }))) continue
      saved.push({ before, after: { ...before, ...next }, snapshot, verdict })
    }
    // All verdicts before the chain, as an evaluation does: in another order the two would wait for each other.
    for (const { after, snapshot, verdict } of saved) await appendDecided(tx, { ...after, snapshot }, verdict)
    return saved
  })
  const ms = Math.round(performance.now() - began)
  for (const { before, after } of kept) logVerdict(log, before, after, { by: 'calendar', ms })
}

function reportOf({ source }: DueVerdict, snapshot: Snapshot, verdict: Verdict) {
  return checkReport(verdict, snapshot, [source.note])
}

function digestOfOutcome(before: DueVerdict, snapshot: Snapshot, verdict: Verdict): string {
  return digestOf([reportOf(before, snapshot, verdict), before.policy, snapshot.state])
}
