import pLimit from 'p-limit'
import { digestOf, type Publishing } from './check-writer.ts'
import type { Policy } from './decision/policy.ts'
import { checkReport } from './decision/report.ts'
import { decide, type Verdict } from './decision/verdict.ts'
import { publishHead } from './publish.ts'
import { appendDecided, appendPublished } from './records.ts'
import { type Head, headsToWrite } from './services/check-runs.ts'
import type { Database } from './services/database.ts'
import { activeFreezes, type Freeze, frozenFact } from './services/freezes.ts'
import type { GitHub } from './services/github/client.ts'
import type { Queue } from './services/queue.ts'
import { dueVerdicts, type StoredVerdict, saveRejudged, takeToPrepare } from './services/verdicts.ts'
import { takeBackTimeOf } from './write-budget.ts'

export type TransitionShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueTransition'>
  now: () => Date
}

/** Facts may turn a check green without being read again only for so long. */
export const freshFor = 10 * 60_000

/** When the calendar next changes a verdict, and when the facts are to be read again before it turns green. */
export function scheduleOf(
  verdict: Verdict,
  snapshot: StoredVerdict['snapshot'],
  policy: Policy | undefined,
  now: Date,
): Pick<StoredVerdict, 'nextAt' | 'prepareAt'> {
  const times = verdict.next.flatMap((step) => (step.kind === 'recheck' ? [Date.parse(step.at)] : []))
  if (times.length === 0 || !policy) return { nextAt: undefined, prepareAt: undefined }
  const nextAt = new Date(Math.min(...times))
  const prepareAt = new Date(nextAt.getTime() - freshFor)
  const turnsGreen =
    verdict.state !== 'passed' &&
    decide({ ...snapshot, takenAt: nextAt.toISOString() }, policy).state === 'passed'
  return { nextAt, prepareAt: turnsGreen && prepareAt > now ? prepareAt : undefined }
}

/**
 * Carries out what the calendar changes, at each opening, closing, expiry and freeze, and once at the start for what was
 * missed: candidates are read again in the ten minutes before an opening; at the time itself stored facts are judged
 * again without reading, and only the checks whose state changes are written, those that must not be green first.
 * It is run again for what GitHub's limits left over.
 */
export async function carryOut(shell: TransitionShell, signal: AbortSignal): Promise<void> {
  const now = shell.now()
  for (const pull of await takeToPrepare(shell.database, now)) await shell.queue.enqueueEvaluate(pull)
  const freezes = await activeFreezes(shell.database, now)
  const takeBack = new Map<number, number>()
  for (const stored of await dueVerdicts(shell.database, now)) {
    const { installationId } = stored.pull
    const time = takeBack.get(installationId) ?? (await takeBackTimeOf(shell.database, installationId))
    takeBack.set(installationId, time)
    signal.throwIfAborted()
    await judgeAgain(shell, stored, now, time, freezes)
  }
  await writeHeads(shell, signal)
}

async function judgeAgain(
  shell: TransitionShell,
  stored: StoredVerdict & { touchedAt: Date | undefined },
  now: Date,
  takeBack: number,
  freezes: Freeze[],
): Promise<void> {
  const { policy } = stored
  if (!policy) return
  const { frozen: _, ...facts } = stored.snapshot
  const snapshot = { ...facts, takenAt: now.toISOString(), takeBack, ...frozenFact(freezes, stored.pull) }
  const verdict = decide(snapshot, policy)
  if (verdict.state === 'passed' && stored.state !== 'passed' && !isFresh(stored, now)) {
    await shell.queue.enqueueEvaluate(stored.pull, { priority: 10 })
    return
  }
  if (verdict.state === stored.state && stored.nextAt && stored.nextAt > now) return
  const report = checkReport(verdict, snapshot, [stored.source.note])
  const next: StoredVerdict = {
    ...stored,
    state: verdict.state,
    report,
    digest: digestOf([report, policy, snapshot.state]),
    decidedAt: now,
    ...scheduleOf(verdict, snapshot, policy, now),
  }
  const kept = await shell.database.transaction(async (tx) => {
    if (!(await saveRejudged(tx, next))) return false
    if (verdict.state !== stored.state) await appendDecided(tx, { ...next, snapshot }, verdict)
    return true
  })
  if (kept) await enqueueTimes(shell.queue, next)
}

/** Read within ten minutes, and nothing heard of it since. */
function isFresh(
  { snapshot, touchedAt }: { snapshot: StoredVerdict['snapshot']; touchedAt: Date | undefined },
  now: Date,
): boolean {
  const readAt = Date.parse(snapshot.takenAt)
  return now.getTime() - readAt <= freshFor && (!touchedAt || touchedAt.getTime() < readAt)
}

/** Asks for the calendar to be carried out when a verdict is due, and when its facts are to be read again. */
export async function enqueueTimes(
  queue: Pick<Queue, 'enqueueTransition'>,
  { nextAt, prepareAt }: Pick<StoredVerdict, 'nextAt' | 'prepareAt'>,
): Promise<void> {
  if (nextAt) await queue.enqueueTransition(nextAt)
  if (prepareAt) await queue.enqueueTransition(prepareAt)
}

/** Writes every check that is not what the verdicts say; a reached limit is thrown, and the rest is written after it. */
async function writeHeads(shell: TransitionShell, signal: AbortSignal): Promise<void> {
  const heads = await headsToWrite(shell.database)
  const reds = heads.filter((head) => !head.turnsGreen)
  const greens = heads.filter((head) => head.turnsGreen)
  let held = false
  for (const part of [reds, greens]) {
    const limit = pLimit(8)
    const results = await Promise.allSettled(part.map((head) => limit(() => writeHead(shell, head, signal))))
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
    held ||=
      part === greens && results.some((result) => result.status === 'fulfilled' && result.value === 'held')
  }
  if (held) await shell.queue.enqueueTransition(new Date(shell.now().getTime() + 60_000))
}

async function writeHead(
  { database, github, now, queue }: TransitionShell,
  head: Head & { turnsGreen: boolean },
  signal: AbortSignal,
): Promise<'written' | 'held'> {
  const publishing: Publishing = { database, github: await github(head.installationId), now, signal }
  const published = await publishHead(publishing, head, { quiet: true })
  if (published) await appendPublished(database, head, published, now())
  if (published?.state === 'passed') await queue.enqueueTransition(now())
  return head.turnsGreen && published?.state !== 'passed' ? 'held' : 'written'
}
