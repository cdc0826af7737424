import { isDeepStrictEqual } from 'node:util'
import type { Step } from '../decision/gate.ts'
import { covers } from '../decision/policy.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Verdict } from '../decision/verdict.ts'
import { policyPath } from '../policy/policy-file.ts'
import { policyFor } from '../policy/policy-source.ts'
import type { GitHub } from '../services/github/client.ts'
import type { OpenPull } from '../services/github/open-pulls.ts'
import type { Seen } from '../services/github/pulls.ts'
import { requestReviews } from '../services/github/review-requests.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import { changeToCheck } from '../services/metrics.ts'
import { performRegressionStep, recordReleaseBaseline } from '../staging/requests.ts'
import { enqueueWindowTime } from '../staging/windows.ts'
import { factStore } from '../store/facts.ts'
import { activeFreezes, frozenFact, lockFreezes } from '../store/freezes.ts'
import { PRIORITY } from '../store/queue/queues.ts'
import { retryAfter } from '../store/retry-later.ts'
import { causesBefore } from '../store/verdicts/causes.ts'
import { markChangeEvaluated } from '../store/verdicts/changes.ts'
import { forgetPending, keepPending, pendingOn } from '../store/verdicts/pending.ts'
import { verificationOf } from '../store/verdicts/unverified.ts'
import { latestVerdict, nextGeneration, type StoredVerdict, saveVerdict } from '../store/verdicts.ts'
import { noteWrite } from '../store/write-budget.ts'
import { enqueueTimes } from './calendar/transitions.ts'
import type { Publishing } from './check-writer.ts'
import { requestMonitors } from './health-fact.ts'
import { enqueueDayTime, enqueueNotices } from './notices-of-verdict.ts'
import { addStoredFacts } from './own-facts.ts'
import { type Outcome, publishHead } from './publish.ts'
import { appendDecided, appendPublished } from './records.ts'
import type { Shell } from './shell.ts'
import { evaluateSnapshot, type PresentPolicy, toStoredVerdict, wantedFacts } from './snapshot-verdict.ts'
import { revokeUnverified } from './unverified.ts'
import { logVerdict } from './verdict-log.ts'

/**
 * The path: read the facts, decide purely, record, then act. Idempotent: running it twice on the same facts writes only once.
 * Any throw leaves the check unchanged or not green, and the queue runs the job again from the start. A reached rate limit is
 * thrown as `retryAfter` with the time that GitHub names.
 */
export async function evaluate(
  shell: Shell,
  pull: PullRef,
  signal = new AbortController().signal,
): Promise<void> {
  const began = performance.now()
  const changedFor = (await verificationOf(shell.database, pull))?.changedFor
  const generation = await nextGeneration(shell.database)
  const github = await shell.github(pull.installationId)
  const applicable = await policyFor(shell, github, pull)
  if (applicable.kind === 'none') {
    return forget(shell, pull, generation, `${policyPath} is missing on the default branch`, signal)
  }
  const facts = await readSnapshot(
    github,
    pull,
    wantedFacts(applicable),
    factStore(shell.database, shell.now),
    shell.now,
  )
  if (!facts) return forget(shell, pull, generation, 'GitHub does not find this pull request', signal)
  const sameHead = coveredOf(facts.sameHead, applicable, facts.snapshot)
  const snapshot = await addStoredFacts({ ...shell, github }, facts.snapshot, applicable)
  const before = await latestVerdict(shell.database, pull)
  if (snapshot.state === 'merged' && before && before.snapshot.state !== 'merged')
    await shell.queue.enqueueMerging({ task: 'merged', pull })
  const verdict = evaluateSnapshot(snapshot, applicable)
  const stored = toStoredVerdict(verdict, snapshot, applicable, generation)
  if (!stored.counts && !before) return forgetPending(shell.database, pull)
  signal.throwIfAborted()
  const changed = before?.digest !== stored.digest
  const deliveries = changed ? await causesBefore(shell.database, pull, generation) : []
  if (!(await record(shell, { stored, verdict, before, sameHead, seen: facts.seen }))) return
  if (changed) logChange(shell, before, stored, { deliveries, began, changedFor })
  // If the process dies before the old head's check is revoked, the calendar revokes it.
  if (before && before.headSha !== stored.headSha) await shell.queue.enqueueTransition(shell.now())
  const { database, now, board } = shell
  const { toRead, monitors } = await publish({ database, github, now, signal, board }, stored, before)
  if (changedFor !== undefined) changeToCheck.observe((changedFor + performance.now() - began) / 1000)
  await enqueueTimes(shell.queue, stored)
  await enqueueWindowTime(shell.queue, stored, shell.now())
  await enqueueDayTime(shell.queue, stored, shell.now())
  await recordReleaseBaseline(shell, stored, shell.now())
  const steps = stored.counts ? verdict.next : []
  await fulfil(shell, github, stored, { steps, changed })
  await requestMonitors(shell.queue, monitors)
  for (const other of toRead) await shell.queue.enqueueEvaluate(other, { priority: PRIORITY.sameHead })
  for (const { number } of await pendingOn(shell.database, pull, stored.headSha))
    await shell.queue.enqueueEvaluate({ ...pull, number })
}

