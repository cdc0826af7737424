import { isDeepStrictEqual } from 'node:util'
import { covers } from '../decision/policy.ts'
import type { PullRef, Snapshot } from '../decision/snapshot.ts'
import type { Verdict } from '../decision/verdict.ts'
import { policyPath } from '../policy/policy-file.ts'
import { policyFor } from '../policy/policy-source.ts'
import type { GitHub } from '../services/github/client.ts'
import type { OpenPull } from '../services/github/open-pulls.ts'
import type { Seen } from '../services/github/pulls.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import { changeToCheck } from '../services/metrics.ts'
import { factStore } from '../store/facts.ts'
import { activeFreezes, frozenFact, lockFreezes } from '../store/freezes.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { causesBefore } from '../store/verdicts/causes.ts'
import { markChangeEvaluated } from '../store/verdicts/changes.ts'
import { forgetPending, keepPending } from '../store/verdicts/pending.ts'
import { verificationOf } from '../store/verdicts/unverified.ts'
import {
  latestVerdict,
  lockVerdict,
  nextGeneration,
  type StoredVerdict,
  saveVerdict,
} from '../store/verdicts.ts'
import type { Publishing } from './check-writer.ts'
import { enqueueNotices } from './notices-of-verdict.ts'
import { addStoredFacts } from './own-facts.ts'
import { type Outcome, publishHead } from './publish.ts'
import { appendDecided, appendPublished } from './records.ts'
import type { Shell } from './shell.ts'
import { evaluateSnapshot, type PresentPolicy, toStoredVerdict, wantedFacts } from './snapshot-verdict.ts'
import { revokeUnverified } from './unverified.ts'
import { carryOutVerdict } from './verdict-actions.ts'
import { logVerdict } from './verdict-log.ts'

/**
 * The path: read the facts, decide purely, record, then act. Idempotent: running it twice on the same facts writes only once.
 * Any throw leaves the check unchanged or not green, and the queue runs the job again from the start. A reached rate limit is
 * thrown as `retryAfterError` with the time that GitHub names.
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
  const evaluated = await evaluateFacts({ ...shell, github }, pull, facts, applicable, generation)
  const { stored, before: known } = evaluated
  if (known && known.snapshot.state !== 'merged' && stored.snapshot.state === 'merged')
    await shell.queue.enqueueMerging({ task: 'merged', pull })
  if (!stored.counts && !known) return forgetPending(shell.database, pull)
  signal.throwIfAborted()
  const needsCauses = known?.digest !== stored.digest || changedFor !== undefined
  const deliveries = needsCauses ? await causesBefore(shell.database, pull, generation) : []
  const recorded = await record(shell, evaluated)
  if (!recorded) return
  const { before } = recorded
  const changed = before?.digest !== stored.digest
  if (changed) logChange(shell, before, stored, { deliveries, began, changedFor })
  // If the process dies before the old head's check is revoked, the calendar revokes it.
  if (before && before.headSha !== stored.headSha) await shell.queue.enqueueTransition(shell.now())
  const { database, now, board } = shell
  const { toRead, monitors } = await publish({ database, github, now, signal, board }, stored, before)
  if (changedFor !== undefined) changeToCheck.observe((changedFor + performance.now() - began) / 1000)
  const { next: steps } = evaluated.verdict
  await carryOutVerdict(shell, github, stored, { steps, changed, toRead, monitors, deliveries })
}

type Evaluated = {
  stored: StoredVerdict
  verdict: Verdict
  before: StoredVerdict | undefined
  /** Other open pull requests with the same head. */
  sameHead: number[]
  seen: Seen
}

/** Adds what is stored to what was read, and decides. */
async function evaluateFacts(
  shell: Omit<Shell, 'github'> & { github: GitHub },
  pull: PullRef,
  { snapshot: read, sameHead, seen }: NonNullable<Awaited<ReturnType<typeof readSnapshot>>>,
  applicable: PresentPolicy,
  generation: number,
): Promise<Evaluated> {
  const snapshot = await addStoredFacts(shell, read, applicable)
  const before = await latestVerdict(shell.database, pull)
  const verdict = evaluateSnapshot(snapshot, applicable)
  const stored = toStoredVerdict(verdict, snapshot, applicable, generation)
  return { stored, verdict, before, sameHead: coveredOf(sameHead, applicable, read), seen }
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

/**
 * Stores the verdict and, if it is new, appends it to the records, both or neither. No green check is published before its
 * record. Gives the verdict that it replaces, which the calendar may have written since the facts were read. Undefined: a newer
 * evaluation has overtaken this one.
 * @throws `retryAfterError` where a freeze was ordered or ended since the facts were read.
 */
function record(
  shell: Shell,
  { stored, verdict, sameHead, seen }: Evaluated,
): Promise<{ before: StoredVerdict | undefined } | undefined> {
  const { pull, headSha, counts, snapshot } = stored
  return shell.database.transaction(async (tx) => {
    const [, freezes] = await Promise.all([lockFreezes(tx, 'verdict'), activeFreezes(tx, shell.now())])
    const { frozen } = frozenFact(freezes, pull)
    if (!isDeepStrictEqual(frozen, snapshot.frozen))
      throw retryAfterError(shell.now(), 'a freeze began or ended while the facts were read')
    const before = await lockVerdict(tx, pull)
    if (!(await saveVerdict(tx, stored, seen))) return undefined
    if (counts) await keepPending(tx, pull, headSha, sameHead)
    else await forgetPending(tx, pull)
    if (before?.digest !== stored.digest) {
      await appendDecided(tx, stored, verdict)
      await enqueueNotices(tx, shell, before, stored)
    }
    return { before }
  })
}
