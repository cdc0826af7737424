import { type CalendarState, windowStateAt } from '../decision/calendar.ts'
import type { Policy } from '../decision/policy.ts'
import { checkReport } from '../decision/report.ts'
import { unverifiedReport } from '../decision/unverified-report.ts'
import { decide } from '../decision/verdict.ts'
import type { WindowSettings } from '../decision/window-settings.ts'
import { type KeptFacts, keptFactsOf } from '../gate/kept-facts.ts'
import { lineOf } from '../notices/posting.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { WEBHOOK_CHANNEL } from '../services/slack-webhook.ts'
import type { Database } from '../store/database.ts'
import { activeFreezes, type Freeze, frozenFact } from '../store/freezes.ts'
import { type Landing, openReviewsIn } from '../store/landings.ts'
import { type RefusedChannel, refusedChannels } from '../store/notices.ts'
import { type KeptPolicy, keptPolicies, keptPoliciesIn } from '../store/policies.ts'
import { failedPendingIn, type Pending } from '../store/verdicts/pending.ts'
import { openVerdictsIn, type ShownVerdict, type StoredVerdict } from '../store/verdicts.ts'
import { factsAt, isReadyAtOpening, type OpeningCalendar } from './board/at-opening.ts'

/**
 * `green`: the check is green. `ready`: it would pass when the window opens next, by the facts known now; in a freeze without an end:
 * nothing else is missing.
 */
export type PullState = 'green' | 'ready' | 'not ready'

/** An open pull request. `check`: what its check would say if it were written now, or what keeps it from that. */
export type PullStatus = { number: number; title: string; author: string; state: PullState; check: string }

/** One repository for the release captain. Times are ISO 8601 in UTC. */
export type RepositoryStatus = {
  repository: string
  /** Absent where the policy has no window. A freeze counts as closed. */
  window?: { open: boolean; zone: string; opensAt?: string; closesAt?: string }
  frozen?: { reason: string; by?: string | undefined; until?: string | undefined }
  /** Overdue reviews of urgent merges; `issue` tracks the review. */
  overdue: { pull: number; issue?: number | undefined; due: string }[]
  /** The channels of its policy that Slack takes nothing for: their notices wait. Left out where there are none. */
  refusedChannels?: { channel: string; why: string; since: string }[]
  pulls: PullStatus[]
}

export type Status = { at: string; repositories: RepositoryStatus[] }

/** The state of every repository that has a policy, or of those that are `readable`, evaluated now from stored facts. */
export async function statusOf(
  { database, now }: { database: Database; now: () => Date },
  readable?: ReadonlySet<number>,
): Promise<Status> {
  const at = now()
  const shown = await (readable ? keptPoliciesIn(database, readable) : keptPolicies(database))
  const ids = shown.map(({ repositoryId }) => repositoryId)
  const freezes = await activeFreezes(database, at)
  const verdicts = Map.groupBy(await openVerdictsIn(database, ids), ({ pull }) => pull.repositoryId)
  const unverified = Map.groupBy(await failedPendingIn(database, ids), ({ repositoryId }) => repositoryId)
  const reviews = Map.groupBy(await openReviewsIn(database, ids, at), (one) => one.repository.repositoryId)
  const refused = await refusedChannels(database, at)
  const keptFacts = keptFactsOf(database, at)
  const readNow = (verdict: ShownVerdict) => keptFacts(verdict).then((facts) => ({ verdict, facts }))
  const repositories = await Promise.all(
    shown.map(async (kept) => ({
      ...repositoryStatus(kept, {
        verdicts: await Promise.all((verdicts.get(kept.repositoryId) ?? []).map(readNow)),
        unverified: unverified.get(kept.repositoryId) ?? [],
        freezes,
        at,
      }),
      overdue: overdueAmong(reviews.get(kept.repositoryId) ?? [], at),
      ...(await refusedAmong(database, refused, kept, at)),
    })),
  )
  return { at: at.toISOString(), repositories }
}

/** Those that the policy of a repository names; a webhook has the same for all. */
async function refusedAmong(
  database: Database,
  refused: RefusedChannel[],
  { text }: Pick<KeptPolicy, 'text'>,
  at: Date,
): Promise<Pick<RepositoryStatus, 'refusedChannels'>> {
  const read = refused.length > 0 ? parsePolicy(text) : undefined
  if (!read?.ok) return {}
  const { slack, incidents } = read.policy
  const names = [slack?.channel, incidents?.channel].filter((name) => name !== undefined)
  const lines = await Promise.all(names.map((name) => lineOf(database, () => at, name)))
  const theirs = refused.filter(
    ({ line }) => lines.includes(line) || (names.length > 0 && line === WEBHOOK_CHANNEL),
  )
  if (theirs.length === 0) return {}
  return {
    refusedChannels: theirs.map(({ channel, why, since }) => ({ channel, why, since: since.toISOString() })),
  }
}

