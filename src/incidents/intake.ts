import { type Alert, alertMarker, incidentOf } from '../decision/incidents/alert.ts'
import { resolutionOf } from '../decision/incidents/resolution.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { NoticeOf } from '../decision/notice.ts'
import { orGone } from '../services/github/errors.ts'
import { isGone, isUnwritable } from '../services/github/gone.ts'
import { ensureIncident, ensureNote, issueRepositoryId } from '../services/github/incidents.ts'
import {
  type AlertDelivery,
  alertDelivery,
  markAlertDone,
  newestOfAlert,
  noteAlertsGone,
  releaseAlert,
  saveAlertGone,
  saveAlertIncident,
  storeAlert,
  takeAlert,
} from '../store/alerts.ts'
import { storedIncident } from '../store/incidents.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { noteWrite } from '../store/write-budget.ts'
import { evaluateIncident } from './evaluate-incident.ts'
import { incidentRepositories } from './places.ts'
import { isReplacement, refuseReplaced } from './replaced.ts'
import type { IncidentShell } from './shell.ts'

/** Where an alert goes; a text says why it goes nowhere. */
type Destination = { installationId: number; owner: string; repo: string }

/**
 * Takes an alert in: stored with its job, or not at all. The same delivery again changes nothing.
 * @returns where its incident is kept, or what is wrong.
 */
export async function storeIncomingAlert(
  shell: Pick<IncidentShell, 'database' | 'queue' | 'now'>,
  alert: Alert,
  delivery: string,
  wanted: string | undefined,
): Promise<Destination | string> {
  const destination = await alertDestination(shell, wanted)
  if (typeof destination === 'string') return destination
  await shell.database.transaction(async (tx) => {
    if (!(await storeAlert(tx, delivery, destination, alert, shell.now()))) return
    await shell.queue.enqueueIncident({ task: 'alert', source: alert.source, delivery }, { tx })
    const notice = violationNotice(alert, destination)
    if (notice) await shell.queue.enqueueNotice(notice, { tx })
  })
  return destination
}

/** Whoever watches over the data hears of a violation also while GitHub does not answer, so that no incident can be opened. */
function violationNotice(
  { source, id, title, at }: Alert,
  { owner, repo }: Destination,
): NoticeOf<'violation'> | undefined {
  if (source !== 'supabase') return undefined
  const key = `violation/${id}/${at.slice(0, 13)}`
  return { kind: 'violation', key, title, at, incidents: `${owner}/${repo}` }
}

/** Where alerts go; a text says why they go nowhere. */
export async function alertDestination(
  { database }: Pick<IncidentShell, 'database'>,
  wanted: string | undefined,
): Promise<Destination | string> {
  const places = await incidentRepositories(database)
  const named = places.filter(
    ({ owner, repo }) => wanted === undefined || `${owner}/${repo}`.toLowerCase() === wanted.toLowerCase(),
  )
  const [first, ...others] = named
  if (!first)
    return wanted === undefined
      ? 'No policy names an incident repository. Add `incidents: { repository: … }` to one.'
      : `No policy names ${wanted} as its incident repository.`
  if (others.length > 0)
    return `Policies name ${places.length} incident repositories. Set INCIDENT_REPOSITORY to the one for alerts.`
  const { installationId, owner, repo } = first
  return { installationId, owner, repo }
}

/**
 * The job of an alert: opens its incident, or says in the open one that it fired again. Where the incident repository is gone for
 * good, the job fails until it is a dead letter, and no other one is started. After any other failure, others follow until one succeeds.
 */
export async function openForAlert(
  shell: IncidentShell,
  source: string,
  delivery: string,
  signal: AbortSignal,
): Promise<void> {
  const { database, now } = shell
  const stored = await alertDelivery(database, source, delivery)
  if (!stored || stored.doneAt) return
  try {
    await openOrAdd(shell, stored, delivery, signal)
  } catch (error) {
    const isLost = isUnwritable(error) || isReplacement(error)
    await saveAlertGone(database, source, delivery, isLost ? now() : null)
    // What is gone ends other jobs quietly.
    throw isGone(error) ? new Error(`${nameOf(stored)}: ${String(error)}`) : error
  }
}

