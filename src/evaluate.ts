import type { Logger } from 'pino'
import type { Step } from './decision/gate.ts'
import { covers, type Policy } from './decision/policy.ts'
import { brokenPolicyReport, type CheckReport, checkReport, closedReport } from './decision/report.ts'
import type { PullRef, Snapshot } from './decision/snapshot.ts'
import { decide, type Verdict, verdictOf } from './decision/verdict.ts'
import { policyPath } from './policy-file.ts'
import { type Judging, policyFor } from './policy-source.ts'
import { digestOf, type Published, publishHead } from './publish.ts'
import { appendRecord } from './services/audit.ts'
import type { Database } from './services/database.ts'
import { factStore } from './services/facts.ts'
import { asRetry, type GitHub } from './services/github/client.ts'
import { readSnapshot, type Wanted } from './services/github/snapshot.ts'
import type { Queue } from './services/queue.ts'
import {
  latestVerdict,
  nextGeneration,
  type StoredVerdict,
  saveVerdict,
  verdictsOnHead,
} from './services/verdicts.ts'

/** Everything outside that an evaluation needs. */
export type Shell = {
  database: Database
  /** The client of an installation. */
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueEvaluate' | 'enqueueRecheck'>
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
  const facts = await readSnapshot(github, pull, wantedBy(judging), factStore(shell.database, shell.now), shell.now)
  if (!facts) return
  const { snapshot, sameHead } = facts
  const before = await latestVerdict(shell.database, pull)
  const verdict = judge(snapshot, judging)
  const stored = store(verdict, snapshot, judging, generation)
  if (!stored.counts && !before) return
  signal.throwIfAborted()
  if (!(await record(shell, stored, verdict, judging, before))) return
  const publishing = { database: shell.database, github, now: shell.now, signal }
  for (const sha of new Set([stored.headSha, before?.headSha ?? stored.headSha])) {
    const current = sha === stored.headSha
    const unjudged = current && stored.counts ? sameHead : []
    const published = await publishHead(
      publishing,
      { ...pull, sha },
      { force: pull.requestedBy !== undefined && current, unjudged },
    )
    if (published) await recordPublished(shell, pull, sha, published)
  }
  await fulfil(shell, stored, stored.counts ? verdict.next : [], sameHead)
}

function nameOf(pull: PullRef): string {
  return `${pull.owner}/${pull.repo}#${pull.number}`
}

/** Which facts beyond the pull request itself the policy looks at. */
function wantedBy(judging: Judging): Wanted {
  if (judging.kind !== 'policy') return { teams: [], boundLabels: [] }
  const { approvals, release_window: window } = judging.policy.gates
  return {
    teams: [...new Set([...(approvals?.teams ?? []), ...(window?.urgent.labelled_by ?? [])])],
    boundLabels: window?.urgent.bound_to_head ? [window.urgent.label] : [],
  }
}

type Judged = Verdict & { report: CheckReport }

function judge(snapshot: Snapshot, judging: Exclude<Judging, { kind: 'none' }>): Judged {
  if (judging.kind === 'broken') {
    const report = brokenPolicyReport(judging.problems, judging.file.where === policyPath)
    return {
      ...verdictOf([
        { gate: 'policy', gateTitle: 'Policy', state: 'failed', title: report.title, reason: report.summary },
      ]),
      report,
    }
  }
  const verdict = decide(snapshot, judging.policy)
  if (snapshot.state !== 'open') return { ...verdict, next: [], report: closedReport(snapshot.state) }
  return { ...verdict, report: checkReport(verdict, snapshot, [judging.note]) }
}

function store(
  verdict: Judged,
  snapshot: Snapshot,
  judging: Exclude<Judging, { kind: 'none' }>,
  generation: number,
): StoredVerdict {
  const policy: Policy | undefined = judging.kind === 'policy' ? judging.policy : undefined
  const { ref, defaultBranch } = snapshot.base
  const covered = policy ? covers(policy, ref, defaultBranch) : ref === defaultBranch
  return {
    pull: snapshot.pull,
    generation,
    headSha: snapshot.head.sha,
    baseRef: ref,
    counts: snapshot.state === 'open' && covered,
    state: verdict.state,
    digest: digestOf([verdict.report, policy ?? null, snapshot.state]),
    report: verdict.report,
    snapshot,
    policy,
    decidedAt: new Date(snapshot.takenAt),
  }
}

/**
 * Keeps the verdict and, where it says something new, appends it to the records, both or neither. No green check is
 * published before its record. False: a newer evaluation has overtaken this one.
 */
function record(
  shell: Shell,
  stored: StoredVerdict,
  verdict: Verdict,
  judging: Exclude<Judging, { kind: 'none' }>,
  before: StoredVerdict | undefined,
): Promise<boolean> {
  return shell.database.transaction(async (tx) => {
    if (!(await saveVerdict(tx, stored))) return false
    if (before?.digest === stored.digest) return true
    const findings = verdict.findings.map(({ gate, state, title, reason }) => ({
      gate,
      state,
      title,
      reason,
    }))
    const policy = {
      where: judging.file.where,
      blob: judging.file.blob,
      valid: judging.kind === 'policy',
      settings: stored.policy ?? null,
    }
    await appendRecord(tx, {
      installationId: stored.pull.installationId,
      kind: 'decided',
      at: stored.decidedAt,
      body: {
        pull: stored.pull,
        head: stored.headSha,
        state: stored.state,
        findings,
        policy,
        snapshot: stored.snapshot,
      },
    })
    return true
  })
}

async function recordPublished(
  shell: Shell,
  pull: PullRef,
  head: string,
  published: Published,
): Promise<void> {
  await appendRecord(shell.database, {
    installationId: pull.installationId,
    kind: 'published',
    at: shell.now(),
    body: { pull, head, checkRun: published.runId, state: published.state, title: published.title },
  })
}

async function fulfil(
  shell: Shell,
  { pull, headSha: head }: StoredVerdict,
  steps: Step[],
  sameHead: number[],
): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'recheck') await shell.queue.enqueueRecheck(pull, new Date(step.at))
  }
  const judged = await verdictsOnHead(shell.database, pull, head)
  const unjudged = sameHead.filter((number) => !judged.some((verdict) => verdict.pull.number === number))
  for (const number of unjudged) await shell.queue.enqueueEvaluate({ ...pull, number })
}