function logChange(
  { log, now }: Pick<Shell, 'log' | 'now'>,
  before: StoredVerdict | undefined,
  stored: StoredVerdict,
  about: { deliveries: string[]; began: number; changedFor: number | undefined },
): void {
  const { deliveries, began, changedFor } = about
  const ms = Math.round(performance.now() - began)
  logVerdict(log, before, stored, {
    deliveries,
    by: before?.nextAt && before.nextAt <= now() ? 'calendar' : undefined,
    ms,
    after: changedFor === undefined ? undefined : Math.round(changedFor + ms),
  })
}

/**
 * Nothing can be decided about this pull request: it is gone, or no policy covers it. If one did before, a green check is
 * revoked, since a missing file may also be an unreadable one. But an event or a job may only be older than the last rename of its
 * repository: then it is evaluated under the name that was read since.
 */
async function forget(
  shell: Shell,
  pull: PullRef,
  generation: number,
  problem: string,
  signal: AbortSignal,
): Promise<void> {
  const { database, log } = shell
  const known = (await latestVerdict(database, pull))?.pull
  if (known && nameOf(known) !== nameOf(pull)) {
    return evaluate(shell, { ...pull, owner: known.owner, repo: known.repo }, signal)
  }
  log.info({ pull: nameOf(pull), problem }, 'No check')
  await forgetPending(database, pull)
  const stored = await verificationOf(database, pull)
  if (!stored) return
  if (stored.open) await revokeUnverified(shell, pull, stored, { problem }, signal)
  await markChangeEvaluated(database, pull, generation)
}

/** Of the open pull requests with the same head those that the policy covers: no others count or are evaluated. */
function coveredOf(
  pulls: OpenPull[],
  applicable: PresentPolicy,
  { base: { defaultBranch } }: Snapshot,
): number[] {
  const isCovered = (base: string) =>
    applicable.kind === 'policy' ? covers(applicable.policy, base, defaultBranch) : base === defaultBranch
  return pulls.filter(({ base }) => isCovered(base)).map(({ number }) => number)
}

/**
 * Revokes the check of the head that the pull request has left, and then writes the check of its new head.
 * @returns the pull requests and the monitors that must be read again before it may turn green.
 */
async function publish(
  publishing: Publishing,
  { pull, headSha, snapshot, policy }: StoredVerdict,
  before: StoredVerdict | undefined,
): Promise<Pick<Outcome, 'toRead' | 'monitors'>> {
  const { ref, defaultBranch } = snapshot.base
  const onlyBase = ref === defaultBranch && policy?.branches.every((branch) => branch === ref) === true
  const toRead: PullRef[] = []
  const monitors: number[] = []
  for (const sha of new Set([before?.headSha ?? headSha, headSha])) {
    const current = sha === headSha
    const head = { ...pull, sha }
    const outcome = await publishHead(publishing, head, {
      force: pull.requestedBy !== undefined && current,
      settled: current && snapshot.head.landed === true && onlyBase,
    })
    if (outcome.written) await appendPublished(publishing.database, head, outcome.written, publishing.now())
    toRead.push(...outcome.toRead)
    monitors.push(...outcome.monitors)
  }
  return { toRead, monitors }
}

function nameOf(pull: PullRef): string {
  return `${pull.owner}/${pull.repo}#${pull.number}`
}

/** What the gates need of incidents and of production, where it was never read; and links to incidents. */
async function enqueueIncidentWork(shell: Shell, stored: StoredVerdict, changed: boolean): Promise<void> {
  await readIncidents(shell, stored)
  await readUnknownMonitors(shell, stored)
  if (changed && stored.counts && namesIncidents(stored))
    await shell.queue.enqueueIncident({ task: 'link', pull: refOf(stored.pull) })
}

