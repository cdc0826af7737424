import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Notice } from '../decision/notice.ts'
import { monthBefore, type NotesPeriod, windowPeriods } from '../decision/release-notes.ts'
import { notesIssue, notesLines } from '../decision/release-notes-text.ts'
import { gatherNotes, type NotesPlace, notesPlace } from '../notices/release-notes.ts'
import { botIssue, changeBody } from '../services/github/bot-issues.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Database } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { keptPolicies } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { reserveWrite } from '../store/write-budget.ts'
import { minute } from './repeatedly.ts'

export type NotesShell = {
  database: Database
  queue: Pick<Queue, 'enqueueNotice'>
  github: (installationId: number) => Promise<GitHub>
  now: () => Date
  log: Pick<Logger, 'info' | 'warn'>
}

/** A merge is recorded some minutes after it, and so are those that a bot finds which was down. */
const delay = 15 * minute
/** Notes that could not be posted for so long are not posted any later, nor are those from before the policy asked for them. */
const lateAtMost = 3 * 24 * 60 * minute
/** So often posted notes are compared with the records. */
const comparedEvery = 60 * minute

/**
 * Posts the release notes of every period that has ended, once, as an issue of their repository. Where a merge is recorded later, the
 * issue is changed, and that is announced. One that cannot be posted now keeps no other one waiting, and is tried again at the next
 * round.
 *
 * @param since from when on the bot has run: it has to find out first what happened before.
 */
export async function postReleaseNotes(shell: NotesShell, since: Date): Promise<void> {
  if (shell.now().getTime() - since.getTime() < delay) return
  for (const kept of await keptPolicies(shell.database)) {
    const place = kept.text.includes('release_notes') ? notesPlace(kept) : undefined
    for (const period of place ? endedPeriods(place, shell.now()) : [])
      await post(shell, place as NotesPlace, period).catch((error: unknown) =>
        shell.log.warn({ repository: nameOf(kept), problem: String(error) }, 'Posting release notes failed'),
      )
  }
}

/** The periods that the policy wants notes of and that have ended recently. */
function endedPeriods(place: NotesPlace, now: Date): NotesPeriod[] {
  const { release_notes: settings, gates } = place.policy
  const then = new Date(now.getTime() - delay)
  const month = settings?.monthly ? monthBefore(then, place.zone) : undefined
  const windows =
    settings?.after_window && gates.release_window ? windowPeriods(gates.release_window, then) : []
  return [...windows, ...(month ? [month] : [])].filter(
    ({ to }) => then.getTime() - to.getTime() < lateAtMost,
  )
}

/** `digest`: of what was posted. */
type Posted = { issue: number; at: string; digest: string }

async function post(shell: NotesShell, place: NotesPlace, period: NotesPeriod): Promise<void> {
  const { database, now } = shell
  const { kept } = place
  const key = `release-notes/${kept.installationId}/${kept.repositoryId}/${period.name}`
  const known = await factStore(database, now).get<Posted>(key)
  if (known && now().getTime() - Date.parse(known.at) < comparedEvery) return
  const notes = await gatherNotes(database, place, period)
  const wanted = notesIssue(notes)
  const digest = createHash('sha256').update(wanted.body).digest('hex')
  const at = now().toISOString()
  if (known?.digest === digest) return factStore(database, now).put(key, { ...known, at })
  const github = await shell.github(kept.installationId)
  await database.transaction((tx) => reserveWrite(tx, kept.installationId, now(), 'update'))
  const issue = await botIssue(github, kept, wanted)
  if (issue.body !== wanted.body) await changeBody(github, kept, issue.number, wanted.body)
  const { installationId, repositoryId, owner, repo } = kept
  await database.transaction(async (tx) => {
    await factStore(tx, now).put(key, { issue: issue.number, at, digest } satisfies Posted)
    const notice: Notice = {
      kind: 'release notes',
      key: `release-notes/${repositoryId}/${period.to.toISOString()}/${digest.slice(0, 12)}`,
      repository: { installationId, repositoryId, owner, repo },
      title: known ? `${wanted.title} (updated)` : wanted.title,
      url: issue.url,
      lines: notesLines(notes),
    }
    await shell.queue.enqueueNotice(notice, { tx })
  })
  shell.log.info(
    { repository: nameOf(kept), issue: issue.number, period: period.name },
    'Posted release notes',
  )
}

function nameOf({ owner, repo }: { owner: string; repo: string }): string {
  return `${owner}/${repo}`
}
