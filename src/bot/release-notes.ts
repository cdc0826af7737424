import type { Logger } from 'pino'
import type { Notice } from '../decision/notice.ts'
import { monthBefore, type NotesPeriod } from '../decision/release-notes.ts'
import { notesIssue, notesLines } from '../decision/release-notes-text.ts'
import { gatherNotes, type NotesPlace, notesPlace, periodOf } from '../notices/release-notes.ts'
import { botIssue } from '../services/github/bot-issues.ts'
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

/** A merge is recorded some minutes after it. */
const delay = 15 * minute
/** Notes that could not be posted for so long are not posted any later, nor are those from before the policy asked for them. */
const lateAtMost = 3 * 24 * 60 * minute

/**
 * Posts the release notes of every period that has ended, once, as an issue of their repository. One that cannot be posted now
 * keeps no other one waiting, and is tried again at the next round.
 */
export async function postReleaseNotes(shell: NotesShell): Promise<void> {
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
  const settings = place.policy.release_notes
  const then = new Date(now.getTime() - delay)
  const wanted = [
    settings?.after_window && periodOf(place, { window: 'last' }, then, 15),
    settings?.monthly && monthBefore(then, place.zone),
  ]
  return wanted.filter((period) => !!period).filter(({ to }) => then.getTime() - to.getTime() < lateAtMost)
}

async function post(shell: NotesShell, place: NotesPlace, period: NotesPeriod): Promise<void> {
  const { database, now } = shell
  const { kept } = place
  const key = `release-notes/${kept.installationId}/${kept.repositoryId}/${period.name}`
  if (await factStore(database, now).get(key)) return
  const notes = await gatherNotes(database, place, period)
  const github = await shell.github(kept.installationId)
  await database.transaction((tx) => reserveWrite(tx, kept.installationId, now(), 'update'))
  const wanted = notesIssue(notes)
  const issue = await botIssue(github, kept, wanted)
  const { installationId, repositoryId, owner, repo } = kept
  await database.transaction(async (tx) => {
    await factStore(tx, now).put(key, { issue: issue.number, at: now().toISOString() })
    const notice: Notice = {
      kind: 'release notes',
      key: `release-notes/${repositoryId}/${period.to.toISOString()}/${issue.number}`,
      repository: { installationId, repositoryId, owner, repo },
      title: wanted.title,
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
