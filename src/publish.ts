import { digestOf, type Published, type Publishing, writeCheck } from './check-writer.ts'
import type { FindingState } from './decision/gate.ts'
import { code, list } from './decision/markdown.ts'
import { type CheckReport, heldReport, takenBackReport, unjudgedReport } from './decision/report.ts'
import { withSay } from './decision/say.ts'
import { worst } from './decision/verdict.ts'
import { retryAfter } from './retry-later.ts'
import { type Head, type PostedRun, postedRun, settleGreen } from './services/check-runs.ts'
import { withLease } from './services/leases.ts'
import { type StoredVerdict, verdictsOnHead } from './services/verdicts.ts'
import { isCrowded, mayTurnGreen } from './write-budget.ts'

/** GitHub makes an incomplete run `stale` after 14 days; it is written anew a day earlier. */
const freshFor = 13 * 24 * 3600 * 1000

export type PublishOptions = {
  /** Write in any case, for "rerequested". */
  force?: boolean
  /** Write only where the state or the title is another one: the calendar must not rewrite every waiting check. */
  quiet?: boolean
  /** Open pull requests on this head that have not been judged yet: nothing is green before they are. */
  unjudged?: number[]
  /** The commit was merged into the only branch that the policy covers: its green lets nothing through any more. */
  settled?: boolean
}

/**
 * Brings the check of a commit to the worst verdict over all open pull requests that offer it, writing only what
 * changed. One process at a time writes the check of a commit, and reads the verdicts only then, so that a slow writer
 * cannot put an old verdict over a new one.
 * @returns what was written, or undefined where nothing had to change.
 */
export async function publishHead(
  shell: Publishing,
  head: Head,
  options: PublishOptions = {},
): Promise<Published | undefined> {
  const key = `check ${head.installationId}/${head.repositoryId}/${head.sha}`
  const lease = await withLease(shell.database, key, shell.now, async () => {
    const posted = await postedRun(shell.database, head)
    const judged = await verdictsOnHead(shell.database, head, head.sha)
    const missing = (options.unjudged ?? []).filter(
      (number) => !judged.some((verdict) => verdict.pull.number === number),
    )
    const wish = combine(judged, missing)
    if (!wish.pulls && options.settled) return settleGreen(shell.database, head, shell.now())
    if (!wish.pulls && posted?.state !== 'passed' && posted?.runId !== null) return undefined
    return bring(shell, head, posted, await inTurn(shell, head, posted, wish), options)
  })
  if (!lease) throw retryAfter(new Date(shell.now().getTime() + 2_000), 'another process writes this check')
  return lease.result
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
  return { ...wish, state: 'waiting', report: heldReport() }
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

type Wish = { state: FindingState; report: CheckReport; pulls: boolean }

/**
 * The worst verdict over the pull requests of a head speaks for all of them; those without a say are named. A pull request
 * that is not judged yet has a say until it is, since nobody knows whose it is.
 */
function combine(all: StoredVerdict[], missing: number[]): Wish {
  const judged = withSay(all)
  if (judged.length === 0 && missing.length === 0) {
    return {
      state: 'waiting',
      report: takenBackReport('No open pull request has this head any more'),
      pulls: false,
    }
  }
  const state = worst([
    ...judged.map((verdict) => verdict.state),
    ...(missing.length > 0 ? ['waiting' as const] : []),
  ])
  const speaker = judged.find((verdict) => verdict.state === state)
  const report = speaker ? speaker.report : unjudgedReport(missing)
  const others = judged.filter((verdict) => verdict !== speaker)
  const silent = all.filter((verdict) => !judged.includes(verdict))
  const notes = [
    ...(others.length > 0 && speaker ? [alsoOffered(speaker, others)] : []),
    ...(silent.length > 0 ? [withoutSay(silent)] : []),
  ]
  const note = notes.map((each) => `\n\n${each}`).join('')
  return { state, report: { ...report, summary: report.summary + note }, pulls: true }
}

function withoutSay(silent: StoredVerdict[]): string {
  const offers = silent.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`)
  return `${list(offers)} ${offers.length === 1 ? 'offers' : 'offer'} this commit too and ${offers.length === 1 ? 'has' : 'have'} no say: the author may not write here, and cannot hold back somebody else's change to the same branch.`
}

function alsoOffered(speaker: StoredVerdict, others: StoredVerdict[]): string {
  const offers = others.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`)
  return `The check belongs to the commit, which ${list(offers)} ${offers.length === 1 ? 'offers' : 'offer'} too; shown is #${speaker.pull.number} to ${code(speaker.baseRef)}, the worst of them.`
}
