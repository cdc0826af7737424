import type { AtMerge } from './at-merge.ts'
import { type ChangeDescription, readDescription } from './change-description.ts'
import { countApprovals } from './count-approvals.ts'
import { isExempt } from './exemption.ts'
import type { FindingState } from './gate.ts'
import {
  type Exception,
  exceptionOf,
  factsAsOf,
  type Merge,
  type PostedCheck,
  shownConclusions,
  type VerdictAtMerge,
  verdictAt,
} from './merge-exception.ts'
import { type Timing, timingOf } from './merge-timing.ts'
import { type AppliedOverride, withEffectivePolicy } from './overrides.ts'
import type { Policy } from './policy.ts'
import type { Contributor, Person, PullRef, Snapshot } from './snapshot.ts'
import { currentRun } from './staging.ts'
import { decide, type Verdict } from './verdict.ts'

/** A check on the merged head; `conclusion` is null while it was running. */
export type RecordedCheck = { name: string; app: string | null; conclusion: string | null }

/** The facts read after a merge. */
export type MergeFacts = {
  pull: PullRef
  url: string
  title: string
  body: string
  author: Person | null
  base: { ref: string; sha: string }
  head: { ref: string; sha: string }
  mergeCommit: string | null
  openedAt?: string
  mergedBy: Person | null
  mergedAt: string
  checks: RecordedCheck[]
  /** The verdict at the time of the merge. */
  standing: VerdictAtMerge | undefined
  /** The check that stood on the merged head, where that is known. */
  posted?: PostedCheck | undefined
  /** The freeze that was ordered and held at the merge. */
  frozen?: Snapshot['frozen']
  /** The file of the policy that it was evaluated by, or that was in force where there was no verdict. */
  policy: { where: string; blob: string } | undefined
  /** The facts at the time of the merge, read after it. */
  atMerge: AtMerge
  /** The version of the rules: of this program. */
  rules: string
}

/** One merged change as a record. Plain JSON; unknown values are null. */
export type ChangeRecord = {
  repository: { id: number; owner: string; name: string }
  number: number
  url: string
  title: string
  base: { ref: string; sha: string }
  head: { ref: string; sha: string }
  mergeCommit: string | null
  author: Person | null
  contributors: { id: number; login: string; as: Contributor['as'][] }[]
  description: ChangeDescription
  approvers: { id: number; login: string; role: string; commit: string | null; at: string | null }[]
  checks: RecordedCheck[]
  verdict: { state: FindingState; since: string; head: string; title: string } | null
  /** The check that stood on GitHub, which may differ from the verdict. Records of earlier versions do not have it. */
  posted?: { run: number; conclusion: 'success' | 'failure' | null; title: string; at: string } | null
  /** The finding of each gate at the time of the merge, based on the facts of the check. */
  gates: { gate: string; state: FindingState; title: string; reason: string }[]
  /** What was true at the merge: a new decision, with everything needed to repeat it. */
  atMerge: DecidedAtMerge | { unverified: string }
  /** `unknown`: no policy could be applied to the merge, as far as is known. Records of earlier versions then say `any time`. */
  window: { state: Timing['kind'] | 'unknown'; closesAt: string | null }
  urgent: {
    by: string
    byId: number
    at: string
    until: string
    reason: string | null
    skipped: string[]
  } | null
  /** The exemption that lifted a freeze. Left out of records of earlier versions. */
  exemption?: Snapshot['exemption'] | null
  /** The staging regression of the merged head, with the hash of the stored report. */
  regression: { run: string; verdict: string; hash: string } | null
  policy: { where: string; blob: string } | null
  /** The override of the policy that applied. Records of earlier versions do not have it. */
  override?: AppliedOverride | null
  /** Under a policy that only reported: what would have blocked the merge, by gate. Left out of records of earlier versions. */
  reportOnly?: { wouldBlock: { gate: string; title: string }[] } | null
  rules: string
  /** Records of earlier versions do not have it. */
  openedAt?: string | null
  mergedBy: Person | null
  mergedAt: string
  exception: Exception | null
}

/** A decision on the facts at a merge; `decide` gives it again from `snapshot` and `policy`. */
export type DecidedAtMerge = {
  state: FindingState
  gates: ChangeRecord['gates']
  policy: Policy | null
  snapshot: Snapshot
}

/** Facts to record. Pure: who approved is evaluated from the facts that stood at the merge, by the policy of then. */
export function changeRecord(facts: MergeFacts): ChangeRecord {
  const { pull, standing } = facts
  const evaluated = standing?.headSha === facts.head.sha ? standing : undefined
  const read = facts.atMerge.kind === 'verified' ? facts.atMerge : evaluated
  const known = read && withEffectivePolicy<Pick<VerdictAtMerge, 'snapshot' | 'policy'>>(read)
  const people = known?.snapshot
  const { mergedAt, frozen, posted } = facts
  const { title, body } = standing?.snapshot ?? people ?? facts
  const merge = {
    headSha: facts.head.sha,
    baseRef: facts.base.ref,
    mergedAt,
    posted,
    ...(frozen && { frozen }),
  }
  const timed = evaluated ?? read
  const timing = timed?.policy && timingOf(timed, facts.mergedAt)
  return {
    repository: { id: pull.repositoryId, owner: pull.owner, name: pull.repo },
    number: pull.number,
    url: facts.url,
    title,
    base: facts.base,
    head: facts.head,
    mergeCommit: facts.mergeCommit,
    author: facts.author,
    contributors: people ? contributorsOf(people) : [],
    description: readDescription(title, body),
    approvers: people ? approversOf(people, known?.policy) : [],
    checks: facts.checks,
    verdict: standing
      ? { state: standing.state, since: standing.since, head: standing.headSha, title: standing.title }
      : null,
    posted: posted
      ? { run: posted.run, conclusion: shownConclusions[posted.state], title: posted.title, at: posted.at }
      : null,
    gates: evaluated ? gatesAt(evaluated, merge) : [],
    atMerge: decidedAt(facts.atMerge, merge),
    window: windowOf(timing),
    urgent: urgentOf(timing),
    exemption: exemptionOf(read, merge),
    regression: regressionOf(people, facts.head.sha, known?.policy),
    policy: facts.policy ? { where: facts.policy.where, blob: facts.policy.blob } : null,
    ...policyEffects(read, merge),
    rules: facts.rules,
    openedAt: facts.openedAt ?? null,
    mergedBy: facts.mergedBy,
    mergedAt: facts.mergedAt,
    exception: exceptionOf(merge, standing, facts.atMerge) ?? null,
  }
}

