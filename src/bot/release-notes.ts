import type { Logger } from 'pino'
import { monthBefore, type NotesPeriod } from '../decision/release-notes.ts'
import { notesIssue } from '../decision/release-notes-text.ts'
import { gatherNotes, type NotesPlace, notesPlace, periodOf } from '../notices/release-notes.ts'
import { botIssueNumber } from '../services/github/bot-issues.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Database } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { keptPolicies } from '../store/policies.ts'
import { reserveWrite } from '../store/write-budget.ts'
import { minute } from './repeatedly.ts'

export type NotesShell = {
  database: Database
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
  const posted = factStore(database, now)
  const key = `release-notes/${kept.installationId}/${kept.repositoryId}/${period.name}`
  if (await posted.get(key)) return
  const notes = await gatherNotes(database, place, period)
  const github = await shell.github(kept.installationId)
  await database.transaction((tx) => reserveWrite(tx, kept.installationId, now(), 'update'))
  const issue = await botIssueNumber(github, kept, notesIssue(notes))
  await posted.put(key, { issue, at: now().toISOString() })
  shell.log.info({ repository: nameOf(kept), issue, period: period.name }, 'Posted release notes')
}

function nameOf({ owner, repo }: { owner: string; repo: string }): string {
  return `${owner}/${repo}`
}
