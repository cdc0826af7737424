import type { Logger } from 'pino'
import { type Anchor, anchorIssue, anchorLine, readAnchors } from '../decision/anchor.ts'
import { plural } from '../decision/markdown.ts'
import { addLine, botIssue, readIssueBody } from '../services/github/bot-issues.ts'
import type { GitHub } from '../services/github/client.ts'
import { orGone } from '../services/github/errors.ts'
import {
  anchorsIn,
  firstMissing,
  headsToAnchor,
  type KeptAnchor,
  saveAnchor,
} from '../store/audit/anchors.ts'
import type { Database } from '../store/database.ts'
import { keptPolicies } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { reserveWrite } from '../store/write-budget.ts'

export type AnchorShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  now: () => Date
  log: Pick<Logger, 'warn' | 'error'>
  queue: Pick<Queue, 'enqueueNotice'>
}

/**
 * Writes the newest record of each chain down in an issue, outside of the database whose owner could drop its triggers.
 * One that cannot be written now, because its App was removed or a limit is reached, keeps no other
 * one waiting, and is tried again by `anchorOverdue`. `broken`: the chains that do not verify, which are left out.
 */
export async function anchorRecords(shell: AnchorShell, broken: number[] = []): Promise<void> {
  await anchorAll(shell, await headsToAnchor(shell.database), broken)
}

/** A day, and the hour that the daily check may be late. */
const overdueAfter = 25 * 60 * 60 * 1000

/** The same for chains that the last daily check could not anchor, as long as their App is installed where a policy is. */
export async function anchorOverdue(shell: AnchorShell, broken: number[] = []): Promise<void> {
  const { database, now } = shell
  const reached = new Set(
    (await keptPolicies(database, undefined, ['current', 'absent'])).map(
      ({ installationId }) => installationId,
    ),
  )
  const heads = await headsToAnchor(database)
  const overdue = heads.filter(
    ({ head, last }) =>
      reached.has(head.installationId) && now().getTime() - (last?.at.getTime() ?? 0) >= overdueAfter,
  )
  await anchorAll(shell, overdue, broken)
}

async function anchorAll(
  shell: AnchorShell,
  heads: Awaited<ReturnType<typeof headsToAnchor>>,
  broken: number[],
): Promise<void> {
  for (const { head, last } of heads) {
    if (broken.includes(head.installationId)) continue
    await anchor(shell, head, last).catch((error: unknown) => {
      shell.log.warn({ ...head, problem: String(error) }, 'Anchoring the newest record failed')
    })
  }
}

async function anchor(shell: AnchorShell, head: Anchor, last: KeptAnchor | undefined): Promise<void> {
  const { database, now } = shell
  const { installationId } = head
  const github = await shell.github(installationId)
  const at = now()
  const before = last && (await readIssueBody(github, last, last.issue))
  if (last) await announceLost(shell, last, before)
  for (const place of await placesFor(database, installationId, last)) {
    await database.transaction((tx) => reserveWrite(tx, installationId, at, 'update'))
    const written = await writeDown(github, place, head, at, last)
    if (!written) continue
    await saveAnchor(database, { ...head, ...place, at, issue: written.issue })
    // A new year begins another issue, so the chain is compared with the last one too.
    return announceMissing(shell, head, [before, written.before].join('\n'))
  }
  throw new Error('no repository with a policy accepts the anchor issue')
}

/**
 * Whoever owns the database can set it back to a backup, or rewrite the records and the anchors in it, and it verifies. The text of the
 * issue still has the anchors of before.
 */
async function announceMissing(
  { database, queue, log }: AnchorShell,
  head: Anchor,
  text: string,
): Promise<void> {
  const { installationId } = head
  const written = readAnchors(text).filter((anchor) => anchor.installationId === installationId)
  const missing = await firstMissing(database, head, written)
  if (!missing) return
  const { seq, why } = missing
  log.error({ installationId, seq, why, alert: true }, 'The audit chain is not what was anchored on GitHub')
  const key = `records/${installationId}/${seq}`
  await queue.enqueueNotice({ kind: 'records', key, installationId, seq, why })
}

/**
 * Whoever can delete the issue, or edit its text, takes from the auditor what a changed record could be found by. GitHub keeps the history of
 * an edit, and nothing of what was deleted.
 */
async function announceLost(
  { database, queue, log }: AnchorShell,
  last: KeptAnchor,
  text: string | undefined,
): Promise<void> {
  const { installationId, owner, repo, issue } = last
  const written = new Set(readAnchors(text ?? '').map(({ seq, hash }) => `${seq} ${hash}`))
  const lost = (await anchorsIn(database, last)).filter(({ seq, hash }) => !written.has(`${seq} ${hash}`))
  const [first] = lost
  if (!first) return
  const name = `${owner}/${repo}#${issue}`
  const why =
    text === undefined
      ? `The issue ${name} is gone, with ${plural(lost.length, 'anchor')}: it was deleted or moved.`
      : `The text of ${name} was edited: ${plural(lost.length, 'anchor')} that the bot wrote there ${lost.length === 1 ? 'is' : 'are'} missing.`
  const { seq } = first
  log.error({ installationId, seq, why, alert: true }, 'Anchors on GitHub are missing')
  const key = `anchors/${installationId}/${issue}/${seq}`
  await queue.enqueueNotice({ kind: 'records', key, installationId, seq, why, of: 'anchors' })
}

type Place = { owner: string; repo: string }

/** The same repository as long as it is there; else the first that has a policy. */
async function placesFor(
  database: Database,
  installationId: number,
  last: KeptAnchor | undefined,
): Promise<Place[]> {
  const known = await keptPolicies(database, installationId, ['current', 'absent'])
  const places = [...(last ? [last] : []), ...known]
  return places.map(({ owner, repo }) => ({ owner, repo }))
}

/**
 * Each year has its issue, so that its text stays within what GitHub takes; one that was deleted is followed by another.
 * @returns its number, and the text that it had before; undefined where the repository is gone.
 */
async function writeDown(
  github: GitHub,
  place: Place,
  head: Anchor,
  at: Date,
  last: KeptAnchor | undefined,
): Promise<{ issue: number; before: string } | undefined> {
  const line = anchorLine(head, at)
  const known = last && isOf(last, place, at) ? last.issue : undefined
  const addTo = async (issue: number | undefined) => {
    const before = issue === undefined ? undefined : await addLine(github, place, issue, line)
    return issue === undefined || before === undefined ? undefined : { issue, before }
  }
  return (
    (await addTo(known)) ?? (await addTo((await orGone(botIssue(github, place, anchorIssue(at))))?.number))
  )
}

function isOf(last: KeptAnchor, { owner, repo }: Place, at: Date): boolean {
  return last.owner === owner && last.repo === repo && last.at.getUTCFullYear() === at.getUTCFullYear()
}