/** Monitors are read every minute. One that was not, or never, is read now: what it says may be another verdict. */
async function readUnknownMonitors(
  { queue, now }: Shell,
  { policy, snapshot }: StoredVerdict,
): Promise<void> {
  if (!snapshot.health) return
  const ids = policy?.gates.production_health?.monitors.map(({ id }) => id) ?? []
  const fresh = snapshot.health.monitors.filter(
    ({ readAt }) => readAt !== null && now().getTime() - Date.parse(readAt) <= 60_000,
  )
  if (ids.some((id) => !fresh.some((one) => one.id === id))) await queue.enqueueIncident({ task: 'monitors' })
}

/** The gate waits until the incidents were read, so they are read at once where they never were, or too long ago. */
async function readIncidents(
  { queue, now }: Shell,
  { pull, snapshot, policy }: StoredVerdict,
): Promise<void> {
  if (!snapshot.incidents || !policy?.incidents) return
  const { readAt } = snapshot.incidents
  if (readAt !== null && now().getTime() - Date.parse(readAt) < 2 * 3_600_000) return
  const [owner = '', repo = ''] = policy.incidents.repository.split('/')
  await queue.enqueueIncident({ task: 'read all', installationId: pull.installationId, owner, repo })
}

/** An urgent pull request in a repository with incidents may name one. */
function namesIncidents({ policy, snapshot }: StoredVerdict): boolean {
  const label = policy?.gates.release_window?.urgent.label ?? 'urgent'
  return (
    policy?.incidents !== undefined &&
    snapshot.labels.some(({ name }) => name.toLowerCase() === label.toLowerCase())
  )
}

function refOf({ requestedBy: _, ...pull }: PullRef): PullRef {
  return pull
}

type Evaluated = {
  stored: StoredVerdict
  verdict: Verdict
  before: StoredVerdict | undefined
  sameHead: number[]
  seen: Seen
}

/**
 * Stores the verdict and, if it is new, appends it to the records, both or neither. No green check is published before its
 * record. False: a newer evaluation has overtaken this one.
 * @throws `retryAfter` where a freeze was ordered or ended since the facts were read.
 */
function record(shell: Shell, { stored, verdict, before, sameHead, seen }: Evaluated): Promise<boolean> {
  const { pull, headSha, counts, snapshot } = stored
  return shell.database.transaction(async (tx) => {
    await lockFreezes(tx, 'verdict')
    const { frozen } = frozenFact(await activeFreezes(tx, shell.now()), pull)
    if (!isDeepStrictEqual(frozen, snapshot.frozen))
      throw retryAfter(shell.now(), 'a freeze began or ended while the facts were read')
    if (!(await saveVerdict(tx, stored, seen))) return false
    await forgetPending(tx, pull)
    if (counts) await keepPending(tx, pull, headSha, sameHead)
    if (before?.digest !== stored.digest) {
      await appendDecided(tx, stored, verdict)
      await enqueueNotices(tx, shell, before, stored)
    }
    return true
  })
}

/** A push that GitHub does not list yet is read again after this time, and then every hour like everything else. */
const untilListed = 60_000

/**
 * Carries out the verdict's actions. Actions that people notice happen only if the verdict has changed, so that a withdrawn
 * review request is not repeated.
 */
async function fulfil(
  shell: Shell,
  github: GitHub,
  stored: StoredVerdict,
  { steps, changed }: { steps: Step[]; changed: boolean },
): Promise<void> {
  const { pull, snapshot, counts } = stored
  for (const step of steps) {
    await performRegressionStep(shell, github, stored, step)
    if (step.kind === 'request-reviews' && changed) {
      const outcome = await requestReviews(github, pull, step)
      if ('asked' in outcome && outcome.asked.logins.length + outcome.asked.teams.length > 0)
        await noteWrite(shell.database, pull.installationId, shell.now())
      if ('refused' in outcome)
        shell.log.warn({ pull: nameOf(pull), ...outcome }, 'Reviews were not requested')
    }
  }
  await enqueueIncidentWork(shell, stored, changed)
  if (changed && counts && snapshot.unattributed.some(({ field }) => field === 'pusher')) {
    await shell.queue.enqueueRecheck(pull, new Date(shell.now().getTime() + untilListed))
  }
}
