import { createHash } from 'node:crypto'
import type { External, WantedIssue } from '../decision/incidents/mirror.ts'
import { pageNow, stepOfPage, type WantedPage } from '../decision/incidents/pagerduty-page.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { isRefused } from '../services/http.ts'
import { createIssue, findIssue, updateIssue } from '../services/jira.ts'
import { sendPage } from '../services/pagerduty.ts'
import { appendRecord } from '../store/audit.ts'
import type { Transaction } from '../store/database.ts'
import { lockIncident, type StoredIncident, storedIncident } from '../store/incidents.ts'
import { tryWithLease } from '../store/leases.ts'
import {
  forgetUnsent,
  type MirrorRow,
  mirrorRows,
  noteRefused,
  saveAttempt,
  saveDesiredState,
  saveMirrored,
  stepOutcomes,
} from '../store/mirrors.ts'
import { retryAfterError, retryTimeOf } from '../store/retry-after-error.ts'
import { recordEscalationStep } from './escalating.ts'
import { incidentNotice } from './incident-notice.ts'
import { sendPaced } from './paced-events.ts'
import type { IncidentShell } from './shell.ts'

type Mirroring = { shell: IncidentShell; stored: StoredIncident; signal: AbortSignal }

/**
 * The job of one mirror of an incident: updates the system to what is wanted. What was stored as wanted before a crash is sent
 * after it; the same page sent again is the same alert.
 * @throws after all rows were tried, where one of them failed.
 */
export async function sendPagesOrJiraIssues(
  shell: IncidentShell,
  task: { repository: RepositoryRef; number: number; mirror: MirrorRow['mirror'] },
  signal: AbortSignal,
  attempt: number,
): Promise<void> {
  const stored = await storedIncident(shell.database, task)
  if (!stored) return
  const { repositoryId } = task.repository
  const lease = await tryWithLease(
    shell.database,
    `mirror ${task.mirror} ${repositoryId} ${task.number}`,
    shell.now,
    () => updateRows({ shell, stored, signal }, task.mirror, attempt),
  )
  if (!lease)
    throw retryAfterError(new Date(shell.now().getTime() + 5_000), 'another job updates this mirror')
}

async function updateRows(mirroring: Mirroring, mirror: MirrorRow['mirror'], attempt: number): Promise<void> {
  const { shell, stored } = mirroring
  const failures: unknown[] = []
  for (const row of await mirrorRows(shell.database, stored, mirror)) {
    if (!row.pending) continue
    if (isUnsent(row)) {
      await forgetUnsent(shell.database, stored, row)
      continue
    }
    try {
      const external = await sendRow(mirroring, row)
      await recordUpdated(shell, stored, row, external)
    } catch (error) {
      if (isRefused(error)) await recordRefused(shell, stored, row, String(error))
      else failures.push(error)
    }
  }
  const failure = failures.find((error) => !retryTimeOf(error)) ?? failures[0]
  if (failure === undefined) return
  if (attempt === 1 && !retryTimeOf(failure)) await announceUnreachable(shell, stored, mirror, failure)
  throw failure
}

/** A page that was refused or never sent needs no end; what was sent may have arrived although its answer was lost. */
function isUnsent({ mirror, wanted, done, triedAt }: MirrorRow): boolean {
  return (
    mirror === 'pagerduty' && (wanted as WantedPage).action !== 'trigger' && done === null && triedAt === null
  )
}

async function sendRow({ shell, stored, signal }: Mirroring, row: MirrorRow): Promise<External | null> {
  const calling = { signal, now: shell.now }
  if (row.mirror === 'jira') return updateJiraIssue({ shell, stored, signal }, row)
  const wanted = row.wanted as WantedPage
  await sendPaced(shell, { target: wanted.target, kind: 'page' }, async () => {
    await saveAttempt(shell.database, stored, row, shell.now())
    await sendPage(shell.paging, row.key, wanted, calling)
  })
  return null
}

/** Jira finds a new issue only after a while, so one whose answer was lost is searched for until it must have been found. */
const foundWithin = 60_000

async function updateJiraIssue({ shell, stored, signal }: Mirroring, row: MirrorRow): Promise<External> {
  const { jira, now } = shell
  if (!jira) throw new Error('JIRA_URL, JIRA_EMAIL and JIRA_TOKEN are not set')
  const calling = { signal, now }
  const wanted = row.wanted as WantedIssue
  const known = row.external ?? (await findIssue(jira, { project: wanted.project, label: row.key }, calling))
  if (known) {
    await updateIssue(jira, known, wanted, calling)
    return known
  }
  const again = row.triedAt && new Date(row.triedAt.getTime() + foundWithin)
  if (again && again > now()) throw retryAfterError(again, 'Jira may find the issue that was created')
  await saveAttempt(shell.database, stored, row, now())
  const created = await createIssue(jira, wanted, calling)
  if (wanted.done) await updateIssue(jira, created, wanted, calling)
  return created
}

