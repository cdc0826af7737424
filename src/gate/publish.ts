import type { FindingState } from '../decision/gate.ts'
import { code, list } from '../decision/markdown.ts'
import {
  type CheckReport,
  pendingEvaluationReport,
  revokedReport,
  staleFactsReport,
  waitingForTurnReport,
} from '../decision/report.ts'
import { decisivePulls, hasWriteAccess } from '../decision/same-head-pulls.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { unverifiedReport } from '../decision/unverified-report.ts'
import { worst } from '../decision/verdict.ts'
import { type Head, type PostedRun, postedRun, settleGreen } from '../store/check-runs.ts'
import { withLease } from '../store/leases.ts'
import { retryAfter } from '../store/retry-later.ts'
import { type Pending, pendingOn } from '../store/verdicts/pending.ts'
import { type OfferVerdict, type StoredVerdict, verdictsOnHead } from '../store/verdicts.ts'
import { isCrowded, mayTurnGreen } from '../store/write-budget.ts'
import { freshFor as freshFacts } from './calendar/schedule.ts'
import { digestOf, type Published, type Publishing, writeCheck } from './check-writer.ts'

/** GitHub makes an incomplete run `stale` after 14 days; it is written anew a day earlier. */
const freshFor = 13 * 24 * 3600 * 1000

export type PublishOptions = {
  /** Write in any case, for "rerequested". */
  force?: boolean
  /** Write only where the state or the title is another one: the calendar must not rewrite every waiting check. */
  quiet?: boolean
  /** The pull request that has just been read: its own facts are fresh, whatever was heard of it meanwhile. */
  justRead?: number
  /** The only branch that the policy covers holds the commit: its green lets nothing through any more. */
  settled?: boolean
}

/** What became of a check. `toRead`: it would turn green, and these must be read again first. */
export type Outcome = { written?: Published; toRead: PullRef[] }

/**
 * Brings the check of a commit to the worst verdict over all open pull requests that offer it, writing only what
 * changed. One process at a time writes the check of a commit, and reads the verdicts only then, so that a slow writer
 * cannot put an old verdict over a new one.
 */
export async function publishHead(
  shell: Publishing,
  head: Head,
  options: PublishOptions = {},
): Promise<Outcome> {
  const key = `check ${head.installationId}/${head.repositoryId}/${head.sha}`
  const lease = await withLease(shell.database, key, shell.now, () => publish(shell, head, options))
  if (!lease) throw retryAfter(new Date(shell.now().getTime() + 2_000), 'another process writes this check')
  return lease.result
}

async function publish(shell: Publishing, head: Head, options: PublishOptions): Promise<Outcome> {
  const { database, now } = shell
  const posted = await postedRun(database, head)
  const judged = await verdictsOnHead(database, head, head.sha)
  const wish = combine(judged, await pendingOn(database, head, head.sha))
  if (!wish.pulls && options.settled) {
    await settleGreen(database, head, now())
    return { toRead: [] }
  }
  if (!wish.pulls && posted?.state !== 'passed' && posted?.runId !== null) return { toRead: [] }
  const toRead =
    wish.state === 'passed' && posted?.state !== 'passed' ? notFresh(judged, options.justRead, now()) : []
  if (toRead.length > 0 && !posted?.outstanding) return { toRead }
  const held = toRead.length > 0 ? { ...wish, state: 'waiting' as const, report: staleFactsReport() } : wish
  const written = await bring(shell, head, posted, await inTurn(shell, head, posted, held), options)
  return { ...(written && { written }), toRead }
}

/**
 * Those with a say by whose facts no check may turn green: read long ago, heard of since, or past the time at which the
 * calendar changes their verdict.
 */
