import type { FindingState } from '../../decision/gate.ts'
import type { Policy } from '../../decision/policy.ts'
import type { CheckReport } from '../../decision/report.ts'
import type { PullRef, Snapshot } from '../../decision/snapshot.ts'

/** The latest verdict on one pull request, with the facts and the policy that gave it. */
export type StoredVerdict = {
  pull: PullRef
  generation: number
  headSha: string
  baseRef: string
  /** Open, with a base that the policy covers: only such pull requests count for the check of their head. */
  counts: boolean
  state: FindingState
  /** Of the report and the policy: equal digests need no new record. */
  digest: string
  report: CheckReport
  snapshot: Snapshot
  policy: Policy | undefined
  /** Where the policy came from, and the sentence about it in the check. */
  source: PolicySource
  decidedAt: Date
  /** When the calendar changes the verdict. */
  nextAt: Date | undefined
  /** When the facts are to be read again, so that they are fresh at `nextAt`. */
  prepareAt: Date | undefined
}

export type PolicySource = { where: string; blob: string; valid: boolean; note: string }

export type PullColumns = {
  installation_id: number
  repository_id: number
  owner: string
  repo: string
  number: number
}

export type Row = PullColumns & {
  generation: number
  head_sha: string
  base_ref: string
  counts: boolean
  state: FindingState
  digest: string
  report: CheckReport
  snapshot: Snapshot
  policy: Policy | null
  source: PolicySource
  decided_at: Date
  next_at: Date | null
  prepare_at: Date | null
}

export function pullOf(row: PullColumns): PullRef {
  return {
    installationId: row.installation_id,
    repositoryId: row.repository_id,
    owner: row.owner,
    repo: row.repo,
    number: row.number,
  }
}

export function factsOf(row: Omit<Row, 'report' | 'policy'>) {
  return {
    pull: pullOf(row),
    generation: row.generation,
    headSha: row.head_sha,
    baseRef: row.base_ref,
    counts: row.counts,
    state: row.state,
    digest: row.digest,
    snapshot: row.snapshot,
    source: row.source,
    nextAt: row.next_at ?? undefined,
  }
}

export function fromRow(row: Row): StoredVerdict {
  return {
    ...factsOf(row),
    report: row.report,
    policy: row.policy ?? undefined,
    decidedAt: row.decided_at,
    prepareAt: row.prepare_at ?? undefined,
  }
}
