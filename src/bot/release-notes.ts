import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Notice } from '../decision/notice.ts'
import { monthBefore, type NotesPeriod, windowPeriods } from '../decision/release-notes.ts'
import { notesIssue, notesLines } from '../decision/release-notes-text.ts'
import { gatherNotes, type NotesPlace, notesPlace } from '../notices/release-notes.ts'
import { botIssue, changeBody } from '../services/github/bot-issues.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Database, Queryable } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { type KeptPolicy, keptPolicies } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { reserveWrite } from '../store/write-budget.ts'
import { minute } from './periodic-task.ts'

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
 * issue is changed, and that is announced. One that cannot be posted now is tried again at the next round; only later windows of its
 * repository wait for it.
 *
 * @param since from when on the bot has run: it has to find out first what happened before.
 */
export async function postReleaseNotes(shell: NotesShell, since: Date): Promise<void> {
  const isNew = shell.now().getTime() - since.getTime() < delay
  for (const kept of await keptPolicies(shell.database)) {
    const place = kept.text.includes('release_notes') ? notesPlace(kept) : undefined
    if (!place) continue
    const windows = await knownWindows(shell, place)
    if (isNew) continue
    const then = new Date(shell.now().getTime() - delay)
    for (const series of [windows ? endedWindows(place, windows, then) : [], endedMonth(place, then)])
      await postAll(shell, place, series).catch((error: unknown) =>
        shell.log.warn({ repository: nameOf(kept), problem: String(error) }, 'Posting release notes failed'),
      )
  }
}

async function postAll(shell: NotesShell, place: NotesPlace, periods: Ended[]): Promise<void> {
  for (const period of periods) await post(shell, place, period)
}

/** A period that has ended recently. `ofWindow`: not a month. */
type Ended = NotesPeriod & { ofWindow?: true }

function isRecent({ to }: NotesPeriod, then: Date): boolean {
  return then.getTime() - to.getTime() < lateAtMost
}

function endedMonth({ policy, zone }: NotesPlace, then: Date): Ended[] {
  const month = policy.release_notes?.monthly ? monthBefore(then, zone) : undefined
  return month && isRecent(month, then) ? [month] : []
}

/** The release window as it was seen last, since when, and the periods that were posted: the recent ones and in any case the last. */
type Windows = { settings: string; since: string; posted: { name: string; from: string; to: string }[] }

/** Undefined: the policy wants no notes of windows. Where the window is another one than before, it counts from now on. */
async function knownWindows(
  { database, now }: NotesShell,
  { kept, policy: { release_notes: notes, gates } }: NotesPlace,
): Promise<Windows | undefined> {
  if (!notes?.after_window || !gates.release_window) return undefined
  const settings = JSON.stringify(gates.release_window)
  const known = await factStore(database, now).get<Windows>(windowsKey(kept))
  if (known?.settings === settings) return known
  const windows = { settings, since: now().toISOString(), posted: known?.posted ?? [] }
  await factStore(database, now).put(windowsKey(kept), windows)
  return windows
}

/**
 * Those that were posted, as they were, and those that closed since then and under the window that counts now. The first of these begins
 * where the last posted one ended, so that a moved window leaves no change out and tells none twice.
 */
function endedWindows({ policy }: NotesPlace, { since, posted }: Windows, then: Date): Ended[] {
  const window = policy.gates.release_window
  const before = posted.map(({ name, from, to }) => ({ name, from: new Date(from), to: new Date(to) }))
  const last = before.at(-1)?.to
  const next = (window ? windowPeriods(window, then) : [])
    .filter((period) => isRecent(period, then) && period.to >= new Date(since) && (!last || period.to > last))
    .map((period, index) => (index === 0 && last ? { ...period, from: last } : period))
  return [...before.filter((period) => isRecent(period, then)), ...next].map((period) => ({
    ...period,
    ofWindow: true,
  }))
}

async function notePosted(db: Queryable, now: () => Date, kept: KeptPolicy, period: Ended): Promise<void> {
  const windows = await factStore(db, now).get<Windows>(windowsKey(kept))
  if (!windows || windows.posted.some(({ to }) => to === period.to.toISOString())) return
  const { name, from, to } = period
  const recent = windows.posted.filter((one) => now().getTime() - Date.parse(one.to) < delay + lateAtMost)
  const posted = [...recent, { name, from: from.toISOString(), to: to.toISOString() }]
  await factStore(db, now).put(windowsKey(kept), { ...windows, posted })
}

function windowsKey({ installationId, repositoryId }: KeptPolicy): string {
  return `release-notes/${installationId}/${repositoryId}/windows`
}

/** `digest`: of what was posted. */
type Posted = { issue: number; at: string; digest: string }

async function post(shell: NotesShell, place: NotesPlace, period: Ended): Promise<void> {
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
    if (period.ofWindow) await notePosted(tx, now, kept, period)
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