function notFresh(judged: OfferVerdict[], justRead: number | undefined, now: Date): PullRef[] {
  const isPast = ({ nextAt }: OfferVerdict) => nextAt !== undefined && nextAt <= now
  const isOld = ({ decidedAt, unheard }: OfferVerdict) =>
    !unheard || now.getTime() - decidedAt.getTime() > freshFacts
  return decisivePulls(judged)
    .filter((verdict) => isPast(verdict) || (verdict.pull.number !== justRead && isOld(verdict)))
    .map(({ pull }) => pull)
}

/** A check that would turn green waits for its turn where GitHub's limits could not take it back in time. */
async function inTurn(
  shell: Publishing,
  head: Head,
  posted: PostedRun | undefined,
  wish: Wish,
): Promise<Wish> {
  if (wish.state !== 'passed' || posted?.state === 'passed') return wish
  if (await mayTurnGreen(shell.database, head.installationId, shell.now())) return wish
  return { ...wish, state: 'waiting', report: waitingForTurnReport() }
}

async function bring(
  shell: Publishing,
  head: Head,
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  wish: Wish,
  { force = false, quiet = false }: PublishOptions,
): Promise<Published | undefined> {
  const stale = posted?.state === 'waiting' && shell.now().getTime() - posted.postedAt.getTime() > freshFor
  const known =
    posted !== undefined &&
    posted.runId !== null &&
    posted.state === wish.state &&
    posted.title === wish.report.title
  const same =
    known &&
    (quiet ||
      posted.digest === digestOf(wish.report) ||
      (await isCrowded(shell.database, head.installationId, shell.now())))
  if (same && !force && !stale) return undefined
  const { runId } = await writeCheck(shell, head, stale ? undefined : posted, wish)
  return { runId, state: wish.state, title: wish.report.title }
}

type Wish = { state: FindingState; report: CheckReport; pulls: boolean; outsiders?: boolean }

/**
 * The worst verdict over the pull requests of a head speaks for all of them; those without a say are named. A pull request
 * that is not judged yet has a say until it is, since nobody knows whose it is.
 */
function combine(all: StoredVerdict[], pending: Pending[]): Wish {
  const judged = decisivePulls(all)
  const missing = pending.map(({ number }) => number)
  const unreadable = pending.find(({ problem }) => problem !== undefined)?.problem
  if (judged.length === 0 && missing.length === 0) {
    return {
      state: 'waiting',
      report: revokedReport('No open pull request has this head any more'),
      pulls: false,
    }
  }
  const state = worst([
    ...judged.map((verdict) => verdict.state),
    ...(missing.length > 0 ? [unreadable ? ('failed' as const) : ('waiting' as const)] : []),
  ])
  const speaker = judged.find((verdict) => verdict.state === state)
  const withoutVerdict = unreadable ? unverifiedReport(unreadable) : pendingEvaluationReport(missing)
  const report = speaker ? speaker.report : withoutVerdict
  const others = judged.filter((verdict) => verdict !== speaker)
  const silent = all.filter((verdict) => !judged.includes(verdict))
  const notes = [
    ...(others.length > 0 && speaker ? [alsoOffered(speaker, others)] : []),
    ...(silent.length > 0 ? [withoutSay(silent)] : []),
  ]
  const note = notes.map((each) => `\n\n${each}`).join('')
  const outsiders = all.length > 0 && !all.some(hasWriteAccess)
  return { state, report: { ...report, summary: report.summary + note }, pulls: true, outsiders }
}

function withoutSay(silent: StoredVerdict[]): string {
  const offers = silent.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`)
  return `${list(offers)} ${offers.length === 1 ? 'offers' : 'offer'} this commit too and ${offers.length === 1 ? 'has' : 'have'} no say: the author may not write here, and cannot hold back somebody else's change to the same branch.`
}

function alsoOffered(speaker: StoredVerdict, others: StoredVerdict[]): string {
  const offers = others.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`)
  return `The check belongs to the commit, which ${list(offers)} ${offers.length === 1 ? 'offers' : 'offer'} too; shown is #${speaker.pull.number} to ${code(speaker.baseRef)}, the worst of them.`
}
