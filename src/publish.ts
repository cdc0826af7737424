import { createHash, randomUUID } from 'node:crypto'
import type { FindingState } from './decision/gate.ts'
import { code, list } from './decision/markdown.ts'
import { type CheckReport, takenBackReport, unjudgedReport } from './decision/report.ts'
import { worst } from './decision/verdict.ts'
import { retryAfter } from './retry-later.ts'
import { type Head, type PostedRun, postedRun, savePostedRun, withLease } from './services/check-runs.ts'
import type { Database } from './services/database.ts'
import { createRun, findRun, type StandingRun, stands, updateRun } from './services/github/checks.ts'
import type { GitHub } from './services/github/client.ts'
import { type StoredVerdict, verdictsOnHead } from './services/verdicts.ts'

export type Publishing = { database: Database; github: GitHub; now: () => Date; signal: AbortSignal }

/** What was written to GitHub, or undefined where nothing had to change. */
export type Published = { runId: number; state: FindingState; title: string }

/** GitHub makes an incomplete run `stale` after 14 days; it is written anew a day earlier. */
const freshFor = 13 * 24 * 3600 * 1000

/**
 * Brings the check of a commit to the worst verdict over all open pull requests that offer it, writing only what
 * changed (`force`: written in any case, for "rerequested"). One process at a time writes the check of a commit, and reads the verdicts
 * only then, so that a slow writer cannot put an old verdict over a new one.
 * `unjudged` are open pull requests on this head that have not been judged yet: nothing is green before they are.
 */
export async function publishHead(
  shell: Publishing,
  head: Head,
  options: { force?: boolean; unjudged?: number[] } = {},
): Promise<Published | undefined> {
  const key = `check ${head.installationId}/${head.repositoryId}/${head.sha}`
  const lease = await withLease(shell.database, key, shell.now, async () => {
    const posted = await postedRun(shell.database, head)
    const judged = await verdictsOnHead(shell.database, head, head.sha)
    const missing = (options.unjudged ?? []).filter(
      (number) => !judged.some((verdict) => verdict.pull.number === number),
    )
    const wish = combine(judged, missing)
    if (!wish.pulls && posted?.state !== 'passed') return undefined
    return write(shell, head, posted, wish, options.force === true)
  })
  if (!lease) throw retryAfter(new Date(shell.now().getTime() + 2_000), 'another process writes this check')
  return lease.result
}

type Wish = { state: FindingState; report: CheckReport; pulls: boolean }

/** The worst verdict over the pull requests of a head speaks for all of them. */
function combine(judged: StoredVerdict[], missing: number[]): Wish {
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
  const note = others.length > 0 && speaker ? `\n\n${alsoOffered(speaker, others)}` : ''
  return { state, report: { ...report, summary: report.summary + note }, pulls: true }
}

function alsoOffered(speaker: StoredVerdict, others: StoredVerdict[]): string {
  const offers = others.map((verdict) => `#${verdict.pull.number} to ${code(verdict.baseRef)}`)
  return `The check belongs to the commit, which ${list(offers)} ${offers.length === 1 ? 'offers' : 'offer'} too; shown is #${speaker.pull.number} to ${code(speaker.baseRef)}, the worst of them.`
}

async function write(
  shell: Publishing,
  head: Head,
  posted: PostedRun | undefined,
  wish: Wish,
  force: boolean,
): Promise<Published | undefined> {
  const digest = digestOf(wish.report)
  const age = posted ? shell.now().getTime() - posted.postedAt.getTime() : 0
  const stale = posted?.state === 'waiting' && age > freshFor
  const same = posted?.digest === digest && !force && !stale
  if (posted?.runId && same) return undefined
  // The answer to the last write was lost: did it arrive? A second run of the same wish would be noise.
  const found =
    posted?.runId === null ? await findRun(shell.github, head, head.sha, posted.externalId) : undefined
  const run =
    posted && found && same && stands(found, wish.report)
      ? await adopt(shell, head, posted, found)
      : await carryOut(shell, head, wish, digest, stale ? undefined : openRun(posted, found))
  return { runId: run.id, state: wish.state, title: wish.report.title }
}

async function adopt(
  shell: Publishing,
  head: Head,
  posted: PostedRun,
  found: StandingRun,
): Promise<StandingRun> {
  await savePostedRun(shell.database, head, { ...posted, runId: found.id })
  return found
}

/** The run that may still be patched: ours, on this commit, not completed. */
function openRun(posted: PostedRun | undefined, found: StandingRun | undefined): OpenRun | undefined {
  if (!posted) return undefined
  if (posted.runId !== null)
    return posted.state === 'waiting' ? { ...posted, runId: posted.runId } : undefined
  return found && found.status !== 'completed' ? { ...posted, runId: found.id } : undefined
}

type OpenRun = PostedRun & { runId: number }

async function carryOut(
  shell: Publishing,
  head: Head,
  wish: Wish,
  digest: string,
  open: OpenRun | undefined,
): Promise<StandingRun> {
  shell.signal.throwIfAborted()
  const intent = { state: wish.state, digest, postedAt: open?.postedAt ?? shell.now() }
  if (open) {
    // Until GitHub has answered it is not known what stands: an unknown run is looked up again.
    await savePostedRun(shell.database, head, { ...intent, externalId: open.externalId, runId: null })
    const run = await updateRun(shell.github, head, { id: open.runId, report: wish.report })
    if (stands(run, wish.report)) {
      await savePostedRun(shell.database, head, { ...intent, externalId: open.externalId, runId: run.id })
      return run
    }
  }
  const externalId = randomUUID()
  await savePostedRun(shell.database, head, { ...intent, postedAt: shell.now(), externalId, runId: null })
  const run = await createRun(shell.github, head, { sha: head.sha, externalId, report: wish.report })
  if (!stands(run, wish.report))
    throw new Error(`GitHub keeps the check at ${run.status} ${run.conclusion ?? ''}`)
  await savePostedRun(shell.database, head, { ...intent, postedAt: shell.now(), externalId, runId: run.id })
  return run
}

export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
