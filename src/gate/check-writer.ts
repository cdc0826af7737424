import { createHash, randomUUID } from 'node:crypto'
import type { FindingState } from '../decision/gate.ts'
import type { CheckReport } from '../decision/report.ts'
import { createRun, findRun, matchesReport, type StandingRun, updateRun } from '../services/github/checks.ts'
import type { GitHub } from '../services/github/client.ts'
import { type Head, type PostedRun, savePostedRun } from '../store/check-runs.ts'
import type { Database } from '../store/database.ts'
import type { StoredMonitor } from '../store/monitors.ts'
import { type Purpose, reserveWrite } from '../store/write-budget.ts'

/** `board`: the address of the board, where people can open it. */
export type Publishing = {
  database: Database
  github: GitHub
  now: () => Date
  signal: AbortSignal
  board?: string | undefined
}

/**
 * A check as written to GitHub. `pulls`: the open pull requests with that head. `monitors`: how those that a green one is based on
 * were read last.
 */
export type Published = {
  runId: number
  state: FindingState
  title: string
  pulls: number[]
  monitors?: StoredMonitor[]
}

/** The desired state of a check. `onlyOutsiders`: no author of a pull request with this head has write access. */
export type Desired = {
  state: FindingState
  report: CheckReport
  onlyOutsiders?: boolean
  /** Green under a policy that only reports: it never has to be revoked in time. */
  reportOnly?: boolean
  /** The pull request whose page the check links to. */
  pull?: number | undefined
}

/**
 * Writes the check of a commit at the pace of GitHub's limits: patches the run that is there where that is possible, posts a
 * new one otherwise. The intended write is stored first, so that after a lost answer the run is found by our id and not posted
 * twice.
 */
export async function writeCheck(
  shell: Publishing,
  head: Head,
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  desired: Desired,
): Promise<{ runId: number }> {
  const { reportOnly = false } = desired
  const found =
    posted?.runId === null ? await findRun(shell.github, head, head.sha, posted.externalId) : undefined
  if (posted && found && posted.digest === digestOf(desired.report) && matchesReport(found, desired.report)) {
    await savePostedRun(shell.database, head, { ...posted, runId: found.id, reportOnly }, shell.now())
    return { runId: found.id }
  }
  const write = { ...desired, purpose: purposeOf(posted, desired) }
  const open = openRun(posted, found)
  const patched = open && (await patch(shell, head, open, write))
  return patched ?? (await post(shell, head, write))
}

type Write = Desired & { purpose: Purpose }

function purposeOf(
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  { state, onlyOutsiders, reportOnly }: Desired,
): Purpose {
  if (state === 'passed' && reportOnly) return 'update'
  // One that only may be green takes its turn like the others: more may be green after a restore than the hour can revoke.
  if (state === 'passed') return posted?.outstanding && posted.state === 'passed' ? 'update' : 'turn green'
  // A settled one that has a pull request again is revoked like any other.
  if (posted?.outstanding || posted?.state === 'passed') return 'revoke green'
  return onlyOutsiders ? 'update for outsiders' : 'update'
}

type OpenRun = PostedRun & { runId: number }

/** The run that can still be patched: ours, on this commit, not completed. */
function openRun(posted: PostedRun | undefined, found: StandingRun | undefined): OpenRun | undefined {
  if (!posted) return undefined
  if (posted.runId !== null) {
    return posted.state === 'waiting' ? { ...posted, runId: posted.runId } : undefined
  }
  return found && found.status !== 'completed' ? { ...posted, runId: found.id } : undefined
}

/** Undefined: GitHub answered, and the run is not as requested. A completed run cannot be reopened. */
async function patch(
  shell: Publishing,
  head: Head,
  open: OpenRun,
  write: Write,
): Promise<{ runId: number } | undefined> {
  const { externalId, postedAt } = open
  const run = await send(shell, head, write, { externalId, postedAt }, () =>
    updateRun(shell.github, head, { id: open.runId, report: write.report }),
  )
  return run && { runId: run.id }
}

async function post(shell: Publishing, head: Head, write: Write): Promise<{ runId: number }> {
  const externalId = randomUUID()
  const run = await send(shell, head, write, { externalId, postedAt: shell.now() }, () =>
    createRun(shell.github, head, {
      sha: head.sha,
      externalId,
      report: write.report,
      detailsUrl: detailsUrl(shell, head, write),
    }),
  )
  if (!run) throw new Error(`GitHub did not take the check of ${head.sha} as it was posted`)
  return { runId: run.id }
}

/** Stores the intent, writes, and stores the result; undefined where the result is not as requested. */
async function send(
  shell: Publishing,
  head: Head,
  { state, report, purpose, reportOnly = false }: Write,
  run: { externalId: string; postedAt: Date },
  request: () => Promise<StandingRun>,
): Promise<StandingRun | undefined> {
  const { database, now, signal } = shell
  const intent = { ...run, state, title: report.title, digest: digestOf(report), reportOnly }
  signal.throwIfAborted()
  await database.transaction(async (tx) => {
    await reserveWrite(tx, head.installationId, now(), purpose)
    await savePostedRun(tx, head, { ...intent, runId: null }, now())
  })
  const standing = await request()
  if (!matchesReport(standing, report)) return undefined
  await savePostedRun(database, head, { ...intent, runId: standing.id }, now())
  return standing
}

/** The page of the change on the board. */
function detailsUrl({ board }: Publishing, { owner, repo }: Head, { pull }: Desired): string | undefined {
  return board && pull ? `${board}/changes/${owner}/${repo}/${pull}` : undefined
}

export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