/** A verdict, and what the bot keeps itself as of now. */
type Evaluated = { verdict: ShownVerdict; facts: KeptFacts }
type Known = { verdicts: Evaluated[]; unverified: Pending[]; freezes: Freeze[]; at: Date }

/** The part of a status that follows from what is known of a repository. */
export function repositoryStatus(
  kept: Omit<KeptPolicy, 'blob'>,
  { verdicts, unverified, freezes, at }: Known,
): Omit<RepositoryStatus, 'overdue'> {
  const read = parsePolicy(kept.text)
  const settings = read.ok ? read.policy.gates.release_window : undefined
  const ordered = frozenFact(freezes, kept)
  const byPolicy = settings?.frozen === undefined ? undefined : { reason: settings.frozen }
  // A freeze of the policy has no end, so it outlasts one that has.
  const frozen =
    ordered.frozen?.until === undefined ? (ordered.frozen ?? byPolicy) : (byPolicy ?? ordered.frozen)
  const window = settings && windowOf(settings, frozen, at)
  const opensAt = window?.opensAt === undefined ? undefined : new Date(window.opensAt)
  return {
    repository: `${kept.owner}/${kept.repo}`,
    ...(window && { window }),
    ...(frozen && { frozen }),
    pulls: [
      ...verdicts.map((verdict) => pullStatus(verdict, { opensAt, freeze: ordered }, at)),
      ...unverified.map(pendingStatus),
    ].sort((a, b) => a.number - b.number),
  }
}

function overdueAmong(open: Landing[], at: Date): RepositoryStatus['overdue'] {
  return open.flatMap(({ number, issue, dueAt }) =>
    number === undefined || !dueAt || dueAt > at
      ? []
      : [{ pull: number, issue: issue?.number, due: dueAt.toISOString() }],
  )
}

type Window = NonNullable<RepositoryStatus['window']>

function windowOf(settings: WindowSettings, frozen: RepositoryStatus['frozen'], at: Date): Window {
  const { time_zone: zone } = settings
  const { open, opensAt, closesAt } = frozen
    ? thawedState(settings, frozen.until)
    : windowStateAt(settings, at)
  return {
    open: open && !frozen,
    zone,
    ...(opensAt && { opensAt: opensAt.toISOString() }),
    ...(closesAt && { closesAt: closesAt.toISOString() }),
  }
}

/** The first open time after a freeze; none where it has no end. */
function thawedState(
  settings: WindowSettings,
  until: string | undefined,
): Pick<CalendarState, 'open' | 'opensAt' | 'closesAt'> {
  if (until === undefined) return { open: false, opensAt: undefined, closesAt: undefined }
  const end = new Date(until)
  const { open, opensAt, closesAt } = windowStateAt(settings, end)
  return { open, opensAt: open ? end : opensAt, closesAt }
}

/** Evaluates the stored facts again as of now; the check itself may be waiting to be written. */
function pullStatus({ verdict: stored, facts }: Evaluated, calendar: OpeningCalendar, at: Date): PullStatus {
  const { pull, snapshot, state, policy, report, check } = stored
  const about = {
    number: pull.number,
    title: snapshot.title,
    author: snapshot.author?.login ?? '(deleted account)',
  }
  if (!policy || !followsFromFacts(stored, policy, calendar.freeze))
    return { ...about, state: 'not ready', check: report.title }
  const now = { ...factsAt(stored, at, calendar.freeze), ...facts }
  const verdict = decide(now, policy)
  const open = verdict.findings.filter((finding) => finding.state !== 'passed')
  const passes = verdict.state === 'passed'
  // The check may wait for its turn, or be red for another pull request with the same head.
  if (passes && state === 'passed' && check && check.state !== 'passed')
    return { ...about, state: check.state === 'failed' ? 'not ready' : 'ready', check: check.title }
  const ready = passes || isReadyAtOpening({ policy, snapshot: now }, calendar, open)
  return {
    ...about,
    state: passes && state === 'passed' && check ? 'green' : ready ? 'ready' : 'not ready',
    check: checkReport(verdict, now, []).title,
  }
}

/**
 * Whether a verdict is what its facts say, as they were read, or as of the time at which the calendar last decided it. The verdict of a
 * check that could not be verified is not.
 */
function followsFromFacts(stored: StoredVerdict, policy: Policy, freeze: OpeningCalendar['freeze']): boolean {
  const { snapshot, state, decidedAt } = stored
  const readings = [snapshot, factsAt(stored, decidedAt, {}), factsAt(stored, decidedAt, freeze)]
  return readings.some((reading) => decide(reading, policy).state === state)
}

/** A pull request whose evaluation failed before it had a verdict. */
function pendingStatus({ number, problem }: Pending): PullStatus {
  const check = problem ? unverifiedReport(problem).title : 'Not evaluated yet'
  return { number, title: '(not read yet)', author: '', state: 'not ready', check }
}