function nameOf({ repository: { owner, repo } }: AlertDelivery): string {
  return `The incident repository ${owner}/${repo} cannot be used`
}

async function openOrAdd(
  shell: IncidentShell,
  stored: AlertDelivery,
  delivery: string,
  signal: AbortSignal,
): Promise<void> {
  const { alert, repository: place } = stored
  const { source } = alert
  const github = await shell.github(place.installationId)
  const repository: RepositoryRef = { ...place, repositoryId: await issueRepositoryId(github, place) }
  await refuseReplaced(shell, repository)
  if (stored.reopened === null) await readUnresolved(shell, repository, alert, signal)
  const { reopened, opens } =
    stored.reopened === null || stored.opens === null
      ? await shell.database.transaction((tx) => takeAlert(tx, delivery, { repository, alert }))
      : { reopened: stored.reopened, opens: stored.opens }
  // An alert is news of its monitor, which may have been read less than a minute ago.
  if (source === 'datadog')
    for (const seconds of [0, 60])
      await shell.queue.enqueueIncident(
        { task: 'monitors' },
        { at: new Date(shell.now().getTime() + seconds * 1_000) },
      )
  if (!opens) return addToOpenIncident(shell, repository, stored, delivery, signal)
  const marker = alertMarker(alert, reopened)
  const since = stored.receivedAt
  const incident = await ensureIncident(github, repository, incidentOf(alert, reopened), { marker, since })
  if (incident.isNew) await noteWrite(shell.database, repository.installationId, shell.now())
  await shell.database.transaction(async (tx) => {
    await saveAlertIncident(tx, repository, alert, reopened, incident.number)
    await shell.queue.enqueueIncident({ task: 'look', repository, number: incident.number }, { tx })
    await markAlertDone(tx, source, delivery, shell.now())
  })
}

/**
 * The event of a closing can be late or lost, so the incident that the alert may belong to is read first.
 * @throws while GitHub does not list by whom or why its issue was closed: then nobody knows whether it is resolved.
 */
async function readUnresolved(
  shell: IncidentShell,
  repository: RepositoryRef,
  alert: Alert,
  signal: AbortSignal,
): Promise<void> {
  const newest = await newestOfAlert(shell.database, repository, alert)
  if (newest?.number == null || newest.isGone || newest.state === 'resolved') return
  const { number } = newest
  await evaluateIncident(shell, repository, number, signal)
  const read = await storedIncident(shell.database, { repository, number })
  if (read && resolutionOf(read.facts).isUnclear)
    throw retryAfterError(
      new Date(shell.now().getTime() + 5_000),
      'GitHub does not yet list who closed the issue',
    )
}

/**
 * A comment says that it fired again, and the incident is read again: the alert may be a more severe one. Where the issue is gone, the
 * alert opens another one.
 */
async function addToOpenIncident(
  shell: IncidentShell,
  repository: RepositoryRef,
  { alert }: { alert: Alert },
  delivery: string,
  signal: AbortSignal,
): Promise<void> {
  const newest = await newestOfAlert(shell.database, repository, alert)
  if (newest?.number == null) throw new Error('The issue of this alert is not open yet')
  const { number } = newest
  const github = await shell.github(repository.installationId)
  const text = `The alert fired again at ${alert.updatedAt ?? alert.at}.`
  const note = { key: `again/${delivery}`, text }
  if (!(await orGone(ensureNote(github, repository, number, note).then(() => true)))) {
    await noteAlertsGone(shell.database, repository, number, shell.now())
    await releaseAlert(shell.database, alert.source, delivery)
    await shell.queue.enqueueIncident({ task: 'look', repository, number })
    const released = await alertDelivery(shell.database, alert.source, delivery)
    return released && openOrAdd(shell, released, delivery, signal)
  }
  await noteWrite(shell.database, repository.installationId, shell.now())
  await shell.database.transaction(async (tx) => {
    await shell.queue.enqueueIncident({ task: 'look', repository, number }, { tx })
    await markAlertDone(tx, alert.source, delivery, shell.now())
  })
}
