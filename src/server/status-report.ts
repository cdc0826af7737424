import { type CalendarState, stateAt } from '../decision/calendar.ts'
import type { Policy } from '../decision/policy.ts'
import { decide } from '../decision/verdict.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import type { Database } from '../store/database.ts'
import { openReviews } from '../store/follow-ups.ts'
import { activeFreezes, type Freeze, frozenFact } from '../store/freezes.ts'
import { type KeptPolicy, keptPolicies } from '../store/policies.ts'
import { openVerdicts, type StoredVerdict } from '../store/verdicts.ts'

/** `ready`: it would pass when the window opens next, judging by the facts known now. */
export type PullState = 'green' | 'ready' | 'not ready'

/** One repository for the release captain. Times are ISO 8601 in UTC. */
export type RepositoryStatus = {
  repository: string
  /** Absent where the policy has no window. */
  window?: { open: boolean; zone: string; opensAt?: string; closesAt?: string }
  frozen?: { reason: string; by?: string | undefined; until?: string | undefined }
  /** Overdue reviews of urgent merges; `issue` tracks the review. */
  overdue: { pull: number; issue?: number | undefined; due: string }[]
  pulls: { number: number; title: string; author: string; state: PullState; says: string }[]
}

export type Status = { at: string; repositories: RepositoryStatus[] }

/** The state of every repository that has a policy, from stored facts. */
export async function statusOf({ database, now }: { database: Database; now: () => Date }): Promise<Status> {
  const at = now()
  const freezes = await activeFreezes(database, at)
  const verdicts = Map.groupBy(await openVerdicts(database), ({ pull }) => pull.repositoryId)
  const repositories = await Promise.all(
    (await keptPolicies(database)).map(async (kept) => ({
      ...repositoryStatus(kept, verdicts.get(kept.repositoryId) ?? [], freezes, at),
      overdue: await overdueIn(database, kept, at),
    })),
  )
  return { at: at.toISOString(), repositories }
}

function repositoryStatus(
  kept: KeptPolicy,
  verdicts: StoredVerdict[],
  freezes: Freeze[],
  at: Date,
): Omit<RepositoryStatus, 'overdue'> {
  const read = parsePolicy(kept.text)
  const settings = read.ok ? read.policy.gates.release_window : undefined
  const calendar = settings && stateAt(settings, at)
  const ordered = frozenFact(freezes, kept).frozen
  const frozen = ordered ?? (settings?.frozen === undefined ? undefined : { reason: settings.frozen })
  return {
    repository: `${kept.owner}/${kept.repo}`,
    ...(calendar && { window: windowOf(calendar, settings.time_zone) }),
    ...(frozen && { frozen }),
    pulls: verdicts.map((verdict) => pullStatus(verdict, calendar)),
  }
}

async function overdueIn(
  database: Database,
  kept: KeptPolicy,
  at: Date,
): Promise<RepositoryStatus['overdue']> {
  const owed = await openReviews(database, kept, at)
  return owed.flatMap(({ number, issue, dueAt }) =>
    number === undefined || !dueAt || dueAt > at
      ? []
      : [{ pull: number, issue: issue?.number, due: dueAt.toISOString() }],
  )
}

function windowOf(
  { open, opensAt, closesAt }: CalendarState,
  zone: string,
): NonNullable<RepositoryStatus['window']> {
  return {
    open,
    zone,
    ...(opensAt && { opensAt: opensAt.toISOString() }),
    ...(closesAt && { closesAt: closesAt.toISOString() }),
  }
}

function pullStatus(
  verdict: StoredVerdict,
  calendar: CalendarState | undefined,
): RepositoryStatus['pulls'][number] {
  const { pull, snapshot, state, policy, report } = verdict
  const opensAt = calendar?.open ? undefined : calendar?.opensAt
  const ready = policy && opensAt && passesAt(verdict, policy, opensAt)
  return {
    number: pull.number,
    title: snapshot.title,
    author: snapshot.author?.login ?? 'nobody',
    state: state === 'passed' ? 'green' : ready ? 'ready' : 'not ready',
    says: report.title,
  }
}

function passesAt({ snapshot }: StoredVerdict, policy: Policy, at: Date): boolean {
  return decide({ ...snapshot, takenAt: at.toISOString() }, policy).state === 'passed'
}
