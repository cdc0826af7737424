import { code, list } from '../decision/markdown.ts'
import {
  type CheckReport,
  pendingEvaluationReport,
  reportOnlyTitle,
  revokedReport,
  staleFactsReport,
  waitingForTurnReport,
} from '../decision/report.ts'
import { decisivePulls, hasWriteAccess } from '../decision/same-head-pulls.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { type Unreadable, unverifiedReport } from '../decision/unverified-report.ts'
import { worst } from '../decision/verdict.ts'
import {
  type Head,
  markGreenAsMerged,
  markOutstanding,
  type PostedRun,
  postedRun,
} from '../store/check-runs.ts'
import type { Queryable } from '../store/database.ts'
import { tryWithLease } from '../store/leases.ts'
import { monitorsOf, type StoredMonitor } from '../store/monitors.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { type Pending, pendingOn } from '../store/verdicts/pending.ts'
import { forgetSeen } from '../store/verdicts/seen.ts'
import { type HeadVerdict, type StoredVerdict, verdictsOnHead } from '../store/verdicts.ts'
import { isCrowded, isNoRoomForGreen } from '../store/write-budget.ts'
import { type Desired, digestOf, type Published, type Publishing, writeCheck } from './check-writer.ts'
import { reasonNotToTurnGreen, staleMonitors } from './may-turn-green.ts'

/** GitHub makes an incomplete run `stale` after 14 days, so it is posted anew a day earlier. */
export const incompleteFor = 13 * 24 * 3600 * 1000

export type PublishOptions = {
  /** Always write, for "Re-run". */
  force?: boolean
  /** Write only if the state or the title differs, since the calendar must not rewrite every waiting check. */
  quiet?: boolean
  /** The only branch that the policy covers contains the commit: its green check lets nothing else through. */
  settled?: boolean
}

/**
 * The outcome for a check. `toRead`: it would turn green, but these pull requests must be evaluated first; `monitors`: these
 * monitors must be read first.
 */
export type Outcome = { written?: Published; toRead: PullRef[]; monitors: number[] }

const nothingToRead = { toRead: [], monitors: [] }

/**
 * Sets the check of a commit to the worst verdict among the open pull requests with this head, and writes only changes. One
 * process at a time writes the check of a commit, and it reads the verdicts only then, so that a slow writer cannot overwrite a
 * newer verdict.
 */
export async function publishHead(
  shell: Publishing,
  head: Head,
  options: PublishOptions = {},
): Promise<Outcome> {
  const key = `check ${head.installationId}/${head.repositoryId}/${head.sha}`
  const lease = await tryWithLease(shell.database, key, shell.now, () => publish(shell, head, options))
  if (!lease)
    throw retryAfterError(new Date(shell.now().getTime() + 2_000), 'another process is writing this check')
  return lease.result
}

async function publish(shell: Publishing, head: Head, options: PublishOptions): Promise<Outcome> {
  const { database, now } = shell
  const posted = await postedRun(database, head)
  const verdicts = await verdictsOnHead(database, head, head.sha)
  const combined = combine(verdicts, await pendingOn(database, head, head.sha))
  const hasPulls = combined.pulls.length > 0
  if (!hasPulls && options.settled) {
    await markGreenAsMerged(database, head, now())
    return nothingToRead
  }
  if (!hasPulls && posted?.state !== 'passed' && posted?.runId !== null) return nothingToRead
  // A policy that only reported may be enforced now.
  const onlyReported = posted?.title.startsWith(reportOnlyTitle) === true && !combined.reportOnly
  const isGreen = posted?.state === 'passed' && posted.runId !== null && !onlyReported
  // A repository that could not be reached has its access again.
  if (isGreen && hasPulls && !posted.outstanding && !combined.reportOnly)
    await markOutstanding(database, head)
  const turnsGreen = combined.state === 'passed' && !isGreen
  const { read, isStale, ...again } = turnsGreen ? await basisOf(shell, verdicts) : noBasis
  if (isStale && !posted?.outstanding) return again
  const desired = isStale ? reading(combined) : combined
  const written = await writeIfChanged(shell, head, posted, desired, options).catch((error) => {
    if (!isNoRoomForGreen(error)) throw error
    return writeIfChanged(shell, head, posted, queued(combined), options)
  })
  return { ...(written && { written: withMonitors(written, read) }), ...again }
}

/** `read`: the monitors that a green check is based on, as they were read last. */
type Basis = Omit<Outcome, 'written'> & { read: StoredMonitor[]; isStale: boolean }
const noBasis: Basis = { ...nothingToRead, read: [], isStale: false }

async function basisOf({ database, now }: Publishing, verdicts: HeadVerdict[]): Promise<Basis> {
  const read = await monitorsOnHead(database, verdicts)
  const toRead = staleVerdicts(verdicts, read, now())
  const monitors = staleMonitors(read, now())
  return { read, toRead, monitors, isStale: toRead.length > 0 || monitors.length > 0 }
}

function withMonitors(written: Published, monitors: StoredMonitor[]): Published {
  return written.state === 'passed' && monitors.length > 0 ? { ...written, monitors } : written
}