/** The run that counted for the head; without a verdict, the newest run on it. */
function regressionOf(
  snapshot: Snapshot | undefined,
  head: string,
  policy: VerdictAtMerge['policy'],
): ChangeRecord['regression'] {
  if (!snapshot?.regression) return null
  const settings = policy?.gates.staging_regression
  const run = settings
    ? currentRun(snapshot.regression, head, settings)
    : snapshot.regression.runs.find(({ headSha }) => headSha === head)
  return run ? { run: run.runId, verdict: run.verdict, hash: run.hash } : null
}

function contributorsOf({ contributors }: Snapshot): ChangeRecord['contributors'] {
  const byId = Map.groupBy(contributors, ({ person }) => person.id)
  return [...byId].map(([id, parts]) => ({
    id,
    login: parts[0]?.person.login ?? '',
    as: [...new Set(parts.map((part) => part.as))],
  }))
}

/** Everyone whose approval counted, with their role and the approved commit. */
function approversOf(snapshot: Snapshot, policy: VerdictAtMerge['policy']): ChangeRecord['approvers'] {
  const { counted } = countApprovals(snapshot, policy?.gates.approvals ?? { count: 0, teams: [] })
  return counted.map(({ review, role }) => ({
    id: review.person.id,
    login: review.person.login,
    role,
    commit: review.commit,
    at: review.submittedAt,
  }))
}

function gatesAt(standing: VerdictAtMerge, { mergedAt, frozen }: Merge): ChangeRecord['gates'] {
  return gatesIn(verdictAt(standing, mergedAt, frozen).findings)
}

function gatesIn(findings: Verdict['findings']): ChangeRecord['gates'] {
  return findings.map(({ gate, state, title, reason }) => ({ gate, state, title, reason }))
}

/** The override that applied, and what a policy that only reported would have blocked. */
function policyEffects(
  facts: Pick<VerdictAtMerge, 'snapshot' | 'policy'> | undefined,
  { mergedAt, frozen }: Merge,
): Required<Pick<ChangeRecord, 'override' | 'reportOnly'>> {
  if (!facts?.policy) return { override: null, reportOnly: null }
  const { override, reportOnly, findings } = verdictAt(facts, mergedAt, frozen)
  const open = findings.filter(({ state }) => state !== 'passed')
  const wouldBlock = open.map(({ gate, title }) => ({ gate, title }))
  return { override: override ?? null, reportOnly: reportOnly === undefined ? null : { wouldBlock } }
}

/** The snapshot is kept as it was decided: at the instant of the merge, under the freeze of then, without a margin. */
function decidedAt(atMerge: AtMerge, { mergedAt, frozen }: Merge): ChangeRecord['atMerge'] {
  if (atMerge.kind === 'unverified') return { unverified: atMerge.why }
  const then = factsAsOf(atMerge, mergedAt, frozen)
  if (!then.policy) return { state: 'failed', gates: [], policy: null, snapshot: then.snapshot }
  const { state, findings } = decide(then.snapshot, then.policy)
  return { state, gates: gatesIn(findings), policy: then.policy, snapshot: then.snapshot }
}

function windowOf(timing: Timing | undefined): ChangeRecord['window'] {
  const closesAt = timing?.kind === 'window' ? (timing.closesAt ?? null) : null
  return { state: timing?.kind ?? 'unknown', closesAt }
}

/** The exemption, where something would have been frozen without it. */
function exemptionOf(
  facts: Pick<VerdictAtMerge, 'snapshot' | 'policy'> | undefined,
  { mergedAt, frozen }: Merge,
): Snapshot['exemption'] | null {
  if (!facts?.snapshot.exemption || !isExempt({ ...facts.snapshot, takenAt: mergedAt })) return null
  const { exemption, ...snapshot } = facts.snapshot
  const isOpen = ({ findings }: Verdict) =>
    findings.some(({ gate, state }) => (gate === 'release_window' || gate === 'freeze') && state !== 'passed')
  const lifted =
    isOpen(verdictAt({ ...facts, snapshot }, mergedAt, frozen)) && !isOpen(verdictAt(facts, mergedAt, frozen))
  return lifted ? exemption : null
}

function urgentOf(timing: Timing | undefined): ChangeRecord['urgent'] {
  if (timing?.kind !== 'urgent') return null
  const { by, byId, at, until, reason, skipped } = timing
  return { by, byId, at, until, reason: reason ?? null, skipped }
}
