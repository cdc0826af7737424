import { incidentLabel } from '../decision/incidents/incident.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import { isRecent } from '../decision/recent.ts'
import { isGone } from '../services/github/gone.ts'
import { changedIncidents, issueRepositoryId } from '../services/github/incidents.ts'
import { unfinishedAlerts } from '../store/alerts.ts'
import { lastIncidentCheck, saveIncidentCheck } from '../store/incident-repositories.ts'
import { linksToNote, listIncidents } from '../store/incidents.ts'
import { pendingMirrors } from '../store/mirrors.ts'
import { openWatches } from '../store/monitors.ts'
import { openPostMortems } from '../store/post-mortems.ts'
import { enqueueAffectedPulls } from './affected-pulls.ts'
import { evaluateIncident } from './evaluate-incident.ts'
import { findIncidentRepository, type IncidentRepository, incidentRepositories } from './places.ts'
import { refuseReplaced } from './replaced.ts'
import type { IncidentShell } from './shell.ts'

/** How far before the last check: GitHub shows a change a little later. */
const margin = 60 * 60_000

/** Each incident repository is read once in this time, and at the start. */
const period = 55 * 60_000

/**
 * Checks every incident that may have changed, since events can be lost: those that GitHub lists as changed since the last
 * check, and all that are not resolved. A repository that cannot be read stops no other one, and is tried at the next call.
 */
export function hourlyIncidentCheck(shell: IncidentShell, serves: (account: string) => boolean) {
  const startedAt = shell.now()
  return async (signal: AbortSignal): Promise<void> => {
    await enqueueUnfinished(shell)
    for (const place of await incidentRepositories(shell.database)) {
      if (!serves(place.owner)) continue
      const last = await lastCheck(shell, place)
      if (last && last >= startedAt && isRecent(last, shell.now(), period)) continue
      await checkIncidentRepository(shell, place, signal).catch((error: unknown) => {
        if (signal.aborted || isGone(error)) return
        const repository = `${place.owner}/${place.repo}`
        shell.log.warn(
          { repository, problem: String(error) },
          'The incidents of a repository could not be read',
        )
      })
    }
  }
}

/** The job that reads an incident repository now, for a gate that waits for it. */
export async function readIncidentRepository(
  shell: IncidentShell,
  named: { installationId: number; owner: string; repo: string },
  signal: AbortSignal,
): Promise<void> {
  const place = await findIncidentRepository(shell.database, named)
  const last = place && (await lastCheck(shell, place))
  if (!place || (last && isRecent(last, shell.now(), period))) return
  const repository = await checkIncidentRepository(shell, place, signal)
  await shell.database.transaction((tx) => enqueueAffectedPulls(shell, tx, { repository }))
}

async function lastCheck(
  { database, now }: IncidentShell,
  place: IncidentRepository,
): Promise<Date | undefined> {
  const last = await lastIncidentCheck(database, place, now)
  return last && !last.replaced ? new Date(last.at) : undefined
}

/**
 * Enqueues what a job has begun and not finished, whatever kept it from that: alerts, which their senders never send again once they
 * were stored, watches of releases, comments about links, and what other systems do not say yet.
 */
async function enqueueUnfinished({ database, queue, now }: IncidentShell): Promise<void> {
  for (const { source, delivery } of await unfinishedAlerts(database, now()))
    await queue.enqueueIncident({ task: 'alert', source, delivery })
  for (const { key, subject, mergedAt } of await openWatches(database))
    await queue.enqueueIncident({ task: 'watch', key, ...subject, at: mergedAt.toISOString() })
  for (const { pull } of await linksToNote(database)) await queue.enqueueIncident({ task: 'link', pull })
  const stored = await listIncidents(database)
  for (const { installationId, repositoryId, number, mirror } of await pendingMirrors(database)) {
    const repository = stored.find(
      (one) =>
        one.number === number &&
        one.repository.repositoryId === repositoryId &&
        one.repository.installationId === installationId,
    )?.repository
    if (repository) await queue.enqueueIncident({ task: 'mirror', repository, number, mirror })
  }
}

/**
 * Notes the check only once everything was read: the gate trusts nothing that is older. An incident that cannot be read stops no other
 * one. Another repository under the same name is not read: nobody may get rid of incidents by moving them away.
 */
async function checkIncidentRepository(
  shell: IncidentShell,
  place: IncidentRepository,
  signal: AbortSignal,
): Promise<RepositoryRef> {
  const { installationId, owner, repo } = place
  const last = await lastCheck(shell, place)
  const github = await shell.github(installationId)
  const repository = { installationId, repositoryId: await issueRepositoryId(github, place), owner, repo }
  await refuseReplaced(shell, repository)
  const at = shell.now()
  const since = last && new Date(last.getTime() - margin)
  const listed = await changedIncidents(github, place, incidentLabel, since)
  const unresolved = await listIncidents(shell.database, { repository, open: true })
  const failures: unknown[] = []
  for (const number of new Set([...listed, ...unresolved.map((one) => one.number)]))
    await evaluateIncident(shell, repository, number, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      failures.push(error)
    })
  for (const { number } of await openPostMortems(shell.database, repository))
    await shell.queue.enqueueIncident({ task: 'post-mortem', repository, number })
  if (failures.length > 0) throw failures[0]
  const check = { at: at.toISOString(), repositoryId: repository.repositoryId }
  await saveIncidentCheck(shell.database, place, check, shell.now)
  return repository
}
