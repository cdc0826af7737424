import { noWindow } from '../decision/freeze.ts'
import type { Gate } from '../decision/gate.ts'
import { type GateName, gates } from '../decision/gates/index.ts'
import { allGates } from '../decision/overrides.ts'
import { covers, type Policy } from '../decision/policy.ts'
import { brokenPolicyReport, type CheckReport, checkReport, closedReport } from '../decision/report.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import { decide, type Verdict, verdictOf } from '../decision/verdict.ts'
import { policyPath } from '../policy/policy-file.ts'
import type { ApplicablePolicy } from '../policy/policy-source.ts'
import type { Wanted } from '../services/github/snapshot.ts'
import type { PolicySource, StoredVerdict } from '../store/verdicts.ts'
import { scheduleOf } from './calendar/schedule.ts'
import { digestOf } from './check-writer.ts'

/** A policy, valid or broken: either gives a verdict. */
export type PresentPolicy = Exclude<ApplicablePolicy, { kind: 'none' }>

/** Which facts beyond the pull request itself the policy looks at. */
export function wantedFacts(applicable: ApplicablePolicy): Wanted {
  return wantedFactsOf(applicable.kind === 'policy' ? applicable.policy : undefined)
}

/** What its own gates look at, and those of each override: which one applies is known only once all is read. */
export function wantedFactsOf(policy: Policy | undefined): Wanted {
  if (!policy) return { teams: [], boundLabels: [], labels: [] }
  const wanted = allGates(policy).map(wantedByGates)
  const conditions = (policy.overrides ?? []).map(({ when }) => when)
  const labels = conditions.flatMap((when) => when.labels ?? [])
  return {
    teams: distinct(wanted.flatMap(({ teams }) => teams)),
    boundLabels: distinct([...wanted.flatMap(({ boundLabels }) => boundLabels), ...labels]),
    labels: distinct([...wanted.flatMap((each) => each.labels), ...labels]),
    ...(allGates(policy).some((each) => each.code_owners) ? { codeOwners: true } : {}),
    ...(conditions.some(({ paths }) => paths !== undefined) ? { paths: true } : {}),
    ...revertLabelsOf(policy),
  }
}

function revertLabelsOf(policy: Policy): Pick<Wanted, 'revertLabels'> {
  const labels = allGates(policy).flatMap(({ release_window: window = noWindow }) =>
    window.urgent.reverts === undefined ? [] : [window.urgent.label],
  )
  return labels.length > 0 ? { revertLabels: distinct(labels) } : {}
}

function wantedByGates(settings: Policy['gates']): Pick<Wanted, 'teams' | 'boundLabels' | 'labels'> {
  const { approvals, release_window: window = noWindow } = settings
  return {
    teams: [...(approvals?.teams ?? []), ...window.urgent.labelled_by],
    boundLabels: window.urgent.bound_to_head ? [window.urgent.label] : [],
    labels: [window.urgent.label, ...labelsOf(settings)],
  }
}

function labelsOf(settings: Policy['gates']): string[] {
  const named = Object.entries(gates) as [GateName, Gate][]
  return named.flatMap(([name, gate]) => {
    const own = settings[name]
    return own === undefined ? [] : (gate.labels?.(own) ?? [])
  })
}

function distinct(names: string[]): string[] {
  return [...new Set(names)]
}

export type VerdictWithReport = Verdict & { report: CheckReport }

/** The verdict on a snapshot, and the check that says it. */
export function evaluateSnapshot(snapshot: Snapshot, applicable: PresentPolicy): VerdictWithReport {
  if (applicable.kind === 'broken') {
    const report = brokenPolicyReport(applicable.problems, policyPath, applicable.lost)
    return {
      ...verdictOf([
        { gate: 'policy', gateTitle: 'Policy', state: 'failed', title: report.title, reason: report.summary },
      ]),
      report,
    }
  }
  const verdict = decide(snapshot, applicable.policy)
  if (snapshot.state !== 'open') return { ...verdict, next: [], report: closedReport(snapshot.state) }
  return { ...verdict, report: checkReport(verdict, snapshot, [applicable.note]) }
}

/** What is kept of a verdict, so that it can be shown, evaluated again and replayed. */
export function toStoredVerdict(
  verdict: VerdictWithReport,
  snapshot: Snapshot,
  applicable: PresentPolicy,
  generation: number,
): StoredVerdict {
  const policy: Policy | undefined = applicable.kind === 'policy' ? applicable.policy : undefined
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
    source: sourceOf(applicable),
    decidedAt: new Date(snapshot.takenAt),
    ...scheduleOf(verdict, snapshot, policy, new Date(snapshot.takenAt)),
  }
}

function sourceOf(applicable: PresentPolicy): PolicySource {
  const { where, blob } = applicable.file
  return {
    where,
    blob,
    valid: applicable.kind === 'policy',
    note: applicable.kind === 'policy' ? applicable.note : '',
  }
}