/** How the monitors that the verdicts of a head are based on were read last. */
function monitorsOnHead(db: Queryable, verdicts: HeadVerdict[]): Promise<StoredMonitor[]> {
  const ids = decisivePulls(verdicts).flatMap(
    ({ snapshot }) => snapshot.health?.monitors.map(({ id }) => id) ?? [],
  )
  return monitorsOf(db, [...new Set(ids)])
}

/**
 * Of the verdicts that count, those on whose facts no check may turn green. Freezes need no look here: a verdict is kept under
 * the freeze of then, and an order to freeze makes it due at once.
 */
function staleVerdicts(verdicts: HeadVerdict[], monitors: StoredMonitor[], now: Date): PullRef[] {
  const saysOther = ({ snapshot }: HeadVerdict) =>
    snapshot.health?.monitors.some(
      ({ id, state }) => monitors.find((one) => one.id === id)?.state !== state,
    ) === true
  return decisivePulls(verdicts)
    .filter((verdict) => {
      const { snapshot, upToDate, nextAt } = verdict
      // The calendar decides stored facts again, which does not make them newer.
      const readAt = new Date(snapshot.takenAt)
      const changedSince = !upToDate || saysOther(verdict)
      return reasonNotToTurnGreen({ readAt, changedSince, nextAt }, now)
    })
    .map(({ pull }) => pull)
}

function reading(combined: Combined): Combined {
  return { ...combined, state: 'waiting', report: staleFactsReport() }
}

/** A check that would turn green waits where GitHub's limits leave no room to revoke it in time. */
function queued(combined: Combined): Combined {
  return { ...combined, state: 'waiting', report: waitingForTurnReport() }
}

async function writeIfChanged(
  shell: Publishing,
  head: Head,
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  desired: Combined,
  { force = false, quiet = false }: PublishOptions,
): Promise<Published | undefined> {
  const expiring =
    posted?.state === 'waiting' && shell.now().getTime() - posted.postedAt.getTime() > incompleteFor
  const known =
    posted !== undefined &&
    posted.runId !== null &&
    posted.state === desired.state &&
    posted.title === desired.report.title
  const same = known && (quiet || posted.digest === digestOf(desired.report))
  const postponed = known && !same && (await isCrowded(shell.database, head.installationId, shell.now()))
  if (postponed && !force && !expiring) await forgetSeen(shell.database, head, head.sha)
  if ((same || postponed) && !force && !expiring) return undefined
  const { runId } = await writeCheck(shell, head, expiring ? undefined : posted, {
    ...desired,
    pull: desired.pulls[0],
  })
  return { runId, state: desired.state, title: desired.report.title, pulls: desired.pulls }
}

/** `pulls`: the open pull requests with this head. */
type Combined = Desired & { pulls: number[] }

/**
 * The worst verdict over the pull requests of a head is shown for all of them; those that do not count are listed. A pull
 * request without a verdict counts until it has one, since its author is not known yet.
 */
function combine(all: StoredVerdict[], pending: Pending[]): Combined {
  const counting = decisivePulls(all)
  if (counting.length === 0 && pending.length === 0) {
    return {
      state: 'waiting',
      report: revokedReport('No open pull request has this head anymore'),
      pulls: [],
    }
  }
  const unreadable = pending.find(({ problem }) => problem !== undefined)?.problem
  const state = worst([
    ...counting.map((verdict) => verdict.state),
    ...(pending.length > 0 ? [unreadable ? ('failed' as const) : ('waiting' as const)] : []),
  ])
  const shown = counting.find((verdict) => verdict.state === state)
  const report = shown?.report ?? pendingReport(pending, unreadable)
  const others = shown ? counting.filter((verdict) => verdict !== shown) : []
  const notCounting = all.filter((verdict) => !counting.includes(verdict))
  // Whose result it is comes first: the readers of the others would look for it in their own pull request.
  const summary = [
    ...(others.length > 0 && shown ? [sharedHeadNote(shown, others)] : []),
    report.summary,
    ...(notCounting.length > 0 ? [notCountingNote(notCounting)] : []),
  ].join('\n\n')
  const onlyOutsiders = all.length > 0 && !all.some(hasWriteAccess)
  const pulls = [...all.map(({ pull }) => pull.number), ...pending.map(({ number }) => number)]
  const reportOnly = counting.length > 0 && counting.every(({ policy }) => policy?.enforce === false)
  return { state, report: { ...report, summary }, pulls, onlyOutsiders, reportOnly }
}

function pendingReport(pending: Pending[], unreadable: Unreadable | undefined): CheckReport {
  return unreadable
    ? unverifiedReport(unreadable)
    : pendingEvaluationReport(pending.map(({ number }) => number))
}

function notCountingNote(verdicts: StoredVerdict[]): string {
  const pulls = listOf(verdicts)
  const does = verdicts.length === 1 ? 'has this head too and does' : 'have this head too and do'
  return `${pulls} ${does} not count: the author has no write access, and cannot block another change to the same branch.`
}

function sharedHeadNote(shown: StoredVerdict, others: StoredVerdict[]): string {
  const have = others.length === 1 ? 'has' : 'have'
  return `A check belongs to a commit, and ${listOf(others)} ${have} this head too. The strictest result is shown, that of ${listOf([shown])}.`
}

function listOf(verdicts: StoredVerdict[]): string {
  return list(verdicts.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`))
}
