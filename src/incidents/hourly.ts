import { incidentLabel } from '../decision/incidents/incident.ts'
import { isGone } from '../services/github/gone.ts'
import { changedIncidents, repositoryIdOf } from '../services/github/incidents.ts'
import { factStore } from '../store/facts.ts'
import { listIncidents } from '../store/incidents.ts'
import { pendingMirrors } from '../store/mirrors.ts'
import { type IncidentPlace, incidentPlaces } from './places.ts'
import type { IncidentShell } from './shell.ts'

type Looking = Pick<IncidentShell, 'database' | 'github' | 'log' | 'now' | 'queue'>

/** How far before the last look: GitHub shows a change a little later. */
const margin = 60 * 60_000

/** When every incident of a repository was looked at last. */
export function lookedKey({
  installationId,
  owner,
  repo,
}: Pick<IncidentPlace, 'installationId' | 'owner' | 'repo'>): string {
  return `incidents/looked/${installationId}/${owner}/${repo}`.toLowerCase()
}

/**
 * Looks at every incident that may have changed, since events can be lost: those that GitHub lists as changed since the last
 * look, and all that are not resolved. A repository that cannot be read stops no other one.
 */
export async function lookAtIncidents(shell: Looking, serves: (account: string) => boolean): Promise<void> {
  await bringPending(shell)
  for (const place of await incidentPlaces(shell.database)) {
    if (!serves(place.owner)) continue
    try {
      await lookAtPlace(shell, place)
    } catch (error) {
      if (isGone(error)) continue
      const repository = `${place.owner}/${place.repo}`
      shell.log.warn(
        { repository, problem: String(error) },
        'The incidents of a repository could not be read',
      )
    }
  }
}

/** Whatever kept another system from saying what it should: it is asked again. */
async function bringPending({ database, queue }: Looking): Promise<void> {
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

async function lookAtPlace(shell: Looking, place: IncidentPlace): Promise<void> {
  const { installationId, owner, repo } = place
  const store = factStore(shell.database, shell.now)
  const last = await store.get<{ at: string }>(lookedKey(place))
  const github = await shell.github(installationId)
  const repository = { installationId, repositoryId: await repositoryIdOf(github, place), owner, repo }
  const at = shell.now()
  const since = last && new Date(Date.parse(last.at) - margin)
  const listed = await changedIncidents(github, place, incidentLabel, since)
  const unresolved = await listIncidents(shell.database, { repository, open: true })
  const numbers = new Set([...listed, ...unresolved.map(({ number }) => number)])
  for (const number of numbers) await shell.queue.enqueueIncident({ task: 'look', repository, number })
  await store.put(lookedKey(place), { at: at.toISOString() })
}
