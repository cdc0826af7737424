import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { waitingForTurnReport } from '../../decision/report.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import type { GitHub } from '../../services/github/client.ts'
import { isUnwritable } from '../../services/github/gone.ts'
import { type HeadToWrite, headsToWrite } from '../../store/check-runs.ts'
import type { Database } from '../../store/database.ts'
import { isAnyUnread } from '../../store/inbox.ts'
import { retryTimeOf } from '../../store/retry-after-error.ts'
import { hasRoomForGreen } from '../../store/write-budget.ts'
import { publishHead } from '../publish.ts'
import { appendPublished } from '../records.ts'
import { freshFor } from './schedule.ts'

export type HeadsShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  now: () => Date
  board?: string | undefined
  log: Pick<Logger, 'warn'>
}

/** `again`: pull requests whose facts must be read again; `monitors`: those that must be. */
export type Written = { failures: unknown[]; again: PullRef[]; monitors: number[]; turnedGreen: boolean }

/** How many at a time, across all installations. */
const atOnce = 8

/**
 * Writes every check that differs from its verdicts, those that must not be green first. A failure does not delay the others.
 * Once all running writes of an installation have hit a rate limit, no more are tried for it.
 */
export async function writeHeads(shell: HeadsShell, signal: AbortSignal): Promise<Written> {
  const heads = await headsToWrite(shell.database, {
    readSince: new Date(shell.now().getTime() - freshFor),
    queued: waitingForTurnReport().title,
  })
  const written: Written = { failures: [], again: [], monitors: [], turnedGreen: false }
  const round: Round = { written, limited: new Map(), full: new Set() }
  for (const turnsGreen of [false, true]) {
    const limit = pLimit(atOnce)
    const part = heads.filter((head) => head.turnsGreen === turnsGreen)
    await Promise.all(part.map((head) => limit(() => attempt(shell, head, signal, round))))
  }
  signal.throwIfAborted()
  return written
}

/** `limited`: how many have hit a rate limit, by installation. `full`: installations in which no other check may turn green. */
type Round = { written: Written; limited: Map<number, number>; full: Set<number> }

async function attempt(
  shell: HeadsShell,
  head: HeadToWrite,
  signal: AbortSignal,
  round: Round,
): Promise<void> {
  const { written, limited } = round
  const limits = limited.get(head.installationId) ?? 0
  if (limits >= atOnce || signal.aborted) return
  try {
    const outcome = await writeHead(shell, head, signal, round)
    if (outcome !== 'as it was') written.again.push(...pullsOf(head))
    if (outcome === 'green') written.turnedGreen = true
  } catch (error) {
    if (isUnwritable(error)) {
      shell.log.warn(
        { head, problem: String(error) },
        'A check could not be written: its commit or repository is gone',
      )
      return
    }
    if (retryTimeOf(error)) limited.set(head.installationId, (limited.get(head.installationId) ?? 0) + 1)
    written.failures.push(error)
  }
}

type Done = 'green' | 'not green' | 'as it was' | 'to be read'

/**
 * Old facts never turn a check green: where it has room to, they are `to be read` first. Whatever was written is read
 * afresh too, in the background.
 */
async function writeHead(
  shell: HeadsShell,
  head: HeadToWrite,
  signal: AbortSignal,
  round: Round,
): Promise<Done> {
  const { database, github, now, board } = shell
  const instead = head.turnsGreen ? await insteadOfGreen(shell, head, round) : undefined
  if (instead) return instead
  const publishing = { database, github: await github(head.installationId), now, signal, board }
  const { written, toRead, monitors } = await publishHead(publishing, head, { quiet: true })
  round.written.monitors.push(...monitors)
  if (!written) return toRead.length > 0 ? 'to be read' : 'as it was'
  await appendPublished(database, head, written, now())
  return written.state === 'passed' ? 'green' : 'not green'
}

/**
 * The outcome for a check that must not turn green yet; undefined if nothing prevents it. One that may be green already, since
 * GitHub's answer is not known, needs no other room.
 */
async function insteadOfGreen(
  { database, now }: HeadsShell,
  { installationId, queued, fresh, outstanding }: HeadToWrite,
  { full }: Round,
): Promise<Done | undefined> {
  // An unprocessed delivery may be about this pull request.
  const isFresh = fresh && !(await isAnyUnread(database))
  if (outstanding) return isFresh ? undefined : 'to be read'
  if (!queued && isFresh) return undefined
  if (!full.has(installationId) && (await hasRoomForGreen(database, installationId, now())))
    return isFresh ? undefined : 'to be read'
  full.add(installationId)
  return queued ? 'as it was' : undefined
}

function pullsOf({ installationId, repositoryId, owner, repo, numbers }: HeadToWrite): PullRef[] {
  return numbers.map((number) => ({ installationId, repositoryId, owner, repo, number }))
}
