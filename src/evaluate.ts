import type { Logger } from 'pino'
import { enqueueWindowTime } from './candidates/windows.ts'
import { fulfilRegression, recordRelease } from './candidates/wishes.ts'
import type { Publishing } from './check-writer.ts'
import type { Step } from './decision/gate.ts'
import type { PullRef } from './decision/snapshot.ts'
import type { Verdict } from './decision/verdict.ts'
import { judge, toStore, wantedBy } from './judging.ts'
import { withOwnFacts } from './own-facts.ts'
import { policyFor } from './policy-source.ts'
import { publishHead } from './publish.ts'
import { appendDecided, appendPublished } from './records.ts'
import type { Database } from './services/database.ts'
import { factStore } from './services/facts.ts'
import { asRetry, type GitHub } from './services/github/client.ts'
import { requestReviews } from './services/github/review-requests.ts'
import { readSnapshot } from './services/github/snapshot.ts'
import type { Queue } from './services/queue.ts'
import {
  latestVerdict,
  nextGeneration,
  type StoredVerdict,
  saveVerdict,
  verdictsOnHead,
} from './services/verdicts.ts'
import { enqueueTimes } from './transitions.ts'

/** Everything outside that an evaluation needs. */
export type Shell = {
  database: Database
  /** The client of an installation. */
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<
    Queue,
    'enqueueEvaluate' | 'enqueueRecheck' | 'enqueueTransition' | 'enqueueMerging' | 'enqueueRegression'
  >
  now: () => Date
  log: Pick<Logger, 'info' | 'warn'>
}

/**
 * The path: read the facts, decide purely, record, then act. Idempotent: run twice on the same facts, it writes once.
 * Any throw leaves the check as it is or not green, and the queue runs the job again from the top. A reached limit is
 * thrown as `retryAfter` with the time that GitHub names.
 */
export async function evaluate(
  shell: Shell,
  pull: PullRef,
  signal = new AbortController().signal,
): Promise<void> {
  try {
    await run(shell, pull, signal)
  } catch (error) {
    throw asRetry(error, shell.now())
  }
}

async function run(shell: Shell, pull: PullRef, signal: AbortSignal): Promise<void> {
  const generation = await nextGeneration(shell.database)
  const github = await shell.github(pull.installationId)
  const judging = await policyFor(shell.database, github, pull)
  if (judging.kind === 'none') {
    shell.log.info({ pull: nameOf(pull) }, 'No policy, so no check')
    return
  }
  const facts = await readSnapshot(
    github,
    pull,
    wantedBy(judging),
    factStore(shell.database, shell.now),
    shell.now,
  )
  if (!facts) return
  const { sameHead } = facts
  const snapshot = await withOwnFacts({ ...shell, github }, facts.snapshot, judging)
  const before = await latestVerdict(shell.database, pull)
  if (snapshot.state === 'merged' && before?.counts)
    await shell.queue.enqueueMerging({ task: 'merged', pull })
  const verdict = judge(snapshot, judging)
  const stored = toStore(verdict, snapshot, judging, generation)
  if (!stored.counts && !before) return
  signal.throwIfAborted()
  if (!(await record(shell, stored, verdict, before))) return
  await publish({ database: shell.database, github, now: shell.now, signal }, stored, before, sameHead)
  await enqueueTimes(shell.queue, stored)
  await enqueueWindowTime(shell.queue, stored, shell.now())
  await recordRelease(shell, stored, shell.now())
  const steps = stored.counts ? verdict.next : []
  await fulfil(shell, github, stored, { steps, sameHead, changed: before?.digest !== stored.digest })
}

/** Writes the check of the head, and takes back the one of the head that the pull request has left. */
async function publish(
  publishing: Publishing,
  { pull, headSha, counts, snapshot, policy }: StoredVerdict,
  before: StoredVerdict | undefined,
  sameHead: number[],
): Promise<void> {
  const onlyBase = policy?.branches.every((branch) => branch === snapshot.base.ref) === true
  for (const sha of new Set([headSha, before?.headSha ?? headSha])) {
    const current = sha === headSha
    const head = { ...pull, sha }
    const published = await publishHead(publishing, head, {
      force: pull.requestedBy !== undefined && current,
      unjudged: current && counts ? sameHead : [],
      settled: current && snapshot.state === 'merged' && onlyBase,
    })
    if (published) await appendPublished(publishing.database, head, published, publishing.now())
  }
}

function nameOf(pull: PullRef): string {
  return `${pull.owner}/${pull.repo}#${pull.number}`
}

/**
 * Keeps the verdict and, where it says something new, appends it to the records, both or neither. No green check is
 * published before its record. False: a newer evaluation has overtaken this one.
 */
function record(
  shell: Shell,
  stored: StoredVerdict,
  verdict: Verdict,
  before: StoredVerdict | undefined,
): Promise<boolean> {
  return shell.database.transaction(async (tx) => {
    if (!(await saveVerdict(tx, stored))) return false
    if (before?.digest !== stored.digest) await appendDecided(tx, stored, verdict)
    return true
  })
}

/** A push that GitHub does not list yet is looked for again after this time; after that, each hour like everything. */
const untilListed = 60_000

/**
 * Does what the verdict asks for. What other people notice is done only where the verdict has changed, so that a
 * request that somebody took back is not repeated.
 */
async function fulfil(
  shell: Shell,
  github: GitHub,
  stored: StoredVerdict,
  { steps, sameHead, changed }: { steps: Step[]; sameHead: number[]; changed: boolean },
): Promise<void> {
  const { pull, headSha: head, snapshot, counts } = stored
  for (const step of steps) {
    await fulfilRegression(shell, github, stored, step)
    if (step.kind === 'request-reviews' && changed) {
      const outcome = await requestReviews(github, pull, step)
      if ('refused' in outcome)
        shell.log.warn({ pull: nameOf(pull), ...outcome }, 'Reviews were not requested')
    }
  }
  if (changed && counts && snapshot.unattributed.some(({ field }) => field === 'pusher')) {
    await shell.queue.enqueueRecheck(pull, new Date(shell.now().getTime() + untilListed))
  }
  const judged = await verdictsOnHead(shell.database, pull, head)
  const unjudged = sameHead.filter((number) => !judged.some((verdict) => verdict.pull.number === number))
  for (const number of unjudged) await shell.queue.enqueueEvaluate({ ...pull, number })
}
