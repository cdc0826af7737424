import { createHash, randomUUID } from 'node:crypto'
import type { FindingState } from '../decision/gate.ts'
import type { CheckReport } from '../decision/report.ts'
import { createRun, findRun, type StandingRun, stands, updateRun } from '../services/github/checks.ts'
import type { GitHub } from '../services/github/client.ts'
import { type Head, type PostedRun, savePostedRun } from '../store/check-runs.ts'
import type { Database } from '../store/database.ts'
import { type Purpose, reserveWrite } from '../store/write-budget.ts'

export type Publishing = { database: Database; github: GitHub; now: () => Date; signal: AbortSignal }

/** What was written to GitHub. */
export type Published = { runId: number; state: FindingState; title: string }

/** `outsiders`: nobody offers the commit who may write. */
type Wish = { state: FindingState; report: CheckReport; outsiders?: boolean }

/**
 * Writes the check of a commit: patches the run that stands where that can be, posts a new one otherwise, at the pace of
 * GitHub's limits. What is about to be written is kept first, so that after a lost answer the run is looked up by the id
 * that we gave it and not posted twice.
 */
export async function writeCheck(
  shell: Publishing,
  head: Head,
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  wish: Wish,
): Promise<{ runId: number }> {
  const found =
    posted?.runId === null ? await findRun(shell.github, head, head.sha, posted.externalId) : undefined
  if (posted && found && posted.digest === digestOf(wish.report) && stands(found, wish.report)) {
    await savePostedRun(shell.database, head, { ...posted, runId: found.id }, shell.now())
    return { runId: found.id }
  }
  const aim = { ...wish, purpose: purposeOf(posted, wish) }
  const open = openRun(posted, found)
  const patched = open && (await patch(shell, head, open, aim))
  return patched ?? (await post(shell, head, aim))
}

type Aim = Wish & { purpose: Purpose }

function purposeOf(
  posted: (PostedRun & { outstanding: boolean }) | undefined,
  { state, outsiders }: Wish,
): Purpose {
  if (state === 'passed') return posted?.outstanding ? 'say' : 'turn green'
  // One that was settled, and is offered again, is taken back like any other green one.
  if (posted?.outstanding || posted?.state === 'passed') return 'take back'
  return outsiders ? 'say to outsiders' : 'say'
}

type OpenRun = PostedRun & { runId: number }

/** The run that may still be patched: ours, on this commit, not completed. */
function openRun(posted: PostedRun | undefined, found: StandingRun | undefined): OpenRun | undefined {
  if (!posted) return undefined
  if (posted.runId !== null) {
    return posted.state === 'waiting' ? { ...posted, runId: posted.runId } : undefined
  }
  return found && found.status !== 'completed' ? { ...posted, runId: found.id } : undefined
}

/** Undefined: GitHub answered, and the run does not stand as it was asked to. A completed run cannot be taken back. */
async function patch(
  shell: Publishing,
  head: Head,
  open: OpenRun,
  wish: Aim,
): Promise<{ runId: number } | undefined> {
  const { externalId, postedAt } = open
  const run = await write(shell, head, wish, { externalId, postedAt }, () =>
    updateRun(shell.github, head, { id: open.runId, report: wish.report }),
  )
  return run && { runId: run.id }
}

async function post(shell: Publishing, head: Head, wish: Aim): Promise<{ runId: number }> {
  const externalId = randomUUID()
  const run = await write(shell, head, wish, { externalId, postedAt: shell.now() }, () =>
    createRun(shell.github, head, { sha: head.sha, externalId, report: wish.report }),
  )
  if (!run) throw new Error(`GitHub did not take the check of ${head.sha} as it was posted`)
  return { runId: run.id }
}

/** Keeps the intent, writes, and keeps what stands; undefined where that is not what was asked for. */
async function write(
  shell: Publishing,
  head: Head,
  { state, report, purpose }: Aim,
  run: { externalId: string; postedAt: Date },
  send: () => Promise<StandingRun>,
): Promise<StandingRun | undefined> {
  const { database, now, signal } = shell
  const intent = { ...run, state, title: report.title, digest: digestOf(report) }
  signal.throwIfAborted()
  await database.transaction(async (tx) => {
    await reserveWrite(tx, head.installationId, now(), purpose)
    await savePostedRun(tx, head, { ...intent, runId: null }, now())
  })
  const standing = await send()
  if (!stands(standing, report)) return undefined
  await savePostedRun(database, head, { ...intent, runId: standing.id }, now())
  return standing
}

export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
