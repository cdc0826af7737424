import { formatTime } from '../decision/calendar.ts'
import {
  emptyHeadings,
  needsPostMortem,
  postMortemDueOf,
  postMortemIssue,
  postMortemMarker,
  warnedBefore,
} from '../decision/incidents/post-mortem.ts'
import { list } from '../decision/markdown.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { GitHub } from '../services/github/client.ts'
import { ensureNote, issueRepositoryId, reopenIncident } from '../services/github/incidents.ts'
import { ensurePostMortem, readPostMortem } from '../services/github/post-mortems.ts'
import { appendRecord } from '../store/audit.ts'
import type { Transaction } from '../store/database.ts'
import { incidentChanges, type StoredIncident, storedIncident } from '../store/incidents.ts'
import {
  type PostMortem,
  postMortemOf,
  savePostMortemClosed,
  savePostMortemIssue,
  takeAnnouncement,
  wantPostMortem,
} from '../store/post-mortems.ts'
import { noteWrite } from '../store/write-budget.ts'
import { enqueueAffectedPulls } from './affected-pulls.ts'
import { incidentNotice } from './incident-notice.ts'
import type { IncidentShell } from './shell.ts'

/** A P0 that is resolved needs a post-mortem: stored with the decision, so that none is forgotten. */
export async function requestPostMortem(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
): Promise<void> {
  const { incident, facts, settings, repository, number } = stored
  if (!needsPostMortem(incident)) return
  const due = new Date(postMortemDueOf(incident, facts, settings.postmortem.from))
  if (!(await wantPostMortem(tx, stored, due))) return
  await shell.queue.enqueueIncident({ task: 'post-mortem', repository, number }, { tx })
}

/** The job of a post-mortem: opens its issue, announces when it is due, and checks it once it is closed. */
export async function lookAtPostMortem(
  shell: IncidentShell,
  repository: RepositoryRef,
  number: number,
): Promise<void> {
  const stored = await storedIncident(shell.database, { repository, number })
  const postMortem = stored && (await postMortemOf(shell.database, stored))
  if (!stored || !postMortem) return
  // First what needs no GitHub, so that an outage delays no announcement.
  await announceDue(shell, stored, postMortem)
  const github = await shell.github(repository.installationId)
  const issue = postMortem.issue ?? (await openIssue(shell, github, stored, postMortem))
  await checkIssue(shell, github, stored, issue)
}

async function announceDue(
  shell: IncidentShell,
  stored: StoredIncident,
  postMortem: PostMortem,
): Promise<void> {
  const { repository, number, settings } = stored
  const now = shell.now()
  const { dueAt, closedAt, url } = postMortem
  // One of an incident that is open again is due once that is resolved.
  if (closedAt || stored.incident.state !== 'resolved') return
  const warnAt = new Date(dueAt.getTime() - warnedBefore)
  const due = formatTime(dueAt, settings.time_zone)
  await shell.database.transaction(async (tx) => {
    if (now > dueAt && (await takeAnnouncement(tx, stored, 'overdue'))) {
      await record(shell, tx, stored, {
        text: `The post-mortem has been overdue since ${due}`,
        url,
        late: true,
      })
      await enqueueAffectedPulls(shell, tx, stored)
    } else if (now >= warnAt && now <= dueAt && (await takeAnnouncement(tx, stored, 'warned')))
      await record(shell, tx, stored, { text: `The post-mortem is due ${due}`, url, late: true })
    for (const at of [warnAt, new Date(dueAt.getTime() + 1_000)])
      if (at > now) await shell.queue.enqueueIncident({ task: 'post-mortem', repository, number }, { at, tx })
  })
}

async function openIssue(
  shell: IncidentShell,
  github: GitHub,
  stored: StoredIncident,
  { dueAt }: PostMortem,
): Promise<number> {
  const { repository, settings, incident } = stored
  const changes = await incidentChanges(shell.database, stored)
  const wanted = postMortemIssue(stored, changes, {
    due: dueAt.getTime(),
    zone: settings.time_zone,
    from: settings.postmortem.from,
  })
  const since = new Date(incident.resolved?.at ?? shell.now())
  const issue = await ensurePostMortem(github, repository, wanted, {
    marker: postMortemMarker(stored),
    since,
  })
  await noteWrite(shell.database, repository.installationId, shell.now())
  await shell.database.transaction(async (tx) => {
    await savePostMortemIssue(tx, stored, issue)
    const due = formatTime(dueAt, settings.time_zone)
    await record(shell, tx, stored, {
      text: `The post-mortem is due ${due}`,
      url: issue.url,
      late: false,
      key: `opened/${issue.number}`,
    })
  })
  return issue.number
}

/** Closed without its headings filled it is reopened; a deleted one is opened again. */
async function checkIssue(
  shell: IncidentShell,
  github: GitHub,
  stored: StoredIncident,
  issue: number,
): Promise<void> {
  const { repository, number } = stored
  const read = await readPostMortem(github, repository, issue)
  if (!read) {
    await issueRepositoryId(github, repository)
    await savePostMortemIssue(shell.database, stored, null)
    return shell.queue.enqueueIncident({ task: 'post-mortem', repository, number })
  }
  const missing = read.closedAt ? emptyHeadings(read.body) : []
  if (missing.length > 0) {
    await ensureNote(github, repository, issue, {
      key: `headings/${read.closedAt?.toISOString()}`,
      text: `Still empty: ${list(missing)}. Fill them in, then close this issue.`,
    })
    await reopenIncident(github, repository, issue)
    for (const _ of [1, 2]) await noteWrite(shell.database, repository.installationId, shell.now())
  }
  const closedAt = missing.length > 0 ? null : read.closedAt
  await shell.database.transaction(async (tx) => {
    if (!(await savePostMortemClosed(tx, stored, closedAt))) return
    const text = closedAt
      ? `The post-mortem is done, closed by ${read.closedBy ?? 'a deleted account'}`
      : 'The post-mortem is open again'
    await record(shell, tx, stored, { text, url: null, late: false })
    await enqueueAffectedPulls(shell, tx, stored)
  })
}

async function record(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  { text, url, late, key }: { text: string; url: string | null; late: boolean; key?: string },
): Promise<void> {
  const { repository, number } = stored
  const { installationId, repositoryId, owner, repo } = repository
  const at = shell.now()
  const body = { repository: { id: repositoryId, owner, name: repo }, incident: number, text, url }
  const { seq } = await appendRecord(tx, { installationId, kind: 'post-mortem', at, body })
  const part = key ?? String(seq)
  const notice = incidentNotice(stored, {
    key: `incident/${repositoryId}/${number}/post-mortem/${part}`,
    lines: [url === null ? text : `${text}: ${url}`],
    late,
  })
  await shell.queue.enqueueNotice(notice, { tx })
}