async function recordUpdated(
  shell: IncidentShell,
  stored: StoredIncident,
  row: MirrorRow,
  external: External | null,
): Promise<void> {
  const { repository, number } = stored
  const { installationId, repositoryId, owner, repo } = repository
  const body = {
    repository: { id: repositoryId, owner, name: repo },
    incident: number,
    mirror: row.mirror,
    key: row.key,
    wanted: row.wanted,
    external,
  }
  await shell.database.transaction(async (tx) => {
    await lockIncident(tx, stored)
    await saveMirrored(tx, stored, row, external)
    await appendRecord(tx, { installationId, kind: 'incident mirrored', at: shell.now(), body })
    if (row.mirror === 'pagerduty') await wantAcknowledged(shell, tx, row, stored)
    // The issue names its counterpart.
    if (external && !row.external)
      await shell.queue.enqueueIncident({ task: 'look', repository, number }, { tx })
  })
}

/** Someone may have taken the incident on before its page was sent. The incident is locked, so that no decision about that is missed. */
async function wantAcknowledged(
  shell: IncidentShell,
  tx: Transaction,
  { key, wanted }: MirrorRow,
  { repository, number }: StoredIncident,
): Promise<void> {
  const now = await storedIncident(tx, { repository, number })
  const page = wanted as WantedPage
  const pagedAt = now && (await stepOutcomes(tx, now))[stepOfPage(key)]?.at?.getTime()
  const next = now && pageNow(now, key, page, { isAsked: true, isTaken: true, pagedAt })
  if (!next || next.action === page.action) return
  await saveDesiredState(tx, now, { mirror: 'pagerduty', key, wanted: next })
  await shell.queue.enqueueIncident({ task: 'mirror', repository, number, mirror: 'pagerduty' }, { tx })
}

/** A system that refuses is not asked again. A page that was refused is a step that was not possible: the next one is taken at once. */
async function recordRefused(
  shell: IncidentShell,
  stored: StoredIncident,
  row: MirrorRow,
  problem: string,
): Promise<void> {
  const { repository, number } = stored
  const why = problem.replace(/^Error: /, '')
  shell.log.warn(
    { incident: stored.facts.url, problem: why, alert: true },
    'A system refuses what it should say of an incident',
  )
  const action = row.mirror === 'pagerduty' ? (row.wanted as WantedPage).action : undefined
  await shell.database.transaction(async (tx) => {
    await noteRefused(tx, stored, row, why)
    if (action !== 'trigger') return announceRefused(shell, tx, stored, row.mirror, refusedText(action, why))
    await recordEscalationStep(shell, tx, stored, stepOfPage(row.key), { outcome: 'impossible', why }, [
      `A page was refused: ${why}`,
    ])
    await shell.queue.enqueueIncident({ task: 'look', repository, number }, { tx })
  })
}

function refusedText(action: 'acknowledge' | 'resolve' | undefined, why: string): string {
  if (!action) return why
  return `PagerDuty refused the ${action === 'acknowledge' ? 'acknowledgement' : 'end'} of a page: ${why}`
}

/** Once for each reason. */
async function announceRefused(
  shell: IncidentShell,
  tx: Transaction,
  stored: StoredIncident,
  mirror: MirrorRow['mirror'],
  text: string,
): Promise<void> {
  const reason = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const key = `incident/${stored.repository.repositoryId}/${stored.number}/refused/${mirror}/${reason}`
  await shell.queue.enqueueNotice(incidentNotice(stored, { key, lines: [text], late: false }), { tx })
}

async function announceUnreachable(
  shell: IncidentShell,
  stored: StoredIncident,
  mirror: MirrorRow['mirror'],
  failure: unknown,
): Promise<void> {
  const { repository, number } = stored
  const hour = shell.now().toISOString().slice(0, 13)
  const key = `incident/${repository.repositoryId}/${number}/unreachable/${mirror}/${hour}`
  const why = failure instanceof Error ? failure.message : String(failure)
  const lines = [`${why}. It is tried again until it answers.`]
  await shell.queue.enqueueNotice(incidentNotice(stored, { key, lines, late: false }))
}
